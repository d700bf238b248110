/*
 * No leak is reported of programs that end in good order: clean_exits.def.  With MEMCHECK set in the environment,
 * memcheck is asked too.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "tests/harness/memcheck.h"

TEST_SUITE(clean_exits);

static void expect_nothing_lost(const char *who, const char *line, const struct leak_sums *sums)
{
	char *text = leak_sums_text(sums);

	cr_expect_geq(sums->processes, 1, "%s: %s saw no process", line, who);
	cr_expect_not(strstr(text, "definite") || strstr(text, "indirect"), "%s: %s: %s", line, who, text);
	free(text);
}

static void expect_clean(const char *line)
{
	struct rt rt = rt_new();
	struct leak_sums sums;

	if (getenv("MEMCHECK")) {
		sums = leaks_by_memcheck(&rt, line);
		expect_nothing_lost("memcheck", line, &sums);
	}
	sums = leaks_by_ringtail(&rt, line);
	cr_expect_eq(rt.program.status, 0, "%s: status %d: %s", line, rt.program.status, rt.program.err);
	expect_nothing_lost("ringtail", line, &sums);
	rt_end(&rt);
}

#define CLEAN(name, line)                                                                                              \
	Test(clean_exits, name, .timeout = 300) { expect_clean(line); }
#include "tests/e2e/tables/clean_exits.def"
