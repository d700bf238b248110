/*
 * One order over all threads: a k-way merge of the lanes of one ring file by
 * stamp, without a global sort.
 *
 * A finished process is merged to the end.  A live one is merged up to a
 * watermark: the latest stamp for which no lane can still publish an earlier
 * one (merge.c tells how that is known).
 */
#ifndef RINGTAIL_MERGE_H
#define RINGTAIL_MERGE_H

#include "tools/source/event.h"
#include "tools/source/ring_file.h"

/* Called with the next events in order, a batch at a time, so that it can fetch from memory early what the later ones
 * will need.  A gap comes as a RT_LOSS event (object: events missing; aux: enum rt_loss, or 0 when they had been
 * overwritten) at its place in the lane. */
typedef void merge_sink(void *context, const struct event *events, size_t count);

struct merge_totals {
	uint64_t events;        /* delivered, RT_LOSS not counted */
	uint64_t lost;          /* sum over the RT_LOSS events delivered */
	uint64_t never_written; /* of those: the program had no room; the others were written, and are gone */
	uint64_t bad_records;   /* skipped: unknown type or size that cannot be */
	uint64_t late; /* came after a later stamp had gone out: delivered with that one, so that stamps
	                * never go backwards */
};

struct merge;

struct merge *merge_new(struct ring_file *ring);
void merge_free(struct merge *merge);

/* Delivers everything that is published, to the end.  For processes that have ended, and for a snapshot of a
 * hung, stopped or running one: all that was published before the call is in it (what is being written at that moment
 * is left out). */
void merge_finish(struct merge *merge, merge_sink *sink, void *context);

/* Live: delivers what is safe to deliver now, hands drained chunks back to the program, beats the heart.
 * Returns the number of events delivered. */
uint64_t merge_poll(struct merge *merge, merge_sink *sink, void *context);

/* For a process whose threads are all stopped.  Quiet: no record is in the making, so that all which is published is all
 * that happened.  Rest: delivers that, however much it is. */
bool merge_is_quiet(struct merge *merge);
uint64_t merge_rest(struct merge *merge, merge_sink *sink, void *context);

/* As much as one round delivers at most: where it delivered less, the reader has caught up. */
#define MERGE_ROUND_EVENTS 262144u

/* Whether events are missing, as far as that is known yet. */
bool merge_misses_events(const struct merge *merge);
/* No more will be read, though the program may go on: delivers what is known to be lost and lies in no gap. */
void merge_conclude(struct merge *merge, merge_sink *sink, void *context);

/* As merge_poll, for one who only looks on: no chunk is handed back, and the program does not count on us. */
uint64_t merge_follow(struct merge *merge, merge_sink *sink, void *context);

/* The same with all that was published before the call, however much it is: waits until it is seen. */
uint64_t merge_to_now(struct merge *merge, merge_sink *sink, void *context);

/* Tells the program that its reader lives. */
void merge_beat(struct merge *merge);

/* The program is left to itself: from here on it goes on as with no reader. */
void merge_detach(struct merge *merge);

/* Stamp of the last event delivered, 0 before the first. */
uint64_t merge_last_stamp(const struct merge *merge);
struct merge_totals merge_totals(const struct merge *merge);

#endif
