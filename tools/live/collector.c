#include "tools/live/collector.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <uthash.h>
#include <utlist.h>

#include "shim/atomics.h"
#include "tools/base/memory.h"
#include "tools/live/archive.h"
#include "tools/hang/hang_among.h"
#include "tools/hang/hang_watch.h"
#include "tools/live/newcomers.h"
#include "tools/live/now/service.h"
#include "tools/live/presence.h"
#include "tools/base/proc.h"
#include "tools/races/reader.h"
#include "tools/recording/fork_book.h"
#include "tools/recording/recording.h"
#include "tools/runs/run_directory.h"
#include "tools/source/program_path.h"
#include "tools/base/progress.h"
#include "tools/scan/at_end.h"
#include "tools/base/clock.h"
#include "tools/base/format.h"
#include "tools/live/trace_line.h"

#define MS               UINT64_C(1000000)
#define BUSY_EVENTS      100000u /* in one round: then the next round follows at once */
#define SLEEP_SHORT_MS   4
#define SLEEP_LONG_MS    50         /* less than the age at which the shim calls a heartbeat stale */
#define LOOK_EVERY       (100 * MS) /* the search for new rings, if inotify does not tell */
#define LIFE_EVERY       (50 * MS)  /* the check whether processes live that are not children of this one */
#define HANG_AMONG_EVERY (50 * MS)
#define GRACE            (200 * MS) /* without --wait=all: the time that the command's children have to end after it */
#define NEWCOMERS_EVERY  (20 * MS)
#define START_WITHIN     (10000 * MS)
#define INSIST_AFTER     (1000 * MS) /* until SIGKILL, for a process that was asked to end because of a deadlock */

struct watched {                     /* a ring file */
	struct watched *prev, *next; /* in the list of the rings that are being read */
	UT_hash_handle hh;           /* in the table of all rings that were ever met */
	char *name;
	struct recording *recording; /* NULL: not open yet, or passed on */
	struct races_reader races;   /* of the recording */
	uint64_t met, life_looked;
	uint64_t ended; /* a stamp of this ring: when its process was found to have ended; 0: it was not */
	struct hang_watch hang;
	struct trace_line trace;
	uint64_t kill_at; /* the process hangs and was asked to end; 0: it was not */
	bool done;
};

struct collector {
	const struct collector_request *request;
	struct collector_result result;
	struct archive *archive;
	struct now_service *now_service;
	struct watched *rings, *names;
	struct hang_among among;
	struct fork_book forks;
	struct newcomers newcomers;
	int inotify;
	uint64_t now, looked, command_ended, newcomers_looked; /* CLOCK_MONOTONIC ns */
	uint64_t kill_command_at;                              /* as kill_at */
	unsigned sleep_ms;
	bool look_now, stop;
	bool all_ended; /* no process is left that could record */
};

/* ---- rings -------------------------------------------------------------------------------- */

static void meet(struct collector *collector, const char *name)
{
	struct watched *ring;

	HASH_FIND_STR(collector->names, name, ring);
	if (ring || !run_directory_is_ring(name))
		return;
	ring = memory_zeroed(1, sizeof *ring);
	ring->name = strdup(name);
	ring->met = collector->now;
	HASH_ADD_KEYPTR(hh, collector->names, ring->name, strlen(ring->name), ring);
	DL_APPEND(collector->rings, ring);
}

static void look_for_rings(struct collector *collector)
{
	struct dirent *entry;
	DIR *directory = opendir(collector->request->run);

	while (directory && (entry = readdir(directory)))
		meet(collector, entry->d_name);
	if (directory)
		closedir(directory);
	collector->looked = collector->now;
	collector->look_now = false;
}

/* A ring may be met before its process has filled in the header: then the next round tries again. */
static void open_ring(struct collector *collector, struct watched *ring)
{
	char path[4096 + 256];
	struct error err;
	struct recording *recording = memory_zeroed(1, sizeof *recording);

	snprintf(path, sizeof path, "%s/%s", collector->request->run, ring->name);
	if (recording_open(recording, path, true, &err)) {
		ring->recording = recording;
		races_reader_begin(&ring->races, recording);
		collector->result.processes++;
		return;
	}
	free(recording);
	ring->done = !err.retry || collector->now - ring->met > START_WITHIN;
	if (ring->done)
		error_print(&err);
	collector->result.unread += ring->done;
}

static bool is_command(const struct collector *collector, const struct watched *ring)
{
	return ring->recording->ring.pid == collector->request->command;
}

static void reap(struct collector *collector)
{
	int status;

	/* While a thread of this process traces the command, waitpid may report a stop of it here: only its end
	 * counts. */
	if (collector->command_ended || !process_reap(collector->request->command, &status))
		return;
	collector->result.wait_status = status;
	collector->command_ended = collector->result.ended_ns = collector->now;
	collector->look_now = true;
}

static bool process_is_gone(struct collector *collector, struct watched *ring)
{
	if (is_command(collector, ring) && collector->command_ended)
		return true;
	if (collector->now - ring->life_looked < LIFE_EVERY && !collector->command_ended)
		return false;
	ring->life_looked = collector->now;
	if (ring_file_alive(&ring->recording->ring))
		return false;
	if (is_command(collector, ring)) /* only the parent, this process, knows how it ended */
		reap(collector);
	return true;
}

static bool has_ended(struct collector *collector, struct watched *ring)
{
	if (!process_is_gone(collector, ring))
		return false;
	ring->ended = ring_file_now(&ring->recording->ring);
	return true;
}

/* Reads the rest and passes the recording on to the archive. */
static void conclude(struct collector *collector, struct watched *ring)
{
	struct recording *recording = ring->recording;
	bool reaped = is_command(collector, ring) && collector->command_ended;
	struct process_end end =
	    reaped ? recording_end_by_status(recording, collector->result.wait_status) : recording_end(recording);

	if (end.how == END_RUNNING)
		merge_detach(recording->merge);
	else
		end.stamp = ring->ended;
	scan_at_end_take(recording);
	races_reader_finish(&ring->races);
	races_reader_end(&ring->races);
	fork_book_give(&collector->forks, recording);
	recording_finish(recording, end);
	fork_book_take(&collector->forks, recording);
	if (collector->request->confirm)
		confirm_label(collector->request->confirm, &recording->ring, recording->analysis->findings);
	collector->result.unfollowed += load_relaxed(&recording->ring.shared->unfollowed);
	if (is_command(collector, ring) && load_relaxed(&recording->ring.shared->refused)) {
		collector->result.refused = true;
		collector->result.heap_unseen = load_relaxed(&recording->ring.shared->heap_unseen);
	}
	archive_put(collector->archive, recording, end.how != END_RUNNING);
	ring->recording = NULL;
	ring->done = true;
}

/* A scan may take long.  Heartbeats go on meanwhile, so that no program takes its reader for dead. */
static bool beat_all(void *context)
{
	struct collector *collector = context;
	struct watched *ring;

	DL_FOREACH(collector->rings, ring)
	if (ring->recording)
		merge_beat(ring->recording->merge);
	return true;
}

/* Meets every ring that exists by now. */
static void meet_all(struct collector *collector)
{
	struct watched *ring;

	look_for_rings(collector);
	DL_FOREACH(collector->rings, ring)
	if (!ring->recording && !ring->done)
		open_ring(collector, ring);
}

/* ---- `ringtail leaks --now` ------------------------------------------------------------------- */

static void serve_now(struct collector *collector)
{
	struct recording **recordings = NULL;
	size_t count = 0, room = 0;
	struct watched *ring;

	if (!now_service_look(collector->now_service))
		return;
	meet_all(collector);
	DL_FOREACH(collector->rings, ring)
	{
		if (!ring->recording || !ring_file_alive(&ring->recording->ring))
			continue;
		GROW(recordings, room, count + 1);
		recordings[count++] = ring->recording;
	}
	now_service_serve(collector->now_service, recordings, count, &(struct scan_tick){beat_all, collector});
	free(recordings);
}

/* ---- what hangs ----------------------------------------------------------------------------- */

/* If another process hangs, the command is asked to end too: it may wait for that process for ever. */
static void end_hung(struct collector *collector, struct watched *ring)
{
	pid_t pid = ring->recording->ring.pid;

	if (collector->request->on_deadlock == ON_DEADLOCK_REPORT || !pid)
		return;
	collector->result.ended_for_deadlock = true;
	kill(pid, collector->request->on_deadlock == ON_DEADLOCK_CORE ? SIGABRT : SIGKILL);
	ring->kill_at = collector->now + INSIST_AFTER;
	if (collector->command_ended || is_command(collector, ring))
		return;
	kill(collector->request->command, SIGTERM);
	collector->kill_command_at = collector->now + INSIST_AFTER;
}

static struct recording *recording_of(struct collector *collector, uint32_t pid)
{
	struct watched *ring;

	DL_FOREACH(collector->rings, ring)
	if (ring->recording && ring->recording->ring.header.pid == pid)
		return ring->recording;
	return NULL;
}

/* Findings of a forked process name stacks of its parent. */
static void add_parents(struct collector *collector, struct notice *notice, const struct finding_list *findings)
{
	uint32_t added = 0;

	for (size_t i = 0; i < findings->count; i++)
		for (size_t k = 0; k < findings->items[i].stack_count; k++) {
			uint32_t pid = findings->items[i].stacks[k].pid;
			const struct recording *parent = pid && pid != added ? recording_of(collector, pid) : NULL;

			if (!parent)
				continue;
			notice_add_stacks(notice, parent);
			added = pid;
		}
}

static void look_for_hang(struct collector *collector, struct watched *ring)
{
	struct finding_list findings;
	size_t count = hang_watch_look(&ring->hang, ring->recording, collector->now, &findings);

	if (count) {
		if (collector->request->confirm)
			confirm_label(collector->request->confirm, &ring->recording->ring, &findings);
		struct notice *notice = notice_new();

		notice_add(notice, ring->recording, findings.items, count);
		add_parents(collector, notice, &findings);
		archive_tell(collector->archive, notice);
		hang_watch_keep(ring->recording, &findings);
		end_hung(collector, ring);
	}
	if (ring->kill_at && collector->now > ring->kill_at) {
		kill(ring->recording->ring.pid, SIGKILL);
		ring->kill_at = collector->now + INSIST_AFTER;
	}
}

/* ---- what hangs over several processes ------------------------------------------------------------ */

struct members { /* the rings that are being read */
	struct watched **rings;
	struct recording **recordings;
	struct finding_list *findings;
	size_t count;
};

static struct members members_of(struct collector *collector)
{
	struct members members = {0};
	struct watched *ring;
	size_t count = 0;

	DL_FOREACH(collector->rings, ring)
	count += ring->recording != NULL;
	members.rings = memory_zeroed(count, sizeof *members.rings);
	members.recordings = memory_zeroed(count, sizeof *members.recordings);
	members.findings = memory_zeroed(count, sizeof *members.findings);
	DL_FOREACH(collector->rings, ring)
	{
		if (!ring->recording)
			continue;
		members.rings[members.count] = ring;
		members.recordings[members.count++] = ring->recording;
	}
	return members;
}

static void tell_of_all(struct collector *collector, const struct members *members)
{
	struct notice *notice = notice_new();

	for (size_t i = 0; i < members->count; i++)
		if (members->findings[i].count)
			notice_add(notice, members->recordings[i], members->findings[i].items,
			           members->findings[i].count);
	archive_tell(collector->archive, notice);
	for (size_t i = 0; i < members->count; i++) {
		if (!members->findings[i].count)
			continue;
		hang_watch_keep(members->recordings[i], &members->findings[i]);
		end_hung(collector, members->rings[i]);
	}
}

static void look_among(struct collector *collector)
{
	struct members members;

	if (!collector->rings || collector->now - collector->among.looked < HANG_AMONG_EVERY)
		return;
	members = members_of(collector);
	if (hang_among_look(&collector->among, members.recordings, members.count, collector->now, members.findings))
		tell_of_all(collector, &members);
	free(members.rings);
	free(members.recordings);
	free(members.findings);
}

static void insist_on_command(struct collector *collector)
{
	if (!collector->kill_command_at || collector->command_ended || collector->now < collector->kill_command_at)
		return;
	kill(collector->request->command, SIGKILL);
	collector->kill_command_at = collector->now + INSIST_AFTER;
}

static void trace(struct collector *collector, struct watched *ring)
{
	uint64_t every = collector->request->trace_every_ns;

	if (!every)
		return;
	if (!ring->trace.at)
		ring->trace.at = collector->now; /* the first line comes one period after the start */
	else if (collector->now - ring->trace.at >= every)
		trace_line_print(&ring->trace, ring->recording, collector->now);
}

static uint64_t read_ring(struct collector *collector, struct watched *ring)
{
	if (!ring->recording && !ring->done)
		open_ring(collector, ring);
	if (!ring->recording)
		return 0;
	if (has_ended(collector, ring)) {
		conclude(collector, ring);
		return 0;
	}
	races_reader_poll(&ring->races);
	uint64_t events = merge_poll(ring->recording->merge, races_reader_deliver, &ring->races);
	fork_book_take(&collector->forks, ring->recording);
	fork_book_give(&collector->forks, ring->recording);
	scan_at_end(ring->recording, &(struct scan_tick){beat_all, collector});
	look_for_hang(collector, ring);
	trace(collector, ring);
	return events;
}

/* One round over all rings.  Returns the number of events. */
static uint64_t read_rings(struct collector *collector)
{
	struct watched *ring, *next;
	uint64_t events = 0;

	DL_FOREACH_SAFE(collector->rings, ring, next)
	{
		events += read_ring(collector, ring);
		if (ring->done)
			DL_DELETE(collector->rings, ring);
	}
	return events;
}

/* ---- the command and signals ---------------------------------------------------------------- */

/* Once the command has ended, a signal that would end this process means: stop waiting for the other processes. */
static void take_signals(struct collector *collector)
{
	const struct collector_request *request = collector->request;

	if (command_signals_take(request->signals, collector->command_ended ? 0 : request->command) &&
	    collector->command_ended)
		collector->stop = true;
	reap(collector);
}

static void take_names(struct collector *collector, const char *at, const char *end)
{
	while (at < end) {
		const struct inotify_event *notice = (const struct inotify_event *)at;
		if (notice->mask & IN_Q_OVERFLOW)
			collector->look_now = true;
		else if (notice->len)
			meet(collector, notice->name);
		at += sizeof *notice + notice->len;
	}
}

static void take_notices(struct collector *collector)
{
	char buffer[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
	ssize_t got;

	while (collector->inotify >= 0 && (got = read(collector->inotify, buffer, sizeof buffer)) > 0)
		take_names(collector, buffer, buffer + got);
	if (collector->inotify < 0 && collector->now - collector->looked > LOOK_EVERY)
		collector->look_now = true;
}

/* ---- the loop ---------------------------------------------------------------------------------- */

static bool reads_any(const struct collector *collector)
{
	const struct watched *ring;

	DL_FOREACH(collector->rings, ring)
	if (ring->recording)
		return true;
	return false;
}

/* True if no ring is being read, and no process is left that could begin a ring or complete one.  A newcomer may have
 * begun and ended during the search: its ring is there after that. */
static bool nothing_will_come(struct collector *collector)
{
	if (reads_any(collector) || collector->now - collector->newcomers_looked < NEWCOMERS_EVERY)
		return false;
	collector->newcomers_looked = collector->now;
	if (newcomers_count(&collector->newcomers, collector->now))
		return false;
	meet_all(collector);
	return collector->all_ended = !reads_any(collector);
}

static bool is_over(struct collector *collector)
{
	if (!collector->command_ended)
		return false;
	return collector->stop ||
	       (!collector->request->wait_all && collector->now - collector->command_ended > GRACE) ||
	       nothing_will_come(collector);
}

static void choose_sleep(struct collector *collector, uint64_t events)
{
	if (events >= BUSY_EVENTS)
		collector->sleep_ms = 0;
	else if (events || collector->command_ended)
		collector->sleep_ms = SLEEP_SHORT_MS;
	else if (collector->sleep_ms < SLEEP_LONG_MS)
		collector->sleep_ms += SLEEP_SHORT_MS;
	uint64_t trace_ms = collector->request->trace_every_ns / MS;
	if (trace_ms && collector->sleep_ms > trace_ms)
		collector->sleep_ms = (unsigned)trace_ms;
}

static void sleep_until_news(struct collector *collector)
{
	struct pollfd news[2 + NOW_SERVICE_POLLS] = {{.fd = collector->request->signals->fd, .events = POLLIN},
	                                             {.fd = collector->inotify, .events = POLLIN}};
	unsigned count = 2 + now_service_polls(collector->now_service, news + 2);

	poll(news, count, (int)collector->sleep_ms);
}

static void rounds(struct collector *collector)
{
	for (;;) {
		collector->now = ring_clock_ns(CLOCK_MONOTONIC);
		take_signals(collector);
		take_notices(collector);
		if (collector->look_now)
			look_for_rings(collector);
		uint64_t events = read_rings(collector);
		look_among(collector);
		serve_now(collector);
		insist_on_command(collector);
		if (is_over(collector))
			return;
		choose_sleep(collector, events);
		sleep_until_news(collector);
	}
}

static void name_left(struct collector_result *result, const struct ring_file *ring)
{
	if (result->left_named == LEFT_NAMED)
		return;
	struct left_running *left = &result->left[result->left_named++];
	char path[RT_PATH_MAX];
	left->pid = ring->header.pid;
	snprintf(left->name, sizeof left->name, "%s", base_name(program_path(&ring->header, path)));
}

/* Counts all living processes, also those that have recorded nothing yet.  A ring that is still being read may be that
 * of a process that has ended, or has executed another program and is counted for that. */
static void leave_running(struct collector *collector)
{
	struct watched *ring;
	unsigned living, read = 0;

	presence_end(); /* P3 */
	meet_all(collector);
	living = newcomers_count(&collector->newcomers, collector->now);
	DL_FOREACH(collector->rings, ring)
	{
		if (!ring->recording)
			continue;
		if (ring_file_alive(&ring->recording->ring)) {
			read++;
			name_left(&collector->result, &ring->recording->ring);
		}
		conclude(collector, ring);
	}
	collector->result.left_running = living > read ? living : read;
}

static void forget_rings(struct collector *collector)
{
	struct watched *ring, *next;

	HASH_ITER(hh, collector->names, ring, next)
	{
		HASH_DEL(collector->names, ring);
		hang_watch_free(&ring->hang);
		free(ring->name);
		free(ring);
	}
}

static int watch_directory(const char *path)
{
	int inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	if (inotify >= 0 && inotify_add_watch(inotify, path, IN_CREATE | IN_MOVED_TO | IN_ATTRIB) < 0) {
		close(inotify);
		return -1;
	}
	return inotify;
}

struct collector_result collector_run(const struct collector_request *request, struct error *err)
{
	struct collector collector = {.request = request, .look_now = true};

	collector.archive = archive_open(request->store);
	if (!collector.archive) {
		error_set(err, EXIT_INTERNAL, "cannot start a thread: %s", strerror(errno));
		waitpid(request->command, &collector.result.wait_status, 0);
		collector.result.ended_ns = ring_clock_ns(CLOCK_MONOTONIC);
		command_signals_end(request->signals);
		return collector.result;
	}
	/* Shells start background commands with these signals ignored; the signalfd would then not report them. */
	sighandler_t interrupt = signal(SIGINT, SIG_DFL), quit = signal(SIGQUIT, SIG_DFL);
	newcomers_init(&collector.newcomers, request->run, request->command);
	collector.inotify = watch_directory(request->run);
	collector.now_service = now_service_open(request->run, collector.archive, &request->signals->before);
	rounds(&collector);
	if (collector.all_ended && !collector.request->quiet)
		progress_silence(false); /* the terminal belongs to this process again */
	if (!collector.all_ended)
		leave_running(&collector);
	/* takes the signals that the terminal sent to the group: they were meant for the command */
	take_signals(&collector);
	signal(SIGINT, interrupt);
	signal(SIGQUIT, quit);
	command_signals_end(request->signals);
	now_service_close(collector.now_service);
	collector.result.stored = archive_close(collector.archive, &collector.result.why_not, err);
	forget_rings(&collector);
	hang_among_free(&collector.among);
	fork_book_free(&collector.forks);
	newcomers_free(&collector.newcomers);
	if (collector.inotify >= 0)
		close(collector.inotify);
	return collector.result;
}
