/*
 * What must have happened before what, as far as creating and joining threads
 * tells.  A thread's life is cut into segments there: creating a thread starts
 * a new segment in both, joining one starts a new segment in the joiner.  A
 * segment follows the one before it in its thread, and one more: its creator's
 * or the joined thread's last.
 */
#ifndef RINGTAIL_ANALYSE_HAPPENS_BEFORE_H
#define RINGTAIL_ANALYSE_HAPPENS_BEFORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct segment {
	uint32_t thread;
	uint32_t previous, other; /* ids, 0: none */
	uint32_t via;             /* link that `other` came by, which must hold; 0: it always does */
	uint32_t seen;            /* serial of the last search that came here */
};

#define HAPPENS_BEFORE_CACHE 4096

struct happens_before { /* zeroed: empty */
	bool *links; /* of each link, from 1: it holds */
	uint32_t link_count;
	size_t link_room;
	struct segment *segments; /* the segment's id is its index + 1 */
	size_t count, room;
	uint32_t search;
	uint32_t *queue;
	size_t queue_room;
	uint64_t steps; /* made by all searches */
	struct {
		uint32_t a, b;
		bool answer;
	} cache[HAPPENS_BEFORE_CACHE];
};

void happens_before_free(struct happens_before *order);
uint32_t happens_before_segment(struct happens_before *order, uint32_t thread, uint32_t previous, uint32_t other);
/* As happens_before_segment, where `other` comes first only if the link holds to the end. */
uint32_t happens_before_linked(struct happens_before *order, uint32_t thread, uint32_t previous, uint32_t other,
                               uint32_t link);
uint32_t happens_before_link(struct happens_before *order);
void happens_before_unlink(struct happens_before *order, uint32_t link);
/* Whether segment a ended before segment b could begin. */
bool happens_before(struct happens_before *order, uint32_t a, uint32_t b);

#endif
