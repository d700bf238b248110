/*
 * Single waits and holds for a timeline: the longest of them, as there may be any number.  How many there were in all is
 * known from the sums over classes of locks.
 */
#ifndef RINGTAIL_ANALYSE_LOCK_INTERVALS_H
#define RINGTAIL_ANALYSE_LOCK_INTERVALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INTERVALS_MOST 4096u

struct lock_interval {
	uint64_t since, ticks, address;
	uint32_t thread, other; /* other: of a wait, who was waited for; 0 not known */
	uint32_t class;         /* of the lock, id */
	uint32_t stack;
	bool hold; /* else a wait */
};

struct lock_intervals { /* zeroed: empty; a heap, the shortest on top, until it is sorted */
	struct lock_interval *items;
	size_t count, room;
};

void lock_intervals_free(struct lock_intervals *intervals);
void lock_intervals_keep(struct lock_intervals *intervals, const struct lock_interval *interval);
/* By their beginning.  Nothing may be kept after that. */
void lock_intervals_sort(struct lock_intervals *intervals);

/* Whether one of so many ticks would be kept. */
static inline bool lock_intervals_want(const struct lock_intervals *intervals, uint64_t ticks)
{
	return intervals->count < INTERVALS_MOST || ticks > intervals->items[0].ticks;
}

#endif
