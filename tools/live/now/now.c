#include "tools/live/now/now.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tools/base/clock.h"
#include "tools/base/memory.h"
#include "tools/base/proc.h"
#include "tools/live/now/control.h"
#include "tools/live/now/look.h"
#include "tools/base/progress.h"
#include "tools/runs/run_directory.h"

#define ASK_AGAIN_MS   500
#define ANSWER_WITHIN  UINT64_C(600000000000) /* ns */
#define STOPPED_WITHIN UINT64_C(5000000000)   /* ns; a reader that is stopped for so long is not about to go on */

struct running { /* running processes that the user asked for */
	struct recording **items;
	size_t count, room;
	uint32_t reader; /* pid of their live reader; 0: there is none */
	/* of the process that the user asked for, in its own namespace; 0: all processes of the run */
	uint32_t pid, space;
	struct error skipped; /* why the last ring that was skipped cannot be read; code 0: none was */
};

/* ---- which --------------------------------------------------------------------------------- */

/* The process that an argument names; 0: it names a run. */
static uint32_t pid_of(const char *argument)
{
	bool number = argument && *argument && !argument[strspn(argument, "0123456789")] && access(argument, F_OK);

	return number ? (uint32_t)strtoul(argument, NULL, 10) : 0;
}

/* Skips rings that cannot be read: the other processes are shown. */
static void add_running(struct running *running, const char *path, uint32_t pid)
{
	struct error err;
	struct recording *recording = memory_zeroed(1, sizeof *recording);

	if (!recording_open(recording, path, false, &err)) {
		if (!err.retry)
			running->skipped = err;
		free(recording);
		return;
	}
	if ((pid && (pid_t)pid != recording->ring.pid) || !ring_file_alive(&recording->ring)) {
		recording_close(recording);
		free(recording);
		return;
	}
	if (pid) {
		running->pid = recording->ring.header.pid;
		running->space = recording->ring.header.pid_space;
	}
	if (!running->reader)
		running->reader = ring_file_reader(&recording->ring);
	GROW(running->items, running->room, running->count + 1);
	running->items[running->count++] = recording;
}

static bool find_running(struct running *running, const char *directory, uint32_t pid, struct error *err)
{
	size_t count;
	char **paths = run_directory_rings(directory, &count, err);

	for (size_t i = 0; paths && i < count; i++) {
		add_running(running, paths[i], pid);
		free(paths[i]);
	}
	free(paths);
	if (paths && !running->count && running->skipped.code) {
		*err = running->skipped;
		return false;
	}
	return paths != NULL;
}

static void free_running(struct running *running)
{
	for (size_t i = 0; i < running->count; i++) {
		recording_close(running->items[i]);
		free(running->items[i]);
	}
	free(running->items);
}

/* ---- by the live reader ------------------------------------------------------------------------ */

static bool gone(uint32_t reader, struct error *err)
{
	return error_set(
	    err, EXIT_BAD_DATA,
	    "the `ringtail run` (pid %u) that records it has ended: without --now `ringtail leaks` shows how "
	    "it ended",
	    reader);
}

static bool take_answer(const char *line, const char *directory, char **snapshot, struct error *err)
{
	int code, text = 0;

	if (!strncmp(line, "kept ", 5) && !strchr(line + 5, '/'))
		return asprintf(snapshot, "%s/%s", directory, line + 5) > 0;
	if (sscanf(line, "failed %d %n", &code, &text) == 1 && text)
		return error_set(err, code, "%s", line + text);
	return error_set(err, EXIT_INTERNAL, "`ringtail run` gave an answer that is not understood: \"%.100s\"", line);
}

/* The process that listens, as the kernel knows it in this PID namespace. */
static bool is_stopped(int fd)
{
	struct ucred peer;
	socklen_t length = sizeof peer;
	struct process_stat stat;

	return !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) && peer.pid > 0 &&
	       process_stat(peer.pid, 0, &stat) && (stat.state == 'T' || stat.state == 't');
}

/* A bound for each cause: a reader that is stopped may never go on, and its child may wait for a file system.  True:
 * err says which. */
static bool waited_too_long(int fd, uint32_t reader, uint64_t since, uint64_t *last_ran, struct error *err)
{
	uint64_t now = ring_clock_ns(CLOCK_MONOTONIC);

	if (!is_stopped(fd))
		*last_ran = now;
	if (now - *last_ran > STOPPED_WITHIN)
		error_set(
		    err, EXIT_BAD_DATA,
		    "the `ringtail run` (pid %u) that records it is stopped: let it go on (kill -CONT %u), and ask "
		    "again",
		    reader, reader);
	else if (now - since > ANSWER_WITHIN)
		error_set(
		    err, EXIT_BAD_DATA,
		    "the `ringtail run` (pid %u) that records it has not answered for %u s: it may wait for a file "
		    "system",
		    reader, (unsigned)(ANSWER_WITHIN / 1000000000u));
	else
		return false;
	return true;
}

static bool wait_for_answer(int fd, uint32_t reader, const char *directory, char **snapshot, struct error *err)
{
	uint64_t since = ring_clock_ns(CLOCK_MONOTONIC), last_ran = since;
	char line[CONTROL_LINE];
	size_t length = 0;
	int got;

	do {
		poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, ASK_AGAIN_MS);
		got = control_read_line(fd, line, &length);
		if (!got && waited_too_long(fd, reader, since, &last_ran, err))
			return false;
	} while (!got);
	return got > 0 ? take_answer(line, directory, snapshot, err) : gone(reader, err);
}

static bool ask(const struct running *running, const char *directory, uint64_t pause_ns, char **snapshot,
                struct error *err)
{
	uint32_t reader = running->reader;
	char line[CONTROL_LINE];
	struct progress progress;
	int fd = control_connect(directory);
	int length = snprintf(line, sizeof line, "now %" PRIu32 " %" PRIu32 " %" PRIu64 "\n", running->pid,
	                      running->space, pause_ns);

	if (fd < 0)
		return error_set(err, EXIT_BAD_DATA,
		                 "cannot ask the `ringtail run` (pid %u) that records it: %s/control: %s", reader,
		                 directory, strerror(errno));
	progress_begin(&progress, "waiting for `ringtail run`", 0);
	bool good = send(fd, line, (size_t)length, MSG_NOSIGNAL) == length
	                ? wait_for_answer(fd, reader, directory, snapshot, err)
	                : gone(reader, err);
	progress_end(&progress);
	close(fd);
	return good;
}

/* ---- by this process -------------------------------------------------------------------------------- */

static void say_if_lost(const struct recording *recording)
{
	uint64_t lost = merge_totals(recording->merge).lost;

	if (lost)
		fprintf(stderr,
		        "ringtail: pid %u: %" PRIu64 " events are no longer in its ring: blocks that were allocated "
		        "then are not known, and may hide leaks\n",
		        recording->ring.header.pid, lost);
}

static bool look(const struct running *running, const char *directory, uint32_t pid, uint64_t pause_ns, char **snapshot,
                 struct error *err)
{
	struct now_look look = {.pause_ns = pause_ns};

	for (size_t i = 0; i < running->count; i++)
		now_look_add(&look, running->items[i]);
	bool good = now_look_is_good(&look, pid, err) && now_look_store(&look, directory, snapshot, err);
	for (size_t i = 0; i < running->count && good; i++)
		say_if_lost(running->items[i]);
	now_look_free(&look);
	return good;
}

/* ---- the whole ------------------------------------------------------------------------------------- */

bool now_take(const char *argument, uint64_t pause_ns, char **snapshot, struct error *err)
{
	struct running running = {0};
	uint32_t pid = pid_of(argument);
	char *directory = run_directory_find(argument, err);
	bool good = directory && find_running(&running, directory, pid, err);

	*snapshot = NULL;
	if (good && running.reader)
		good = ask(&running, directory, pause_ns, snapshot, err);
	else if (good)
		good = look(&running, directory, pid, pause_ns, snapshot, err);
	free_running(&running);
	free(directory);
	return good;
}
