/*
 * The merge, and the bound up to which a live ring may be delivered.
 *
 * shim/ring.h describes the writer's side: a lane's tail is ACTIVE from before a stamp is taken until its record is
 * published, and a chunk is OPEN before its first stamp is taken.  A round of the reader is
 *
 *   R1: W = now - MARGIN
 *   R2: poll all chunks: tails, and which lanes are ACTIVE
 *   R3: deliver, merged by stamp, what is below the least bound of any lane
 *
 * A lane that R2 saw without ACTIVE publishes nothing below W any more: its bound is W.  The same holds for a lane that
 * R2 did not see at all.  A lane that R2 saw ACTIVE has one record in the making.  The stamp of that record was taken
 * after the lane was last seen without ACTIVE, so the lane's bound does not change.  MARGIN covers the time in which a
 * store of another core is not yet visible.
 *
 * A lane may stay ACTIVE for long: a signal handler runs inside of a hook, or the process was stopped or the thread
 * killed within one.  The reader waits for stopped threads, and not for threads that have ended.  For any other thread
 * it stops waiting after a while.  If the record is published after all, it is late: it is delivered with the stamp of
 * the event before it, and counted.
 *
 * A snapshot waits MARGIN between R1 and R2, so that W is the time of R1 itself.  So it contains every event that was
 * published before the snapshot was requested, even if the process has stood still since.
 *
 * Events with equal stamps are delivered in the order of their lane numbers.
 */
#include "tools/source/merge.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "shim/atomics.h"
#include "tools/base/memory.h"
#include "tools/base/proc.h"
#include "tools/source/lanes.h"
#include "tools/base/clock.h"

#define MARGIN_NS  1000000u
#define STUCK_NS   UINT64_C(2000000000)
#define GIVE_UP_NS UINT64_C(10000000000)
#define BEAT_EVERY 65536u /* events between heartbeats within a round */
#define BATCH      128u   /* events handed over at a time: 8 KiB */

#define NEAR 8u /* places in the order of lanes that are tried one by one */

struct candidate { /* a lane with an event that may go out */
	uint64_t stamp;
	struct lane *lane;
};

struct merge {
	struct reading reading;
	struct lanes lanes;
	struct candidate *order; /* sorted: the lane whose event is next comes first */
	size_t order_count, order_room;
	uint64_t last_bound; /* W of the previous round */
	uint64_t last_stamp; /* of the last event delivered */
	merge_sink *sink;
	void *context;
	size_t batched;
	struct event batch[BATCH];
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
	free(merge->order);
	free(merge);
}

uint64_t merge_last_stamp(const struct merge *merge) { return merge->last_stamp; }

struct merge_totals merge_totals(const struct merge *merge) { return merge->reading.totals; }

/* ---- delivering ------------------------------------------------------------------- */

static inline bool goes_before(const struct candidate *a, const struct candidate *b)
{
	return a->stamp < b->stamp || (a->stamp == b->stamp && a->lane->number < b->lane->number);
}

static int by_turn(const void *a, const void *b) { return goes_before(a, b) ? -1 : 1; }

static void make_order(struct merge *merge)
{
	merge->order_count = 0;
	GROW(merge->order, merge->order_room, HASH_COUNT(merge->lanes.table));
	for (struct lane *lane = merge->lanes.table; lane; lane = lane->hh.next)
		if (lane_find(lane) && lane->stamp <= merge->reading.limit)
			merge->order[merge->order_count++] = (struct candidate){lane->stamp, lane};
	if (merge->order_count > 1)
		qsort(merge->order, merge->order_count, sizeof *merge->order, by_turn);
}

/* The number of candidates after the first that go before `moved`; it lies between `from` and `to`. */
static size_t search(const struct candidate *order, size_t from, size_t to, const struct candidate *moved)
{
	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (goes_before(&order[middle + 1], moved))
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

/* The first lane has a new stamp.  Few threads run at a time, so its new place is mostly near.  Therefore the order is
 * a sorted array and not a heap: finding the place and the next lane costs nearly nothing. */
static void move_first(struct merge *merge, uint64_t stamp)
{
	struct candidate *order = merge->order, moved = {stamp, order[0].lane};
	size_t others = merge->order_count - 1, place = 0;

	while (place < others && place < NEAR && goes_before(&order[place + 1], &moved)) {
		order[place] = order[place + 1];
		place++;
	}
	if (unlikely(place == NEAR)) {
		size_t far = search(order, place, others, &moved);

		memmove(&order[place], &order[place + 1], (far - place) * sizeof *order);
		place = far;
	}
	order[place] = moved;
}

static void drop_first(struct merge *merge)
{
	memmove(merge->order, merge->order + 1, --merge->order_count * sizeof *merge->order);
}

/* The last stamp with which the first lane still comes before all others. */
static uint64_t first_until(const struct merge *merge)
{
	const struct candidate *order = merge->order;

	if (merge->order_count == 1)
		return merge->reading.limit;
	return order[0].lane->number < order[1].lane->number ? order[1].stamp : order[1].stamp - 1;
}

static void hand_over(struct merge *merge)
{
	size_t count = merge->batched;

	merge->batched = 0;
	if (count)
		merge->sink(merge->context, merge->batch, count);
}

/* Hands the next events of the batch to the sink. */
static inline void emit(struct merge *merge, size_t count)
{
	struct event *events = &merge->batch[merge->batched];

	for (size_t i = 0; i < count; i++) {
		if (unlikely(events[i].stamp < merge->last_stamp)) {
			merge->reading.totals.late++;
			events[i].stamp = merge->last_stamp;
		}
		merge->last_stamp = events[i].stamp;
	}
	merge->batched += count;
	if (merge->batched == BATCH)
		hand_over(merge);
}

void merge_beat(struct merge *merge)
{
	store_release(&merge->reading.ring->shared->reader_heartbeat, ring_clock_ns(CLOCK_MONOTONIC));
}

/* Delivers from the first lane for as long as it stays the first. */
static uint64_t drain_first(struct merge *merge)
{
	struct lane *first = merge->order[0].lane;
	uint64_t until = first_until(merge), delivered = 0;

	do {
		size_t count = lane_take(first, until, &merge->batch[merge->batched], BATCH - merge->batched);
		emit(merge, count);
		delivered += count;
	} while (lane_find(first) && first->stamp <= until && delivered < BEAT_EVERY);
	if (first->pending && first->stamp <= merge->reading.limit)
		move_first(merge, first->stamp);
	else
		drop_first(merge);
	return delivered;
}

static uint64_t deliver(struct merge *merge, merge_sink *sink, void *context)
{
	uint64_t delivered = 0, beaten = 0;

	merge->sink = sink;
	merge->context = context;
	make_order(merge);
	while (merge->order_count && !(merge->reading.live && delivered >= MERGE_ROUND_EVENTS)) {
		delivered += drain_first(merge);
		if (merge->reading.live && delivered - beaten >= BEAT_EVERY) {
			beaten = delivered;
			merge_beat(merge);
		}
	}
	hand_over(merge);
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

/* The time of the call; returns when every event that was published before that time is visible here. */
static uint64_t settled_now(const struct ring_file *ring)
{
	uint64_t now = ring_file_now(ring);
	struct timespec left = {.tv_nsec = MARGIN_NS};

	while (nanosleep(&left, &left) && errno == EINTR)
		;
	return now;
}

/* True if the reader no longer waits for the lane, which has been ACTIVE at one record for long. */
static bool is_given_up(struct merge *merge, struct lane *lane, uint64_t now)
{
	const struct ring_file *ring = merge->reading.ring;
	uint64_t since = now - lane->active_since;

	if (since < STUCK_NS)
		return false;
	char state = ring->pid ? process_thread_state(ring->pid, (pid_t)lane->tid) : '?';
	if (!state)
		return true;
	if (state == 'T' || state == 't') {
		lane->active_since = now;
		return false;
	}
	return since >= GIVE_UP_NS;
}

static void set_bound(struct merge *merge, struct lane *lane, uint64_t bound, uint64_t now)
{
	if (!lane->met) /* the lane is new in this round; in the first round last_bound is 0 */
		lane->bound = merge->last_bound;
	lane->met = true;
	if (!lane->active) {
		lane->bound = bound;
		lane->active_since = 0;
		return;
	}
	if (!lane->active_since || lane->active_end != lane->watched_end)
		lane->active_since = now;
	else if (is_given_up(merge, lane, now))
		lane->bound = bound;
}

/* R2, and the bound that follows for each lane.  Returns the least bound. */
static uint64_t poll_lanes(struct merge *merge, uint64_t bound)
{
	uint64_t least = bound, now = ring_clock_ns(CLOCK_MONOTONIC);

	for (struct lane *lane = merge->lanes.table; lane; lane = lane->hh.next)
		lane->watched_end = lane->active_end;
	lanes_poll(&merge->lanes);
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
	store_relaxed(&shared->reader_space, process_namespace());
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

/* R2 and R3 for the bound of R1. */
static uint64_t deliver_below(struct merge *merge, uint64_t bound, merge_sink *sink, void *context)
{
	uint64_t least = poll_lanes(merge, bound);

	merge->last_bound = bound;
	merge->reading.limit = least ? least - 1 : 0;
	return deliver(merge, sink, context);
}

uint64_t merge_follow(struct merge *merge, merge_sink *sink, void *context)
{
	return deliver_below(merge, safe_now(merge->reading.ring), sink, context);
}

uint64_t merge_to_now(struct merge *merge, merge_sink *sink, void *context)
{
	uint64_t delivered = deliver_below(merge, settled_now(merge->reading.ring), sink, context), all = delivered;

	while (delivered) {
		delivered = deliver(merge, sink, context);
		all += delivered;
	}
	return all;
}

bool merge_is_quiet(struct merge *merge)
{
	lanes_poll(&merge->lanes);
	for (const struct lane *lane = merge->lanes.table; lane; lane = lane->hh.next)
		if (lane->active)
			return false;
	return true;
}

uint64_t merge_rest(struct merge *merge, merge_sink *sink, void *context)
{
	uint64_t delivered, all = 0;

	lanes_poll(&merge->lanes);
	merge->reading.limit = UINT64_MAX;
	while ((delivered = deliver(merge, sink, context)))
		all += delivered;
	return all;
}

void merge_detach(struct merge *merge)
{
	struct rt_header *shared = merge->reading.ring->shared;

	if (merge->reading.live)
		store_release(&shared->reader_pid, 0u);
	if (merge->reading.ring->writable) /* also where it was opened only to be left */
		store_release(&shared->reader_left, 1u);
	merge->reading.live = false;
}

/* ---- to the end ------------------------------------------------------------------------ */

/* The loss that the program counted, and the events that an earlier reader took. */
static uint64_t all_loss(const struct merge *merge)
{
	const struct rt_header *shared = merge->reading.ring->shared;
	uint64_t all = count_sum(load_relaxed(&shared->lost), load_relaxed(&shared->overwritten));

	return count_sum(all, lanes_taken_before(&merge->lanes));
}

bool merge_misses_events(const struct merge *merge)
{
	return merge->reading.totals.lost || all_loss(merge) > merge->reading.rescued;
}

uint64_t merge_missing_until(const struct merge *merge)
{
	uint64_t until = load_acquire(&merge->reading.ring->shared->missing_until);

	if (!merge_misses_events(merge))
		return 0;
	if (!until || lanes_taken_before(&merge->lanes)) /* an earlier reader took events of any time */
		return UINT64_MAX;
	return until > merge->reading.gap ? until : merge->reading.gap;
}

/* Delivers the loss that no gap record tells: lanes that are gone entirely, and losses that the process had no time to
 * record before it died. */
static void deliver_rest_of_loss(struct merge *merge)
{
	const struct rt_header *shared = merge->reading.ring->shared;
	uint64_t known = count_sum(merge->reading.totals.lost, merge->reading.rescued), all = all_loss(merge);

	if (all <= known)
		return;
	uint64_t rest = all - known <= RT_OBJECT_MASK ? all - known : RT_OBJECT_MASK;
	merge->batch[0] = (struct event){
	    .type = RT_LOSS, .object = rest, .stamp = merge->last_stamp, .arg = merge_missing_until(merge)};
	merge->reading.totals.lost = count_sum(merge->reading.totals.lost, rest);
	emit(merge, 1);
	hand_over(merge);
	uint64_t unreported = load_relaxed(&shared->lost);
	unreported =
	    unreported > merge->reading.totals.never_written ? unreported - merge->reading.totals.never_written : 0;
	merge->reading.totals.never_written += unreported < rest ? unreported : rest;
}

void merge_conclude(struct merge *merge, merge_sink *sink, void *context)
{
	merge->sink = sink;
	merge->context = context;
	deliver_rest_of_loss(merge);
	ring_file_calibrate(merge->reading.ring);
}

void merge_finish(struct merge *merge, merge_sink *sink, void *context)
{
	struct reading *reading = &merge->reading;
	bool alive = ring_file_alive(reading->ring);

	/* A snapshot of a running process ends at the time when it was requested: later events of one lane may depend
	 * on events of another lane that are not yet visible. */
	reading->limit = alive ? settled_now(reading->ring) : UINT64_MAX;
	reading->live = false;
	lanes_poll(&merge->lanes);
	if (!alive)
		lanes_seal(&merge->lanes);
	deliver(merge, sink, context);
	merge_conclude(merge, sink, context);
}
