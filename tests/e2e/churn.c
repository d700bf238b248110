/* Blocks that come and go at one place, and those that only seem to. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/harness/rt.h"

TEST_SUITE(churn);

/* A shape of tests/programs/churn.c has one pool:churn finding, with so many allocations that a free list would serve,
 * in this function; "": it has none. */
static void expect_churn(const char *shape, long long times, const char *function)
{
	struct rt rt = rt_new();
	char line[64];
	const json_t *finding;
	size_t i, found = 0;

	snprintf(line, sizeof line, "churn %s", shape);
	rt_program(&rt, MODE_RUN, line);
	json_array_foreach(json_object_get(rt_process(&rt, "churn"), "findings"), i, finding)
	{
		if (strcmp(json_text(finding, "kind"), "pool"))
			continue;
		found++;
		const json_t *stack = json_array_get(json_object_get(finding, "stacks"), 0);
		const json_t *frame = json_array_get(json_object_get(stack, "frames"), 0);
		cr_expect_eq(json_number(finding, "times"), times, "%s: %lld", shape, json_number(finding, "times"));
		cr_expect_str_eq(json_text(frame, "function"), function);
	}
	cr_expect_eq(found, *function != 0, "%s: %zu findings", shape, found);
	rt_end(&rt);
}

#define CHURN(shape, times, function)                                                                                  \
	Test(churn, shape) { expect_churn(#shape, times, function); }

/* The number of rounds, without the blocks that are on the list at the end. */
CHURN(one_at_a_time, 9999, "one_at_a_time")
CHURN(a_queue, 9990, "a_queue")
CHURN(all_at_once_ok, 0, "")
CHURN(many_sizes_ok, 0, "")
CHURN(not_often_ok, 0, "")
CHURN(grown_ok, 0, "")
