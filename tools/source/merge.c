/*
 * How far a live ring may be delivered.
 *
 * shim/ring.h has the writer's side: a lane's tail is ACTIVE from before a stamp
 * is taken until its record is published, and a chunk is OPEN before its first
 * stamp is taken.  A round of the reader is
 *
 *   R1: W = now - MARGIN
 *   R2: look at all chunks: tails, and which lanes are ACTIVE
 *   R3: deliver, merged by stamp, what is below the least bound of any lane
 *
 * A lane that R2 saw without ACTIVE publishes nothing below W any more, nor does
 * one that R2 did not see at all: its bound is W.  A lane that R2 saw ACTIVE has
 * one record in the making, whose stamp was taken after the lane was last seen
 * without: its bound stays what it was.  MARGIN covers the time in which a store
 * of another core is not yet visible.
 *
 * A lane may stay ACTIVE for long: a signal handler runs inside of a hook, the
 * process was stopped, or the thread was killed there.  Gone threads are not
 * waited for, stopped ones are; any other is given up after a while, and should
 * its record come nevertheless then it is late: delivered with the stamp of the
 * event before it, and counted.
 *
 * Equal stamps go out in the order of lane numbers.
 */
#include "tools/source/merge.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "shim/atomics.h"
#include "tools/memory.h"
#include "tools/process.h"
#include "tools/source/lanes.h"
#include "tools/source/ring_clock.h"

#define MARGIN_NS  1000000u
#define STUCK_NS   UINT64_C(2000000000)
#define GIVE_UP_NS UINT64_C(10000000000)
#define ROUND_EVENTS 262144u /* of one live program at a time: others wait too, some of them at their end */
#define BEAT_EVERY 65536u /* events between heartbeats within a round */

struct merge {
	struct reading reading;
	struct lanes lanes;
	struct lane **heap; /* lanes with an event that may go out, least stamp first */
	size_t heap_count, heap_room;
	uint64_t last_bound; /* W of the round before */
	uint64_t last_stamp; /* of the last event delivered */
	merge_sink *sink;
	void *context;
};

struct merge *merge_new(struct ring_file *ring)
{
	struct merge *merge = memory_zeroed(1, sizeof *merge);

	merge->reading.ring = ring;
	lanes_init(&merge->lanes, &merge->reading);
	return merge;
}

void merge_free(struct merge *merge)
{
	if (!merge)
		return;
	lanes_free(&merge->lanes);
	free(merge->heap);
	free(merge);
}

uint64_t merge_last_stamp(const struct merge *merge) { return merge->last_stamp; }

struct merge_totals merge_totals(const struct merge *merge) { return merge->reading.totals; }

/* ---- delivering ------------------------------------------------------------------- */

static inline bool goes_before(const struct lane *a, const struct lane *b)
{
	if (a->event.stamp != b->event.stamp)
		return a->event.stamp < b->event.stamp;
	return a->number < b->number;
}

static void sift_down(struct merge *merge, size_t at)
{
	struct lane **heap = merge->heap, *lane = heap[at];

	for (;;) {
		size_t child = 2 * at + 1;
		if (child >= merge->heap_count)
			break;
		if (child + 1 < merge->heap_count && goes_before(heap[child + 1], heap[child]))
			child++;
		if (!goes_before(heap[child], lane))
			break;
		heap[at] = heap[child];
		at = child;
	}
	heap[at] = lane;
}

static bool may_go_out(const struct merge *merge, const struct lane *lane)
{
	return lane->pending && lane->event.stamp <= merge->reading.limit;
}

static void build_heap(struct merge *merge)
{
	merge->heap_count = 0;
	GROW(merge->heap, merge->heap_room, HASH_COUNT(merge->lanes.table));
	for (struct lane *lane = merge->lanes.table; lane; lane = lane->hh.next)
		if (may_go_out(merge, lane) || (!lane->pending && lane_next(lane) && may_go_out(merge, lane)))
			merge->heap[merge->heap_count++] = lane;
	for (size_t i = merge->heap_count / 2; i-- > 0;)
		sift_down(merge, i);
}

/* The lane that is next after the top; NULL where the top is alone. */
static const struct lane *second_best(const struct merge *merge)
{
	struct lane **heap = merge->heap;

	if (merge->heap_count < 3)
		return merge->heap_count == 2 ? heap[1] : NULL;
	return goes_before(heap[2], heap[1]) ? heap[2] : heap[1];
}

static void count_loss(struct merge_totals *totals, const struct event *event)
{
	totals->lost = count_sum(totals->lost, event->object);
	if (event->aux)
		totals->never_written = count_sum(totals->never_written, event->object);
}

static inline void emit(struct merge *merge, struct event *event)
{
	struct merge_totals *totals = &merge->reading.totals;

	if (unlikely(event->stamp < merge->last_stamp)) {
		totals->late++;
		event->stamp = merge->last_stamp;
	}
	merge->last_stamp = event->stamp;
	if (likely(event->type != RT_LOSS))
		totals->events++;
	else
		count_loss(totals, event);
	merge->sink(merge->context, event);
}

void merge_beat(struct merge *merge)
{
	store_release(&merge->reading.ring->shared->reader_heartbeat, ring_clock_ns(CLOCK_MONOTONIC));
}

/* Delivers from the top lane for as long as it stays the top one: then no heap operation is needed. */
static uint64_t drain_top(struct merge *merge)
{
	struct lane *top = merge->heap[0];
	const struct lane *second = second_best(merge);
	uint64_t delivered = 0;

	do {
		emit(merge, &top->event);
		delivered++;
		lane_next(top);
	} while (may_go_out(merge, top) && (!second || goes_before(top, second)) && delivered < BEAT_EVERY);
	if (!may_go_out(merge, top))
		merge->heap[0] = merge->heap[--merge->heap_count];
	if (merge->heap_count)
		sift_down(merge, 0);
	return delivered;
}

static uint64_t deliver(struct merge *merge, merge_sink *sink, void *context)
{
	uint64_t delivered = 0, beaten = 0;

	merge->sink = sink;
	merge->context = context;
	build_heap(merge);
	while (merge->heap_count && !(merge->reading.live && delivered >= ROUND_EVENTS)) {
		delivered += drain_top(merge);
		if (merge->reading.live && delivered - beaten >= BEAT_EVERY) {
			beaten = delivered;
			merge_beat(merge);
		}
	}
	return delivered;
}

/* ---- live --------------------------------------------------------------------------- */

static uint64_t ticks_of(const struct ring_file *ring, uint64_t ns)
{
	return (uint64_t)((double)ns / ring->ns_per_tick);
}

static uint64_t safe_now(const struct ring_file *ring)
{
	uint64_t now = ring_file_now(ring), margin = ticks_of(ring, MARGIN_NS);

	return now > margin ? now - margin : 0;
}

/* Whether a lane that has been ACTIVE in one place for long is not waited for any more. */
static bool is_given_up(struct merge *merge, struct lane *lane, uint64_t now)
{
	struct process_stat stat;
	uint64_t since = now - lane->active_since;
	pid_t pid = (pid_t)merge->reading.ring->header.pid;

	if (since < STUCK_NS)
		return false;
	if (!process_stat(pid, (pid_t)lane->tid, &stat))
		return true;
	if (stat.state == 'T' || stat.state == 't') {
		lane->active_since = now;
		return false;
	}
	return since >= GIVE_UP_NS;
}

static void set_bound(struct merge *merge, struct lane *lane, uint64_t bound, uint64_t now)
{
	if (!lane->active) {
		lane->bound = bound;
		lane->active_since = 0;
		return;
	}
	if (!lane->bound) /* met for the first time: it was not there in the round before */
		lane->bound = merge->last_bound;
	if (!lane->active_since || lane->active_end != lane->watched_end)
		lane->active_since = now;
	else if (is_given_up(merge, lane, now))
		lane->bound = bound;
}

/* R2, and what it says about each lane.  Returns the least bound. */
static uint64_t look(struct merge *merge, uint64_t bound)
{
	uint64_t least = bound, now = ring_clock_ns(CLOCK_MONOTONIC);

	for (struct lane *lane = merge->lanes.table; lane; lane = lane->hh.next)
		lane->watched_end = lane->active_end;
	lanes_look(&merge->lanes);
	for (struct lane *lane = merge->lanes.table; lane; lane = lane->hh.next) {
		set_bound(merge, lane, bound, now);
		if (lane->bound < least)
			least = lane->bound;
	}
	return least;
}

static void attach(struct merge *merge)
{
	struct rt_header *shared = merge->reading.ring->shared;

	merge->reading.live = true;
	merge_beat(merge);
	store_release(&shared->reader_pid, (uint32_t)getpid());
}

uint64_t merge_poll(struct merge *merge, merge_sink *sink, void *context)
{
	if (!merge->reading.live)
		attach(merge);
	merge_beat(merge);
	merge->lanes.handed_back = true;
	return merge_follow(merge, sink, context);
}

uint64_t merge_follow(struct merge *merge, merge_sink *sink, void *context)
{
	uint64_t bound = safe_now(merge->reading.ring); /* R1 */
	uint64_t least = look(merge, bound);
	merge->last_bound = bound;
	merge->reading.limit = least ? least - 1 : 0;
	return deliver(merge, sink, context);
}

bool merge_is_quiet(struct merge *merge)
{
	lanes_look(&merge->lanes);
	for (const struct lane *lane = merge->lanes.table; lane; lane = lane->hh.next)
		if (lane->active)
			return false;
	return true;
}

uint64_t merge_rest(struct merge *merge, merge_sink *sink, void *context)
{
	lanes_look(&merge->lanes);
	merge->reading.limit = UINT64_MAX;
	return deliver(merge, sink, context);
}

void merge_detach(struct merge *merge)
{
	if (merge->reading.live)
		store_release(&merge->reading.ring->shared->reader_pid, 0u);
	merge->reading.live = false;
}

/* ---- to the end ------------------------------------------------------------------------ */

/* What was lost and is in no gap: lanes that are gone whole, losses that death kept from being written down.
 */
static void deliver_rest_of_loss(struct merge *merge)
{
	const struct rt_header *shared = merge->reading.ring->shared;
	uint64_t known = count_sum(merge->reading.totals.lost, merge->reading.rescued);
	uint64_t all = count_sum(load_relaxed(&shared->lost), load_relaxed(&shared->overwritten));

	all = count_sum(all, lanes_taken_before(&merge->lanes));
	if (all <= known)
		return;
	uint64_t rest = all - known <= RT_OBJECT_MASK ? all - known : RT_OBJECT_MASK;
	struct event event = {.type = RT_LOSS, .object = rest, .stamp = merge->last_stamp};
	emit(merge, &event);
	uint64_t unsaid = load_relaxed(&shared->lost);
	unsaid =
	    unsaid > merge->reading.totals.never_written ? unsaid - merge->reading.totals.never_written : 0;
	merge->reading.totals.never_written += unsaid < rest ? unsaid : rest;
}

void merge_finish(struct merge *merge, merge_sink *sink, void *context)
{
	struct reading *reading = &merge->reading;
	bool alive = ring_file_alive(reading->ring);

	/* A snapshot of a running process ends where it began: what one lane was seen to do after that may
	 * depend on what another was not yet seen to do. */
	reading->limit = alive ? safe_now(reading->ring) : UINT64_MAX;
	reading->live = false;
	lanes_look(&merge->lanes);
	if (!alive)
		lanes_seal(&merge->lanes);
	deliver(merge, sink, context);
	deliver_rest_of_loss(merge);
	ring_file_calibrate(reading->ring);
}
