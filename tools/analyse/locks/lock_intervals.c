#include "tools/analyse/locks/lock_intervals.h"

#include <stdlib.h>

#include "tools/base/memory.h"

void lock_intervals_free(struct lock_intervals *intervals)
{
	free(intervals->items);
	*intervals = (struct lock_intervals){0};
}

static void swap(struct lock_interval *a, struct lock_interval *b)
{
	struct lock_interval held = *a;

	*a = *b;
	*b = held;
}

static void rise(struct lock_interval *items, size_t i)
{
	for (; i && items[i].ticks < items[(i - 1) / 2].ticks; i = (i - 1) / 2)
		swap(&items[i], &items[(i - 1) / 2]);
}

static void sink(struct lock_interval *items, size_t count)
{
	for (size_t i = 0, child; (child = 2 * i + 1) < count; i = child) {
		if (child + 1 < count && items[child + 1].ticks < items[child].ticks)
			child++;
		if (items[i].ticks <= items[child].ticks)
			return;
		swap(&items[i], &items[child]);
	}
}

void lock_intervals_keep(struct lock_intervals *intervals, const struct lock_interval *interval)
{
	if (!lock_intervals_want(intervals, interval->ticks))
		return;
	if (intervals->count < INTERVALS_MOST) {
		GROW(intervals->items, intervals->room, intervals->count + 1);
		intervals->items[intervals->count] = *interval;
		rise(intervals->items, intervals->count++);
		return;
	}
	intervals->items[0] = *interval;
	sink(intervals->items, intervals->count);
}

static int by_beginning(const void *left, const void *right)
{
	const struct lock_interval *a = left, *b = right;

	if (a->since != b->since)
		return a->since < b->since ? -1 : 1;
	if (a->thread != b->thread)
		return a->thread < b->thread ? -1 : 1;
	return a->ticks > b->ticks ? -1 : a->ticks < b->ticks;
}

void lock_intervals_sort(struct lock_intervals *intervals)
{
	if (intervals->count)
		qsort(intervals->items, intervals->count, sizeof *intervals->items, by_beginning);
}
