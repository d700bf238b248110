/*
 * Single waits and holds, for a timeline.  There may be any number of them, so only the longest are kept.  The sums
 * over the classes of locks tell how many there were.
 */
#ifndef RINGTAIL_ANALYSE_LOCK_INTERVALS_H
#define RINGTAIL_ANALYSE_LOCK_INTERVALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INTERVALS_MOST 4096u

struct lock_interval {
	uint64_t since, ticks, address;
	uint32_t thread, other; /* other: in a wait, the thread that was waited for; 0: not known */
	uint32_t class;         /* id of the lock's class */
	uint32_t stack;
	bool hold; /* false: a wait */
};

struct lock_intervals { /* zeroed: empty; until it is sorted, a binary heap with the shortest on top */
	struct lock_interval *items;
	size_t count, room;
};

void lock_intervals_free(struct lock_intervals *intervals);
void lock_intervals_keep(struct lock_intervals *intervals, const struct lock_interval *interval);
/* Sorts by `since`.  lock_intervals_keep must not be called after that. */
void lock_intervals_sort(struct lock_intervals *intervals);

/* True if lock_intervals_keep would keep an interval of this length. */
static inline bool lock_intervals_want(const struct lock_intervals *intervals, uint64_t ticks)
{
	return intervals->count < INTERVALS_MOST || ticks > intervals->items[0].ticks;
}

#endif
