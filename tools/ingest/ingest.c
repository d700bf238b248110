#include "tools/ingest/ingest.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/base/memory.h"
#include "tools/hang/hang_among.h"
#include "tools/recording/fork_book.h"
#include "tools/races/judge.h"
#include "tools/races/reader.h"
#include "tools/recording/recording.h"
#include "tools/runs/run_directory.h"
#include "tools/scan/at_end.h"
#include "tools/source/ring_cut.h"
#include "tools/store/name_again.h"
#include "tools/store/store.h"

#define START_TRIES   20 /* each of START_WAIT_US, for a process that is just starting */
#define START_WAIT_US 25000

/* ---- bringing the database up to date ---------------------------------------------------------- */

struct update {
	const char *directory;
	struct store store;
	uint64_t started;           /* CLOCK_REALTIME ns of the first process */
	double seconds;             /* until the last one ended */
	char **command;             /* of the first process; used if no live reader has stored a command */
	struct recording **running; /* analysed, and not stored yet */
	size_t running_count, running_room;
	struct fork_book
	    forks; /* rings are read in the order in which their processes began: a parent before its children */
	struct error why_not; /* why the store is in memory, if it is */
	struct error *err;    /* the first thing that went wrong */
	bool good;
};

static bool note_error(struct update *update, const struct error *err)
{
	if (update->good)
		*update->err = *err;
	update->good = false;
	return false;
}

/* Opens a ring, and waits a moment if its process has just started.  *skip: set if the process died before it recorded
 * an event, so that nothing is lost. */
static bool open_ring(struct recording *recording, const char *path, bool *skip, struct error *err)
{
	for (int tries = 0;; tries++) {
		if (recording_open(recording, path, false, err))
			return true;
		if (!err->retry || tries == START_TRIES)
			break;
		usleep(START_WAIT_US);
	}
	*skip = err->retry && run_directory_ring_began(path);
	if (*skip)
		fprintf(stderr, "ringtail: %s; its events are not known\n", err->text);
	return false;
}

static void say_if_read_live(const struct ring_file *ring)
{
	uint32_t reader = ring_file_reader(ring);

	if (reader)
		fprintf(stderr,
		        "ringtail: pid %u is being recorded by `ringtail run` (pid %u); this shows the "
		        "events that its ring still has at this moment\n",
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
	races_take(recording);
	fork_book_give(&update->forks, recording);
	recording_finish(recording, recording_end(recording));
	fork_book_take(&update->forks, recording);
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

/* True: the database is in memory from now on, because the file could not be written. */
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

	races_judge(recording, store_symbolizer(&update->store));
	if (!try_to_store(update, recording, &err) &&
	    !(go_on_in_memory(update, &err) && try_to_store(update, recording, &err)))
		note_error(update, &err);
	else if (!update->store.in_memory && recording->analysis->end.how != END_RUNNING)
		ring_cut(&recording->ring);
	recording_close(recording);
	free(recording);
}

/* Running processes are stored together, after the search for deadlocks among them. */
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

/* True if the ring file's final state is stored, so that the database need not be written: the run may be read-only. */
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

static char *database_of(const char *directory)
{
	char *path = NULL;

	return asprintf(&path, "%s/" STORE_FILE, directory) < 0 ? NULL : path;
}

static bool all_final(const char *directory, char **paths, size_t count)
{
	struct store store;
	struct error err;
	char *database = database_of(directory);
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
	fork_book_free(&update->forks);
}

/* Leaves the store open if the file lacked a process. */
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

static void name_missing(const char *directory)
{
	struct store store;
	struct error ignored;

	if (store_open(&store, directory, &ignored))
		name_again(&store); /* what cannot be written stays as it is */
	store_close(&store);
}

/* A run that was first reported where its binaries were missing is named once they are there. */
static bool open_named(const char *directory, struct store *store, struct error *err)
{
	if (!store_open_read(store, directory, err))
		return false;
	if (!name_again_can(store))
		return true;
	store_close(store);
	name_missing(directory);
	return store_open_read(store, directory, err);
}

bool ingest_open(const char *directory, struct store *store, struct error *err)
{
	struct update update = {.directory = directory, .err = err, .good = true};
	bool good = bring_up_to_date(&update);

	if (good && update.store.in_memory) {
		fprintf(stderr, "ringtail: %s: the results are in memory only, and are not stored\n",
		        update.why_not.text);
		*store = update.store;
		return true;
	}
	store_close(&update.store);
	return good && open_named(directory, store, err);
}
