#include "tools/process.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool read_small(const char *path, char *text, size_t room)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	ssize_t got = read(fd, text, room - 1);
	close(fd);
	if (got <= 0)
		return false;
	text[got] = '\0';
	return true;
}

/* The name in field 2 may hold anything, parentheses and spaces too: fields are counted from the last ')'. */
static bool parse_stat(const char *text, struct process_stat *stat)
{
	unsigned long long start;
	const char *rest = strrchr(text, ')');

	if (!rest)
		return false;
	if (sscanf(rest + 1,
	           " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %u %*d %llu",
	           &stat->state, &stat->threads, &start) != 3)
		return false;
	stat->start = start;
	return true;
}

bool process_stat(pid_t pid, pid_t tid, struct process_stat *stat)
{
	char path[64], text[1024];

	if (tid)
		snprintf(path, sizeof path, "/proc/%d/task/%d/stat", (int)pid, (int)tid);
	else
		snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	return read_small(path, text, sizeof text) && parse_stat(text, stat);
}

pid_t process_parent(pid_t pid)
{
	char path[64], text[1024];
	int parent = 0;

	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	const char *rest = read_small(path, text, sizeof text) ? strrchr(text, ')') : NULL;
	return rest && sscanf(rest + 1, " %*c %d", &parent) == 1 ? (pid_t)parent : 0;
}

bool process_alive(pid_t pid, uint64_t start)
{
	struct process_stat stat;

	if (pid <= 0 || !process_stat(pid, 0, &stat) || stat.start != start)
		return false;
	if (stat.state == 'Z') /* main may have left by pthread_exit, with other threads going on */
		return stat.threads > 1;
	return stat.state != 'X';
}

bool process_maps(pid_t pid, const char *name)
{
	char path[64], *line = NULL;
	size_t room = 0;
	bool found = false;

	snprintf(path, sizeof path, "/proc/%d/maps", (int)pid);
	FILE *maps = fopen(path, "re");
	if (!maps)
		return errno != ENOENT && errno != ESRCH;
	while (!found && getline(&line, &room, maps) > 0) {
		const char *slash = strchr(line, '/');
		found = slash && strstr(slash, name);
	}
	bool known = !ferror(maps);
	free(line);
	fclose(maps);
	return found || !known;
}
