#include "tools/runs/unrecorded.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/runs/run_directory.h"

#define WHY_MOST 4096

static const char *note_in(const char *directory, char path[PATH_MAX])
{
	snprintf(path, PATH_MAX, "%s/" UNRECORDED_FILE, directory);
	return path;
}

void unrecorded_note(const char *directory, const char *why)
{
	char path[PATH_MAX];
	int fd = open(note_in(directory, path), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	size_t length = strlen(why);

	if (fd < 0)
		return;
	if (write(fd, why, length) != (ssize_t)length)
		unlink(path);
	close(fd);
}

/* Any user may have written it: one line of it, and nothing that a terminal would obey. */
static char *read_line(int fd)
{
	char text[WHY_MOST];
	ssize_t got = read(fd, text, sizeof text - 1);

	if (got <= 0)
		return NULL;
	text[got] = '\0';
	text[strcspn(text, "\n")] = '\0';
	for (char *at = text; *at; at++)
		if (iscntrl((unsigned char)*at))
			*at = '?';
	return strdup(text);
}

char *unrecorded_why(const char *directory)
{
	char path[PATH_MAX];
	int fd = run_directory_holds_run(directory)
	             ? -1
	             : open(note_in(directory, path), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	char *why = fd >= 0 ? read_line(fd) : NULL;

	if (fd >= 0)
		close(fd);
	return why;
}

void unrecorded_forget(const char *directory)
{
	char path[PATH_MAX];

	unlink(note_in(directory, path));
}

static bool holds_nothing_else(const char *directory)
{
	const struct dirent *entry;
	unsigned notes = 0, others = 0;
	DIR *handle = opendir(directory);

	while (handle && (entry = readdir(handle))) {
		if (!strcmp(entry->d_name, UNRECORDED_FILE))
			notes++;
		else if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			others++;
	}
	if (handle)
		closedir(handle);
	return notes && !others;
}

void unrecorded_forget_all(void)
{
	const struct dirent *entry;
	DIR *here = opendir(".");

	while (here && (entry = readdir(here))) {
		if (strncmp(entry->d_name, RUN_PREFIX, strlen(RUN_PREFIX)) || !holds_nothing_else(entry->d_name))
			continue;
		unrecorded_forget(entry->d_name);
		rmdir(entry->d_name);
	}
	if (here)
		closedir(here);
}
