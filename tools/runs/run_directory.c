#include "tools/runs/run_directory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "shim/format.h"
#include "tools/base/memory.h"
#include "tools/runs/unrecorded.h"
#include "tools/store/store.h"

/* ---- finding a run --------------------------------------------------------------------- */

bool run_directory_is_ring(const char *name)
{
	size_t length = strlen(name), suffix = strlen(RT_RING_SUFFIX);

	return length > suffix && !strcmp(name + length - suffix, RT_RING_SUFFIX);
}

bool run_directory_holds_run(const char *path)
{
	struct dirent *entry;
	bool found = false;
	DIR *directory = opendir(path);

	while (directory && !found && (entry = readdir(directory)))
		found = !strcmp(entry->d_name, STORE_FILE) || run_directory_is_ring(entry->d_name);
	if (directory)
		closedir(directory);
	return found;
}

bool run_directory_is_database(const char *path)
{
	static const char magic[16] = "SQLite format 3";
	char start[sizeof magic] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	bool is =
	    fd >= 0 && read(fd, start, sizeof start) == (ssize_t)sizeof start && !memcmp(start, magic, sizeof magic);

	if (fd >= 0)
		close(fd);
	return is;
}

/* The time when the directory was made: a report that is written into an old run later does not make that run the
 * newest. */
static int64_t birth_ns(const char *path)
{
	struct statx stat;

	if (statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_BTIME | STATX_MTIME | STATX_TYPE, &stat) ||
	    !S_ISDIR(stat.stx_mode))
		return -1;
	struct statx_timestamp time = stat.stx_mask & STATX_BTIME ? stat.stx_btime : stat.stx_mtime;
	return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

static bool holds_note(const char *path)
{
	char *why = unrecorded_why(path);

	free(why);
	return why != NULL;
}

/* The newest directory of a run that passes the test. */
static char *newest_that(bool passes(const char *path), int64_t *newest_ns)
{
	struct dirent *entry;
	char *newest = NULL;
	DIR *directory = opendir(".");

	*newest_ns = -1;
	while (directory && (entry = readdir(directory))) {
		if (strncmp(entry->d_name, RUN_PREFIX, strlen(RUN_PREFIX)))
			continue;
		int64_t ns = birth_ns(entry->d_name);
		if (ns <= *newest_ns || !passes(entry->d_name))
			continue;
		free(newest);
		newest = strdup(entry->d_name);
		*newest_ns = ns;
	}
	if (directory)
		closedir(directory);
	return newest;
}

char *run_directory_newest(void)
{
	int64_t ns;

	return newest_that(run_directory_holds_run, &ns);
}

/* False if a note says that nothing was recorded of this run.  before: the newest run that was recorded; may be NULL.
 */
static bool was_recorded(const char *run, const char *before, struct error *err)
{
	char *why = unrecorded_why(run);

	if (why && before)
		error_set(err, EXIT_BAD_DATA,
		          "nothing was recorded in the newest run here, %s: %s; the newest that was recorded is %s",
		          run, why, before);
	else if (why)
		error_set(err, EXIT_BAD_DATA, "nothing was recorded in the run %s: %s", run, why);
	free(why);
	return why == NULL;
}

/* The directory of the ring that the process has mapped. */
static char *run_of_process(const char *pid, struct error *err)
{
	char path[64], *line = NULL, *found = NULL, *hidden = NULL;
	size_t room = 0;

	snprintf(path, sizeof path, "/proc/%.20s/maps", pid);
	FILE *maps = fopen(path, "re");
	int error = errno, why = 0;
	while (maps && !found && getline(&line, &room, maps) > 0) {
		char *slash = strchr(line, '/'), *end;

		line[strcspn(line, "\n")] = '\0';
		if (!slash || !run_directory_is_ring(slash))
			continue;
		end = strrchr(slash, '/');
		*end = '\0';
		found = run_directory_holds_run(slash) ? strdup(slash) : NULL;
		if (!found && !hidden && access(slash, R_OK | X_OK)) {
			why = errno;
			hidden = strdup(slash);
		}
	}
	if (maps)
		fclose(maps);
	free(line);
	if (!maps && (error == ENOENT || error == ESRCH))
		error_set(err, EXIT_BAD_DATA, "no run %s, and no process with this id", pid);
	else if (!maps)
		error_set(err, EXIT_BAD_DATA, "cannot see whether pid %s is recorded (%s): %s", pid, strerror(error),
		          geteuid() ? "run this as the process's user, or as root"
		                    : "ringtail lacks CAP_SYS_PTRACE here (docker run --cap-add=SYS_PTRACE)");
	else if (!found && hidden)
		error_set_unreadable(err, hidden, why);
	else if (!found)
		error_set(err, EXIT_BAD_DATA,
		          "pid %s is not recorded: start it with `ringtail run`, or with LD_PRELOAD=libringtail.so",
		          pid);
	free(hidden);
	return found;
}

static bool is_number(const char *text) { return *text && !text[strspn(text, "0123456789")]; }

static char *named_run(const char *argument, struct error *err)
{
	struct stat stat_buffer;

	if (is_number(argument) && access(argument, F_OK))
		return run_of_process(argument, err);
	int error = stat(argument, &stat_buffer) ? errno : 0;
	if (error == EACCES)
		error_set_unreadable(err, argument, error);
	else if (error)
		error_set(err, EXIT_BAD_DATA, "no run %s: %s", argument, strerror(error));
	else if (S_ISREG(stat_buffer.st_mode) && access(argument, R_OK))
		error_set_unreadable(err, argument, errno);
	else if (S_ISREG(stat_buffer.st_mode) && run_directory_is_database(argument))
		return strdup(argument);
	else if (!S_ISDIR(stat_buffer.st_mode))
		error_set(err, EXIT_BAD_DATA, "%s is neither the directory of a run nor a database of one", argument);
	else if (access(argument, R_OK | X_OK))
		error_set_unreadable(err, argument, errno);
	else if (!was_recorded(argument, NULL, err))
		return NULL;
	else if (!run_directory_holds_run(argument))
		error_set(err, EXIT_BAD_DATA, "%s holds no run (no " STORE_FILE " and no *" RT_RING_SUFFIX ")",
		          argument);
	else
		return strdup(argument);
	return NULL;
}

static bool is_unreadable(const char *path) { return access(path, R_OK | X_OK) != 0; }

char *run_directory_find(const char *argument, struct error *err)
{
	if (argument)
		return named_run(argument, err);
	int64_t newest_ns, note_ns;
	char *newest = newest_that(run_directory_holds_run, &newest_ns), *note = newest_that(holds_note, &note_ns);
	bool recorded = !note || note_ns < newest_ns || was_recorded(note, newest, err);
	free(note);
	char *hidden = newest ? NULL : newest_that(is_unreadable, &note_ns);
	if (recorded && newest) {
		fprintf(stderr, "ringtail: reading %s\n", newest);
		return newest;
	}
	if (recorded && hidden)
		error_set_unreadable(err, hidden, EACCES);
	else if (recorded)
		error_set(err, EXIT_BAD_DATA,
		          "no run in this directory: name one, or record one with `ringtail run CMD`");
	free(hidden);
	free(newest);
	return NULL;
}

/* ---- its ring files ------------------------------------------------------------------------- */

struct ring_name {
	char *path;
	uint64_t started;
	uint32_t image;
};

/* Reads what the order needs, without checks: the file is checked when it is opened for reading. */
static void read_order(struct ring_name *name)
{
	struct rt_header header = {0};
	int fd = open(name->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd >= 0 && pread(fd, &header, sizeof header, 0) == (ssize_t)sizeof header) {
		name->started = header.realtime_ns;
		name->image = header.image;
	} else {
		name->started = UINT64_MAX;
	}
	if (fd >= 0)
		close(fd);
}

bool run_directory_ring_began(const char *path)
{
	struct ring_name name = {.path = (char *)path};

	read_order(&name);
	return name.started != 0 && name.started != UINT64_MAX;
}

static int by_start(const void *a, const void *b)
{
	const struct ring_name *x = a, *y = b;

	if (x->started != y->started)
		return x->started < y->started ? -1 : 1;
	if (x->image != y->image)
		return x->image < y->image ? -1 : 1;
	return strcmp(x->path, y->path);
}

static char *join(const char *directory, const char *name)
{
	char *path = NULL;

	return asprintf(&path, "%s/%s", directory, name) < 0 ? NULL : path;
}

char **run_directory_rings(const char *directory, size_t *count, struct error *err)
{
	struct ring_name *names = NULL;
	size_t room = 0;
	struct dirent *entry;

	*count = 0;
	if (run_directory_is_database(directory)) {
		error_set(err, EXIT_BAD_DATA,
		          "%s is a database alone, without the events: name the directory of the run", directory);
		return NULL;
	}
	DIR *handle = opendir(directory);
	if (!handle) {
		error_set_unreadable(err, directory, errno);
		return NULL;
	}
	while ((entry = readdir(handle))) {
		if (!run_directory_is_ring(entry->d_name))
			continue;
		GROW(names, room, *count + 1);
		names[*count] = (struct ring_name){.path = join(directory, entry->d_name)};
		read_order(&names[(*count)++]);
	}
	closedir(handle);
	if (*count)
		qsort(names, *count, sizeof *names, by_start);
	char **paths = memory_zeroed(*count + 1, sizeof *paths);
	for (size_t i = 0; i < *count; i++)
		paths[i] = names[i].path;
	free(names);
	return paths;
}
