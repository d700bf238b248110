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

#include "shim/atomics.h"
#include "tools/hang/hang_among.h"
#include "tools/base/memory.h"
#include "tools/recording/recording.h"
#include "tools/scan/at_end.h"
#include "tools/base/clock.h"
#include "tools/store/store.h"

#define RUN_PREFIX    "ringtail."
#define RING_SUFFIX   ".ring"
#define START_TRIES   20 /* of START_WAIT_US, for a process that is just starting */
#define START_WAIT_US 25000

/* ---- finding a run --------------------------------------------------------------------- */

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), end_length = strlen(end);

	return length > end_length && !strcmp(text + length - end_length, end);
}

bool run_directory_holds_run(const char *path)
{
	struct dirent *entry;
	bool found = false;
	DIR *directory = opendir(path);

	while (directory && !found && (entry = readdir(directory)))
		found = !strcmp(entry->d_name, STORE_FILE) || ends_with(entry->d_name, RING_SUFFIX);
	if (directory)
		closedir(directory);
	return found;
}

bool run_directory_is_database(const char *path)
{
	static const char magic[16] = "SQLite format 3";
	char start[sizeof magic] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	bool is = fd >= 0 && read(fd, start, sizeof start) == (ssize_t)sizeof start && !memcmp(start, magic, sizeof magic);

	if (fd >= 0)
		close(fd);
	return is;
}

/* When it was made; a report written later into an old run does not make that run the newest. */
static int64_t birth_ns(const char *path)
{
	struct statx stat;

	if (statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_BTIME | STATX_MTIME | STATX_TYPE, &stat) ||
	    !S_ISDIR(stat.stx_mode))
		return -1;
	struct statx_timestamp time = stat.stx_mask & STATX_BTIME ? stat.stx_btime : stat.stx_mtime;
	return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

static char *newest_run(void)
{
	struct dirent *entry;
	int64_t newest_ns = -1;
	char *newest = NULL;
	DIR *directory = opendir(".");

	while (directory && (entry = readdir(directory))) {
		if (strncmp(entry->d_name, RUN_PREFIX, strlen(RUN_PREFIX)))
			continue;
		int64_t ns = birth_ns(entry->d_name);
		if (ns <= newest_ns || !run_directory_holds_run(entry->d_name))
			continue;
		free(newest);
		newest = strdup(entry->d_name);
		newest_ns = ns;
	}
	if (directory)
		closedir(directory);
	return newest;
}

/* The directory of the ring that the process has mapped. */
static char *run_of_process(const char *pid, struct error *err)
{
	char path[64], *line = NULL, *found = NULL;
	size_t room = 0;

	snprintf(path, sizeof path, "/proc/%.20s/maps", pid);
	FILE *maps = fopen(path, "re");
	int error = errno;
	while (maps && !found && getline(&line, &room, maps) > 0) {
		char *slash = strchr(line, '/'), *end;

		line[strcspn(line, "\n")] = '\0';
		if (!slash || !ends_with(slash, RING_SUFFIX))
			continue;
		end = strrchr(slash, '/');
		*end = '\0';
		found = run_directory_holds_run(slash) ? strdup(slash) : NULL;
	}
	if (maps)
		fclose(maps);
	free(line);
	if (!maps && (error == ENOENT || error == ESRCH))
		error_set(err, EXIT_BAD_DATA, "no run %s, and no process of this id", pid);
	else if (!maps)
		error_set(err, EXIT_BAD_DATA, "cannot see whether pid %s is recorded (%s): run this as its user, or as root",
		          pid, strerror(error));
	else if (!found)
		error_set(err, EXIT_BAD_DATA,
		          "pid %s is not recorded: start it with `ringtail run`, or with LD_PRELOAD=libringtail.so", pid);
	return found;
}

static bool is_number(const char *text) { return *text && !text[strspn(text, "0123456789")]; }

static char *named_run(const char *argument, struct error *err)
{
	struct stat stat_buffer;

	if (is_number(argument) && access(argument, F_OK))
		return run_of_process(argument, err);
	if (stat(argument, &stat_buffer))
		error_set(err, EXIT_BAD_DATA, "no run %s: %s", argument, strerror(errno));
	else if (S_ISREG(stat_buffer.st_mode) && run_directory_is_database(argument))
		return strdup(argument);
	else if (!S_ISDIR(stat_buffer.st_mode))
		error_set(err, EXIT_BAD_DATA, "%s is neither the directory of a run nor a database of one", argument);
	else if (access(argument, R_OK | X_OK))
		error_set(err, EXIT_BAD_DATA, "cannot read %s: %s", argument, strerror(errno));
	else if (!run_directory_holds_run(argument))
		error_set(err, EXIT_BAD_DATA, "%s holds no run (no " STORE_FILE " and no *" RING_SUFFIX ")",
		          argument);
	else
		return strdup(argument);
	return NULL;
}

char *run_directory_find(const char *argument, struct error *err)
{
	if (argument)
		return named_run(argument, err);
	char *newest = newest_run();
	if (newest)
		fprintf(stderr, "ringtail: reading %s\n", newest);
	else
		error_set(err, EXIT_BAD_DATA,
		          "no run in this directory: name one, or record one with `ringtail run CMD`");
	return newest;
}

/* ---- its ring files ------------------------------------------------------------------------- */

struct ring_name {
	char *path;
	uint64_t started;
	uint32_t image;
};

/* For the order only: the file is checked when it is opened to be read. */
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
		error_set(err, EXIT_BAD_DATA, "%s is a database alone, without the events: name the directory of the run",
		          directory);
		return NULL;
	}
	DIR *handle = opendir(directory);
	if (!handle) {
		error_set(err, EXIT_BAD_DATA, "cannot read %s: %s", directory, strerror(errno));
		return NULL;
	}
	while ((entry = readdir(handle))) {
		if (!ends_with(entry->d_name, RING_SUFFIX))
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

/* ---- bringing the database up to date ---------------------------------------------------------- */

struct update {
	const char *directory;
	struct store store;
	uint64_t started;  /* CLOCK_REALTIME ns of the first process */
	double seconds;    /* until the last one ended */
	char **command;    /* of the first process, where no live reader has stored it at the start */
	struct recording **running; /* analysed, and not stored yet */
	size_t running_count, running_room;
	struct error why_not; /* why the store is in memory, if it is */
	struct error *err; /* the first thing that went wrong */
	bool good;
};

static bool note_error(struct update *update, const struct error *err)
{
	if (update->good)
		*update->err = *err;
	update->good = false;
	return false;
}

/* Opens a ring; one whose process has just started gets a moment.  *skip: its process died before it recorded
 * anything, so there is nothing to miss. */
static bool open_ring(struct recording *recording, const char *path, bool *skip, struct error *err)
{
	for (int tries = 0;; tries++) {
		if (recording_open(recording, path, false, err))
			return true;
		if (!err->retry || tries == START_TRIES)
			break;
		usleep(START_WAIT_US);
	}
	struct ring_name name = {.path = (char *)path};
	read_order(&name);
	*skip = err->retry && name.started != 0 && name.started != UINT64_MAX;
	if (*skip)
		fprintf(stderr, "ringtail: %s; nothing is known of it\n", err->text);
	return false;
}

static void say_if_read_live(const struct ring_file *ring)
{
	uint32_t reader = ring_file_reader(ring);

	if (reader)
		fprintf(stderr,
		        "ringtail: pid %u is being recorded by `ringtail run` (pid %u); this is what is "
		        "left of its events at this moment\n",
		        ring->header.pid, reader);
}

static void note_first(struct update *update, const struct ring_file *ring)
{
	if (update->started)
		return;
	update->started = ring->header.realtime_ns;
	if (!ring->header.live)
		update->command = recording_command(ring);
}

static void note_time(struct update *update, const struct recording *recording)
{
	const struct rt_header *header = &recording->ring.header;

	double before = ((double)header->realtime_ns - (double)update->started) / 1e9;
	double end = before + ring_file_seconds(&recording->ring, recording->analysis->end.stamp);
	if (end > update->seconds)
		update->seconds = end;
}

static bool analyse_recording(struct update *update, struct recording *recording, struct error *err)
{
	say_if_read_live(&recording->ring);
	scan_at_end_take(recording);
	recording_finish(recording, recording_end(recording));
	if (!ring_file_whole(&recording->ring, err))
		return false;
	note_time(update, recording);
	return true;
}

static bool try_to_store(struct update *update, struct recording *recording, struct error *err)
{
	return store_process(&update->store, recording->analysis, merge_totals(recording->merge),
	                     recording->analysis->end.how != END_RUNNING, err);
}

/* True: what could not be written is in memory from now on. */
static bool go_on_in_memory(struct update *update, struct error *err)
{
	if (!err->unwritable || update->store.in_memory)
		return false;
	update->why_not = *err;
	return store_move_to_memory(&update->store, err);
}

static void store_recording(struct update *update, struct recording *recording)
{
	struct error err;

	if (!try_to_store(update, recording, &err) &&
	    !(go_on_in_memory(update, &err) && try_to_store(update, recording, &err)))
		note_error(update, &err);
	recording_close(recording);
	free(recording);
}

/* Those that run are stored together, when it is known what they wait for. */
static void keep_running(struct update *update, struct recording *recording)
{
	GROW(update->running, update->running_room, update->running_count + 1);
	update->running[update->running_count++] = recording;
}

static void store_running(struct update *update)
{
	hang_among_now(update->running, update->running_count);
	for (size_t i = 0; i < update->running_count; i++)
		store_recording(update, update->running[i]);
	free(update->running);
}

static void analyse_opened(struct update *update, struct recording *recording)
{
	const struct rt_header *header = &recording->ring.header;
	struct error err;
	bool done = store_has_final(&update->store, header);

	if (!done && analyse_recording(update, recording, &err)) {
		if (recording->analysis->end.how == END_RUNNING)
			keep_running(update, recording);
		else
			store_recording(update, recording);
		return;
	}
	if (!done)
		note_error(update, &err);
	recording_close(recording);
	free(recording);
}

static void analyse_ring(struct update *update, const char *path)
{
	struct recording *recording = memory_zeroed(1, sizeof *recording);
	struct error err;
	bool skip = false;

	if (!open_ring(recording, path, &skip, &err)) {
		if (!skip)
			note_error(update, &err);
		free(recording);
		return;
	}
	note_first(update, &recording->ring);
	analyse_opened(update, recording);
}

/* Whether a ring file is known to be stored, so that nothing need be written: a run may be read-only. */
static bool is_final(struct store *store, const char *path)
{
	struct ring_file ring;
	struct error err;

	if (!ring_file_open(&ring, path, false, &err))
		return false;
	bool final = store_has_final(store, &ring.header);
	ring_file_close(&ring);
	return final;
}

static bool all_final(const char *directory, char **paths, size_t count)
{
	struct store store;
	struct error err;
	char *database = join(directory, STORE_FILE);
	bool final = database && !access(database, R_OK) && store_open_read(&store, directory, &err);

	free(database);
	if (!final)
		return false;
	for (size_t i = 0; i < count && final; i++)
		final = is_final(&store, paths[i]);
	store_close(&store);
	return final;
}

static bool store_own_row(struct update *update, struct error *err)
{
	char *absolute = realpath(update->directory, NULL);
	bool good = store_run(&update->store, absolute ? absolute : update->directory, update->started, update->seconds,
	                      update->command, err);

	free(absolute);
	return good;
}

static void store_command(struct update *update)
{
	struct error err;

	if (!update->command)
		return;
	if (!store_own_row(update, &err) && !(go_on_in_memory(update, &err) && store_own_row(update, &err)))
		note_error(update, &err);
	recording_free_command(update->command);
}

static void analyse_rings(struct update *update, char **paths, size_t count)
{
	struct error err;

	if (!store_open_anywhere(&update->store, update->directory, &update->why_not, &err)) {
		note_error(update, &err);
		return;
	}
	for (size_t i = 0; i < count; i++)
		analyse_ring(update, paths[i]);
	store_running(update);
	store_command(update);
}

/* Leaves the store open where something was missing in the file. */
static bool bring_up_to_date(struct update *update)
{
	size_t count;

	if (run_directory_is_database(update->directory))
		return true;
	char **paths = run_directory_rings(update->directory, &count, update->err);
	if (!paths)
		return false;
	if (count && !all_final(update->directory, paths, count))
		analyse_rings(update, paths, count);
	for (size_t i = 0; i < count; i++)
		free(paths[i]);
	free(paths);
	return update->good;
}

bool run_directory_open(const char *directory, struct store *store, struct error *err)
{
	struct update update = {.directory = directory, .err = err, .good = true};
	bool good = bring_up_to_date(&update);

	if (good && update.store.in_memory) {
		fprintf(stderr, "ringtail: %s: this is answered from memory\n", update.why_not.text);
		*store = update.store;
		return true;
	}
	store_close(&update.store);
	return good && store_open_read(store, directory, err);
}
