/*
 * Puts the events of all threads into one order: a k-way merge of the lanes of one ring file by stamp, without a global
 * sort.
 *
 * The ring of a process that has ended is merged to its end.  A live ring is merged up to a watermark: no lane can
 * still publish a record with an earlier stamp.  merge.c explains how that is known.
 */
#ifndef RINGTAIL_MERGE_H
#define RINGTAIL_MERGE_H

#include "tools/source/event.h"
#include "tools/source/ring_file.h"

/* Receives the next events in order, a batch at a time, so that it can prefetch memory for the later events of the
 * batch.  A gap comes as an RT_LOSS event at its place in the lane.  Its object is the number of missing events; its
 * aux is an enum rt_loss, or 0 if the events were overwritten.  No missing event has a later stamp than the gap, but
 * for a last RT_LOSS of events that lie in no known gap: its arg is merge_missing_until. */
typedef void merge_sink(void *context, const struct event *events, size_t count);

struct merge_totals {
	uint64_t events;        /* delivered; RT_LOSS events are not counted */
	uint64_t lost;          /* missing events: the sum over the RT_LOSS events delivered */
	uint64_t never_written; /* part of lost: the program had no room; the other lost events were overwritten */
	uint64_t bad_records;   /* skipped records: of unknown type or impossible size */
	uint64_t late;          /* events that came after a later stamp had been delivered; they are delivered with that
	                         * stamp, so that stamps never go backwards */
};

struct merge;

struct merge *merge_new(struct ring_file *ring);
void merge_free(struct merge *merge);

/* Delivers all published events.  For a process that has ended, and for a snapshot of a hung, stopped or running one.
 * Every event published before the call is delivered; records that are being written during the call are left out. */
void merge_finish(struct merge *merge, merge_sink *sink, void *context);

/* One round of the live reader: delivers the events up to the watermark, hands drained chunks back to the program, and
 * updates the reader's heartbeat.  Returns the number of events delivered. */
uint64_t merge_poll(struct merge *merge, merge_sink *sink, void *context);

/* The next two are for a process whose threads are all stopped. */
/* True if no record is in the making: then the published records are all that happened. */
bool merge_is_quiet(struct merge *merge);
/* Delivers all published events, however many; returns their number. */
uint64_t merge_rest(struct merge *merge, merge_sink *sink, void *context);

/* One round delivers at most this many events.  A round that delivers fewer has caught up with the program. */
#define MERGE_ROUND_EVENTS 262144u

/* True if events are known to be missing by now. */
bool merge_misses_events(const struct merge *merge);
/* No event that is missing by now has a later stamp.  0: no event is missing; UINT64_MAX: nothing is known. */
uint64_t merge_missing_until(const struct merge *merge);
/* Ends the reading, although the program may go on: delivers RT_LOSS for lost events that lie in no gap. */
void merge_conclude(struct merge *merge, merge_sink *sink, void *context);

/* As merge_poll, for an observer that is not the ring's reader: it hands no chunk back and gives no heartbeat. */
uint64_t merge_follow(struct merge *merge, merge_sink *sink, void *context);

/* As merge_follow, for all events published before the call, however many: waits until they are visible. */
uint64_t merge_to_now(struct merge *merge, merge_sink *sink, void *context);

/* Updates the heartbeat, by which the program knows that its reader lives. */
void merge_beat(struct merge *merge);

/* Stops being the ring's reader: from now on the program records as without a reader. */
void merge_detach(struct merge *merge);

/* The stamp of the last event delivered; 0 before the first. */
uint64_t merge_last_stamp(const struct merge *merge);
struct merge_totals merge_totals(const struct merge *merge);

#endif
