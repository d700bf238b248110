/* What can reach the live blocks of real programs, held to memcheck: leak_programs.def. */
#include <criterion/criterion.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "tests/e2e/memcheck.h"

TEST_SUITE(leak_programs);

static void make_repository(struct rt *rt)
{
	const char *argv[] = { "sh", "data/git.sh", NULL };
	struct outcome outcome = spawn((struct command){ .argv = argv, .directory = rt->work });

	cr_assert_eq(outcome.status, 0, "git: %s", outcome.err);
	outcome_free(&outcome);
}

static void expect_program(const char *line, const char *difference)
{
	struct rt rt = rt_new();
	struct leak_sums memcheck, ringtail;

	rt.timeout = 240;
	if (!strncmp(line, "git ", 4))
		make_repository(&rt);
	memcheck = leaks_by_memcheck(&rt, line);
	cr_expect_eq(rt.program.status, 0, "%s: status %d under memcheck: %s", line, rt.program.status, rt.program.err);
	ringtail = leaks_by_ringtail(&rt, line);
	cr_expect_eq(rt.program.status, 0, "%s: status %d: %s", line, rt.program.status, rt.program.err);
	char *by_memcheck = leak_sums_text(&memcheck), *less = leak_sums_difference(&ringtail, &memcheck);
	cr_expect_eq(fnmatch(difference, less, FNM_EXTMATCH), 0, "%s: ringtail: %s; memcheck: %s; not: %s", line, less, by_memcheck,
	                 difference);
	free(by_memcheck);
	free(less);
	rt_end(&rt);
}

#define LEAK_PROGRAM(name, line, difference, why)                                                            \
	Test(leak_programs, name, .timeout = 600) { expect_program(line, difference); }
#include "tests/e2e/leak_programs.def"
