/*
 * When blocks were allocated: just enough to tell which of them came after a given moment.
 *
 * Allocations are numbered in the order of their stamps, and a block keeps the low 32 bits of its number.  Of some
 * allocations both number and stamp are kept: of every one at first, then of every second, fourth, and so on, so that
 * memory stays bounded.  A block between two of these counts as allocated at the earlier one.
 */
#ifndef RINGTAIL_ANALYSE_HEAP_TIMES_H
#define RINGTAIL_ANALYSE_HEAP_TIMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct heap_time {
	uint64_t stamp, number; /* the allocations up to this stamp are those up to this number */
};

struct heap_times {                 /* zeroed: empty */
	uint64_t allocations, next; /* how many; the number at which the next entry is due */
	uint64_t step;              /* numbers between two entries */
	struct heap_time *entries;
	size_t count;
};

void heap_times_free(struct heap_times *times);
/* Adds an entry: all allocations so far have this stamp at most, and the later ones have it at least. */
void heap_times_keep(struct heap_times *times, uint64_t stamp);
/* True if blocks allocated after that stamp can be told from others.  *number is then the number of the last allocation
 * that may have come before. */
bool heap_times_after(const struct heap_times *times, uint64_t stamp, uint64_t *number);

/* The number of the next allocation, which has this stamp. */
static inline uint32_t heap_times_next(struct heap_times *times, uint64_t stamp)
{
	if (__builtin_expect(++times->allocations >= times->next, 0))
		heap_times_keep(times, stamp);
	return (uint32_t)times->allocations;
}

#endif
