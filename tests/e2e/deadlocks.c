/* Predicted deadlocks, to the last name: deadlocks.def. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/e2e/named.h"
#include "tests/e2e/rt.h"

TEST_SUITE(deadlocks);

static void expect_predicted(enum way way, const char *program, const char *source, const char *shape,
                             const char *expected)
{
	struct rt rt = rt_new();
	char line[128], edges[NAMED_TEXT], *found;
	json_t *process;

	snprintf(line, sizeof line, "%s %s", program, shape);
	rt_program(&rt, way, line);
	cr_expect_eq(rt.program.status, 0, "%s: status %d: %s", line, rt.program.status, rt.program.err);
	process = rt_process(&rt, program);
	found = findings_summary(process, false);
	cr_expect_str_eq(found, "deadlock:predicted=1", "%s: found %s", line, found);
	named_edges(named_only(process, "deadlock", "predicted"), rt.program.out, source, edges);
	cr_expect_str_eq(edges, expected, "%s:\n  expected \"%s\"\n  found    \"%s\"", line, expected, edges);
	free(found);
	rt_end(&rt);
}

#define PREDICTED(program, shape, edges)                                                                     \
	Test(deadlocks, program##_##shape##_run)                                                             \
	{                                                                                                    \
		expect_predicted(WAY_RUN, #program, #program ".c", #shape, edges);                           \
	}                                                                                                    \
	Test(deadlocks, program##_##shape##_preload)                                                         \
	{                                                                                                    \
		expect_predicted(WAY_PRELOAD, #program, #program ".c", #shape, edges);                       \
	}
#include "tests/e2e/deadlocks.def"
