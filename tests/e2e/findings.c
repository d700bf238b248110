/* Expected findings, one row a program: findings.def. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/harness/rt.h"

TEST_SUITE(findings);

static void expect_findings(enum mode mode, const char *program, const char *arguments, const char *expected)
{
	struct rt rt = rt_new();
	char line[256], *found;

	snprintf(line, sizeof line, "%s %s", program, arguments);
	rt_program(&rt, mode, line);
	cr_expect_eq(rt.program.status, 0, "%s: status %d: %s", program, rt.program.status, rt.program.err);
	found = findings_summary(rt_process(&rt, program), false);
	cr_expect_str_eq(found, expected, "%s: expected \"%s\", found \"%s\"", program, expected, found);
	expect_sound_heap(rt_process(&rt, program));
	cr_expect_eq(events_lost(rt.json), 0, "%s: %lld events lost", program, events_lost(rt.json));
	free(found);
	rt_end(&rt);
}

#define FINDINGS(program, arguments, expected)                                                                         \
	Test(findings, program##_run) { expect_findings(MODE_RUN, #program, arguments, expected); }                    \
	Test(findings, program##_preload) { expect_findings(MODE_PRELOAD, #program, arguments, expected); }
/* One of a program's shapes: the arguments are its name. */
#define SHAPE(program, shape, expected)                                                                                \
	Test(findings, program##_##shape##_run) { expect_findings(MODE_RUN, #program, #shape, expected); }             \
	Test(findings, program##_##shape##_preload) { expect_findings(MODE_PRELOAD, #program, #shape, expected); }
#include "tests/e2e/tables/findings.def"

#if defined(__x86_64__)
Test(findings, abba_no_hang_aarch64) { expect_findings(MODE_AARCH64, "abba_no_hang", "", "deadlock:predicted=1"); }
#endif
