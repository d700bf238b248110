/*
 * Happens-before: which parts of the threads' lives must come before which others.
 *
 * The life of a thread is cut into segments.  Creating a thread begins a new segment in both threads; joining a thread
 * begins one in the joiner.  A segment follows the segment before it in its own thread, and one other: that of the
 * creator, or the last one of the joined thread.  Semaphores and barriers add segments too (sync_order.h).
 */
#ifndef RINGTAIL_ANALYSE_HAPPENS_BEFORE_H
#define RINGTAIL_ANALYSE_HAPPENS_BEFORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct segment {
	uint32_t thread;
	uint32_t previous, other; /* ids of the segments that it follows; 0: none */
	uint32_t via;             /* `other` comes before only if this link holds; 0: it always does */
	uint32_t seen;            /* serial of the last search that reached it */
};

#define HAPPENS_BEFORE_CACHE 4096

struct happens_before { /* zeroed: empty */
	bool *links;    /* by link, from 1: the link holds */
	uint32_t link_count;
	size_t link_room;
	struct segment *segments; /* the segment's id is its index + 1 */
	size_t count, room;
	uint32_t search;
	uint32_t *queue;
	size_t queue_room;
	uint64_t steps; /* of all searches together */
	struct {
		uint32_t a, b;
		bool answer;
	} cache[HAPPENS_BEFORE_CACHE];
};

void happens_before_free(struct happens_before *order);
uint32_t happens_before_segment(struct happens_before *order, uint32_t thread, uint32_t previous, uint32_t other);
/* As happens_before_segment.  `other` comes before the new segment only if the link holds to the end of the run. */
uint32_t happens_before_linked(struct happens_before *order, uint32_t thread, uint32_t previous, uint32_t other,
                               uint32_t link);
uint32_t happens_before_link(struct happens_before *order);
void happens_before_unlink(struct happens_before *order, uint32_t link);
/* True if segment a ended before segment b could begin, in every run. */
bool happens_before(struct happens_before *order, uint32_t a, uint32_t b);

#endif
