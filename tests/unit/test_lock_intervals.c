#include <criterion/criterion.h>

#include "tools/analyse/locks/lock_intervals.h"

Test(lock_intervals, the_longest_are_kept_in_their_order)
{
	struct lock_intervals intervals = {0};
	uint64_t shortest = UINT64_MAX;

	/* 7919 is prime to their number: every length from 0 to 3 * INTERVALS_MOST - 1 once, in no order */
	for (uint64_t i = 0; i < 3 * INTERVALS_MOST; i++)
		lock_intervals_keep(&intervals,
		                    &(struct lock_interval){.since = 1 + i, .ticks = i * 7919 % (3 * INTERVALS_MOST)});
	lock_intervals_sort(&intervals);
	cr_assert_eq(intervals.count, INTERVALS_MOST);
	for (size_t i = 0; i < intervals.count; i++) {
		if (intervals.items[i].ticks < shortest)
			shortest = intervals.items[i].ticks;
		cr_expect(!i || intervals.items[i - 1].since < intervals.items[i].since, "not in the order of time");
	}
	cr_expect_eq(shortest, 2 * INTERVALS_MOST, "the shortest that was kept has %lu ticks", (unsigned long)shortest);
	lock_intervals_free(&intervals);
}
