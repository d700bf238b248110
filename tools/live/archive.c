#include "tools/live/archive.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include <utlist.h>

#include "shim/atomics.h"
#include "tools/base/memory.h"
#include "tools/races/judge.h"
#include "tools/source/ring_cut.h"

#define RETAIN_BYTES (UINT64_C(256) << 20)
#define KEEP_MARGIN  (UINT64_C(32) << 10) /* room that a database needs beside its pages */

struct item { /* a recording to store, or a notice to print */
	struct item *prev, *next;
	struct recording *recording;
	struct notice *notice;
	bool final;
};

struct retained { /* a ring file that is kept */
	struct retained *prev, *next;
	char *path;
	uint64_t bytes;
	pid_t pid; /* 0: the process has no id here */
};

struct archive {
	pthread_t thread;
	pthread_mutex_t lock; /* guards the members from here to busy */
	pthread_cond_t changed;
	struct item *items;
	bool closing, held, busy;

	/* Used by the archive's thread alone. */
	struct store *store;
	struct retained *files; /* oldest first */
	uint64_t file_bytes;
	struct error why_not; /* the first failure to write to the file */
	struct error err;     /* the first failure to store */
	bool failed;
};

/* ---- ring files ------------------------------------------------------------------------- */

static void forget(struct archive *archive, struct retained *file)
{
	DL_DELETE(archive->files, file);
	archive->file_bytes -= file->bytes;
	free(file->path);
	free(file);
}

/* The files of a running process stay: when it execs, it numbers its next ring file after those that exist. */
static void make_room(struct archive *archive, uint64_t most_bytes)
{
	struct retained *file, *next;

	DL_FOREACH_SAFE(archive->files, file, next)
	{
		if (archive->file_bytes <= most_bytes)
			return;
		if (file->pid && !kill(file->pid, 0))
			continue;
		unlink(file->path);
		forget(archive, file);
	}
}

static uint64_t free_bytes(const char *path)
{
	struct statvfs status;

	return statvfs(path, &status) ? 0 : (uint64_t)status.f_bavail * status.f_frsize;
}

/* Removes ring files of processes that are stored only in memory: as many as the database needs for room, and none if
 * that would not be enough. */
static void make_room_to_keep(struct archive *archive)
{
	uint64_t needed = store_bytes(archive->store) + KEEP_MARGIN;
	uint64_t there = archive->files ? free_bytes(archive->files->path) + store_file_bytes(archive->store) : 0;

	if (there < needed && there + archive->file_bytes >= needed)
		make_room(archive, archive->file_bytes - (needed - there));
}

static void retain(struct archive *archive, const struct ring_file *ring)
{
	struct stat stat;
	struct retained *file = memory_zeroed(1, sizeof *file);

	if (!archive->store->in_memory)
		ring_cut(ring);
	file->path = strdup(ring->path);
	file->pid = ring->pid;
	file->bytes = lstat(ring->path, &stat) ? 0 : (uint64_t)stat.st_blocks * 512;
	archive->file_bytes += file->bytes;
	DL_APPEND(archive->files, file);
	if (!archive->store->in_memory)
		make_room(archive, RETAIN_BYTES);
}

/* ---- the thread --------------------------------------------------------------------------- */

static bool try_to_store(struct archive *archive, const struct item *item, struct error *err)
{
	struct recording *recording = item->recording;

	return store_process(archive->store, recording->analysis, merge_totals(recording->merge), item->final, err);
}

/* On a full disk, first the ring files of stored processes are removed; if that does not help, the database is
 * continued in memory. */
static bool store_somewhere(struct archive *archive, const struct item *item, struct error *err)
{
	if (try_to_store(archive, item, err))
		return true;
	if (!err->unwritable || archive->store->in_memory)
		return false;
	archive->why_not = *err;
	make_room(archive, 0);
	return try_to_store(archive, item, err) ||
	       (store_move_to_memory(archive->store, err) && try_to_store(archive, item, err));
}

static void note_stored(struct archive *archive, struct recording *recording)
{
	if (!archive->store->in_memory)
		store_release(&recording->ring.shared->analysed, UINT64_C(1));
	retain(archive, &recording->ring);
}

static void store_item(struct archive *archive, struct item *item)
{
	struct recording *recording = item->recording;
	struct error err;

	if (archive->store)
		races_judge(recording, store_symbolizer(archive->store));
	if (!archive->store) {
		archive->failed = true; /* the code that could not open it has printed why */
	} else if (store_somewhere(archive, item, &err)) {
		if (item->final)
			note_stored(archive, recording);
	} else if (!archive->failed) {
		archive->err = err;
		archive->failed = true;
	}
	recording_close(recording);
	free(recording);
	free(item);
}

static struct item *next_item(struct archive *archive)
{
	pthread_mutex_lock(&archive->lock);
	archive->busy = false;
	while (archive->held || (!archive->items && !archive->closing))
		pthread_cond_wait(&archive->changed, &archive->lock);
	struct item *item = archive->items;
	if (item)
		DL_DELETE(archive->items, item);
	archive->busy = item != NULL;
	pthread_mutex_unlock(&archive->lock);
	return item;
}

static void *run(void *context)
{
	struct archive *archive = context;
	struct item *item;

	while ((item = next_item(archive))) {
		if (item->notice) {
			notice_print(item->notice);
			free(item);
		} else {
			store_item(archive, item);
		}
	}
	return NULL;
}

/* ---- the collector's side --------------------------------------------------------------------- */

/* The thread takes no signals: they are the collector's. */
static bool start_thread(struct archive *archive)
{
	sigset_t all, before;

	sigfillset(&all);
	sigdelset(&all, SIGBUS);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int error = pthread_create(&archive->thread, NULL, run, archive);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return error == 0;
}

struct archive *archive_open(struct store *store)
{
	struct archive *archive = memory_zeroed(1, sizeof *archive);

	archive->store = store;
	pthread_mutex_init(&archive->lock, NULL);
	pthread_cond_init(&archive->changed, NULL);
	if (start_thread(archive))
		return archive;
	free(archive);
	return NULL;
}

static void put(struct archive *archive, struct item item)
{
	struct item *copy = memory_zeroed(1, sizeof *copy);

	*copy = item;
	pthread_mutex_lock(&archive->lock);
	DL_APPEND(archive->items, copy);
	pthread_cond_signal(&archive->changed);
	pthread_mutex_unlock(&archive->lock);
}

void archive_put(struct archive *archive, struct recording *recording, bool final)
{
	put(archive, (struct item){.recording = recording, .final = final});
}

void archive_tell(struct archive *archive, struct notice *notice) { put(archive, (struct item){.notice = notice}); }

bool archive_hold(struct archive *archive)
{
	pthread_mutex_lock(&archive->lock);
	archive->held = true;
	bool quiet = !archive->busy;
	pthread_mutex_unlock(&archive->lock);
	return quiet;
}

void archive_release(struct archive *archive)
{
	pthread_mutex_lock(&archive->lock);
	archive->held = false;
	pthread_cond_signal(&archive->changed);
	pthread_mutex_unlock(&archive->lock);
}

bool archive_close(struct archive *archive, struct error *why_not, struct error *err)
{
	pthread_mutex_lock(&archive->lock);
	archive->closing = true;
	archive->held = false;
	pthread_cond_signal(&archive->changed);
	pthread_mutex_unlock(&archive->lock);
	pthread_join(archive->thread, NULL);
	if (archive->store && archive->store->in_memory && !archive->failed)
		make_room_to_keep(archive);
	if (archive->why_not.code)
		*why_not = archive->why_not;
	while (archive->files)
		forget(archive, archive->files);
	bool good = !archive->failed;
	if (!good)
		*err = archive->err;
	pthread_mutex_destroy(&archive->lock);
	pthread_cond_destroy(&archive->changed);
	free(archive);
	return good;
}
