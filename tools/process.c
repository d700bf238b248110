#include "tools/process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/memory.h"

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
	unsigned long long start, environment_end = 0;
	const char *rest = strrchr(text, ')');

	if (!rest)
		return false;
	if (sscanf(rest + 1,
	           " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %u %*d %llu"
	           " %*u %*d %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %*d %*d %*u %*u %*u %*u %*d"
	           " %*u %*u %*u %*u %*u %*u %llu",
	           &stat->state, &stat->threads, &start, &environment_end) < 3)
		return false;
	stat->start = start;
	stat->environment = environment_end != 0;
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

/* The number behind `name` at the start of a line. */
static bool number_after(const char *text, const char *name, int base, uint64_t *number)
{
	const char *at = strstr(text, name);

	if (at)
		*number = strtoull(at + strlen(name), NULL, base);
	return at != NULL;
}

pid_t process_tracer(pid_t tid)
{
	char path[64], text[4096];
	uint64_t tracer = 0;

	snprintf(path, sizeof path, "/proc/%d/status", (int)tid);
	if (read_small(path, text, sizeof text))
		number_after(text, "\nTracerPid:\t", 10, &tracer);
	return (pid_t)tracer;
}

static bool read_task(pid_t pid, struct process_task *task)
{
	char path[64], text[4096];
	uint64_t asked = 0, taken = 0;
	const char *state;

	snprintf(path, sizeof path, "/proc/%d/task/%d/status", (int)pid, (int)task->tid);
	if (!read_small(path, text, sizeof text) || !(state = strstr(text, "\nState:\t")))
		return false;
	number_after(text, "\nvoluntary_ctxt_switches:\t", 10, &asked);
	number_after(text, "\nnonvoluntary_ctxt_switches:\t", 10, &taken);
	task->state = state[8];
	task->switches = asked + taken;
	return true;
}

struct process_task *process_tasks(pid_t pid, size_t *count)
{
	struct process_task *tasks = NULL;
	struct dirent *entry;
	char path[64];
	size_t room = 0;

	*count = 0;
	snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
	DIR *directory = opendir(path);
	while (directory && (entry = readdir(directory))) {
		if (entry->d_name[0] < '0' || entry->d_name[0] > '9')
			continue;
		GROW(tasks, room, *count + 1);
		tasks[*count] = (struct process_task){.tid = atoi(entry->d_name)};
		*count += read_task(pid, &tasks[*count]);
	}
	if (directory)
		closedir(directory);
	return tasks;
}

#define SIGNAL(number)  (UINT64_C(1) << ((number) - 1))
#define SIGNALS_OF_LIBC (SIGNAL(32) | SIGNAL(33)) /* cancellation and setxid */
/* By what a thread itself does, and those that are blocked do nothing. */
#define SIGNALS_OF_FAULTS                                                                                    \
	(SIGNAL(SIGILL) | SIGNAL(SIGTRAP) | SIGNAL(SIGBUS) | SIGNAL(SIGFPE) | SIGNAL(SIGSEGV) | SIGNAL(SIGSYS))

bool process_handles_signals(pid_t pid)
{
	char path[64], text[4096];
	uint64_t caught;

	snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
	return !read_small(path, text, sizeof text) || !number_after(text, "\nSigCgt:\t", 16, &caught) ||
	       caught & ~(SIGNALS_OF_LIBC | SIGNALS_OF_FAULTS);
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
