#include "tools/live/now/look.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "shim/atomics.h"
#include "tools/base/memory.h"
#include "tools/live/now/snapshot.h"
#include "tools/base/proc.h"
#include "tools/base/clock.h"
#include "tools/races/reader.h"

#define CATCH_UP_ROUNDS 400u /* then the program is stopped even if it records faster than it is read */

struct deadline {
	uint64_t pause_ns, until; /* CLOCK_MONOTONIC ns; 0: the process has not been stopped yet */
	const struct scan_tick *tick;
	bool passed;
};

static bool in_time(void *context)
{
	struct deadline *deadline = context;

	if (deadline->tick && !deadline->tick->call(deadline->tick->context))
		return false;
	uint64_t now = ring_clock_ns(CLOCK_MONOTONIC);
	if (!deadline->until)
		deadline->until = now + deadline->pause_ns;
	deadline->passed = now >= deadline->until;
	return !deadline->passed;
}

static const char *why_not_asked(const struct recording *recording)
{
	uint32_t state = load_acquire(&recording->ring.shared->scan_state);

	if (!(recording->ring.header.watch & RT_WATCH_HEAP))
		return "its heap is not watched (--heap=no)";
	if (!ring_file_sees_heap(&recording->ring))
		return "its heap is not watched, as its calls of malloc do not come to ringtail; `ringtail report` "
		       "says why";
	if (state == RT_SCAN_WAITING || state == RT_SCAN_TAKEN)
		return "it is ending, and its leak scan at the end is under way";
	return NULL;
}

static void look_at(struct now_look *look, struct looked_at *item)
{
	struct deadline deadline = {.pause_ns = look->pause_ns, .tick = look->tick};
	struct scan_subject subject = scan_subject_of(item->recording);

	leak_scan_snapshot(&item->snapshot, &item->scan, &subject, &(struct scan_tick){in_time, &deadline});
	if (deadline.passed)
		snprintf(item->scan.why_not, sizeof item->scan.why_not,
		         "it would have been stopped for longer than %.3g s: allow more with --pause",
		         (double)look->pause_ns / 1e9);
	else if (!item->snapshot.complete && !ring_file_alive(&item->recording->ring))
		snprintf(item->scan.why_not, sizeof item->scan.why_not,
		         "it ended meanwhile: without --now `ringtail leaks` shows its end");
}

/* Reads while the process runs, so that little is left to read when it is stopped. */
static void catch_up(struct recording *recording, const struct scan_tick *tick)
{
	uint64_t events = MERGE_ROUND_EVENTS;
	bool live = recording->ring.writable;

	for (unsigned rounds = 0; rounds < CATCH_UP_ROUNDS && events >= MERGE_ROUND_EVENTS; rounds++) {
		events = live ? merge_poll(recording->merge, analysis_events, recording->analysis)
		              : merge_follow(recording->merge, analysis_events, recording->analysis);
		if (tick && !tick->call(tick->context))
			return;
	}
}

void now_look_add(struct now_look *look, struct recording *recording)
{
	const char *why_not = why_not_asked(recording);

	GROW(look->items, look->room, look->count + 1);
	struct looked_at *item = &look->items[look->count++];
	*item = (struct looked_at){.recording = recording, .scan = {.tried = true}};
	if (!recording->ring.writable) /* else the collector has read it */
		races_take(recording);
	catch_up(recording, look->tick);
	if (why_not) {
		snprintf(item->scan.why_not, sizeof item->scan.why_not, "%s", why_not);
	} else {
		look_at(look, item);
	}
	if (!item->snapshot.complete) /* the events that were read are shown all the same */
		merge_to_now(recording->merge, analysis_events, recording->analysis);
}

bool now_look_is_good(const struct now_look *look, uint32_t pid, struct error *err)
{
	struct process_stat stat;

	for (size_t i = 0; i < look->count; i++)
		if (look->items[i].snapshot.complete)
			return true;
	if (look->count)
		return error_set(err, EXIT_UNWATCHABLE, "no leak scan of pid %u: %s",
		                 look->items[0].recording->ring.header.pid, look->items[0].scan.why_not);
	if (pid)
		return error_set(
		    err, EXIT_BAD_DATA,
		    process_stat((pid_t)pid, 0, &stat) ? "pid %u has recorded nothing yet" : "pid %u has ended", pid);
	return error_set(err, EXIT_BAD_DATA,
	                 "no process of this run is running: without --now `ringtail leaks` shows its end");
}

bool now_look_store(struct now_look *look, const char *run, char **path, struct error *err)
{
	struct snapshot snapshot;
	bool good = snapshot_begin(&snapshot, run, err);

	*path = NULL;
	for (size_t i = 0; i < look->count && good; i++) {
		struct looked_at *item = &look->items[i];
		struct scan_subject subject = scan_subject_of(item->recording);
		leak_scan_conclude(&item->snapshot, &item->scan, &subject, NULL);
		leak_scan_free(&item->recording->analysis->scan);
		item->recording->analysis->scan = item->scan;
		item->scan = (struct leak_scan){0};
		good = snapshot_add(&snapshot, item->recording, err);
	}
	good = good && snapshot_end(&snapshot, path, err);
	snapshot_free(&snapshot);
	return good;
}

void now_look_free(struct now_look *look)
{
	for (size_t i = 0; i < look->count; i++) {
		leak_snapshot_free(&look->items[i].snapshot);
		leak_scan_free(&look->items[i].scan);
	}
	free(look->items);
	*look = (struct now_look){.pause_ns = look->pause_ns, .tick = look->tick};
}
