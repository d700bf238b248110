/* Expected findings, one row a program: findings.def. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
	if (strcmp(found, expected))
		rt_explain(&rt, "");
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

static void expect_of_own_delete(enum mode mode, const char *command, const char *expected)
{
	struct rt rt = rt_new();

	rt_program(&rt, mode, command);
	struct outcome report = rt_tool(&rt, "report RUN --only misuse");
	cr_expect(strstr(report.out, expected), "%s: no \"%s\" in %s", command, expected, report.out);
	outcome_free(&report);
	rt_end(&rt);
}

/* A library has operators new and delete for itself, and no symbols for them. */
Test(findings, own_operator_delete_is_no_misuse_run)
{
	expect_of_own_delete(MODE_RUN, "own_delete by_operator", "NO FINDINGS");
	expect_of_own_delete(MODE_RUN, "own_delete made_by_operator", "NO FINDINGS");
}
Test(findings, own_operator_delete_is_no_misuse_preload)
{
	expect_of_own_delete(MODE_PRELOAD, "own_delete by_operator", "NO FINDINGS");
	expect_of_own_delete(MODE_PRELOAD, "own_delete made_by_operator", "NO FINDINGS");
}
Test(findings, free_or_malloc_beside_own_operators_is_misuse)
{
	expect_of_own_delete(MODE_RUN, "own_delete by_free", "misuse:mismatched-free");
	expect_of_own_delete(MODE_RUN, "own_delete made_by_malloc", "misuse:mismatched-free");
}

#if defined(__x86_64__)
Test(findings, abba_no_hang_aarch64) { expect_findings(MODE_AARCH64, "abba_no_hang", "", "deadlock:predicted=1"); }
#endif
