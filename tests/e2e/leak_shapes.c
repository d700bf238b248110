/* What can reach live blocks, shape by shape, held to memcheck: leak_shapes.def. */
#include <criterion/criterion.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "tests/harness/memcheck.h"

TEST_SUITE(leak_shapes);

static char *by_ringtail_run(const char *command)
{
	struct rt rt = rt_new();
	struct leak_sums sums;

	rt_program(&rt, MODE_RUN, command);
	sums = leaks_reported(rt_report(&rt));
	rt_end(&rt);
	return leak_sums_text(&sums);
}

static void expect_shape(const char *line, const char *expected, const char *difference)
{
	struct rt rt = rt_new();
	char command[2 * RT_PATH];
	struct leak_sums memcheck, ringtail;

	snprintf(command, sizeof command, "%s%s", rt_built("programs/"), line);
	memcheck = leaks_by_memcheck(&rt, command);
	ringtail = leaks_by_ringtail(&rt, command);
	char *by_memcheck = leak_sums_text(&memcheck), *less = leak_sums_difference(&ringtail, &memcheck);
	char *by_ringtail = leak_sums_text(&ringtail), *by_run = by_ringtail_run(command);
	cr_expect_eq(fnmatch(expected, by_memcheck, 0), 0, "%s: memcheck: %s; not: %s", line, by_memcheck, expected);
	cr_expect_str_eq(less, difference, "%s: ringtail: %s; memcheck: %s; not: %s", line, less, by_memcheck,
	                 difference);
	cr_expect_str_eq(by_run, by_ringtail, "%s: ringtail run: %s; without it: %s", line, by_run, by_ringtail);
	free(by_memcheck);
	free(by_ringtail);
	free(by_run);
	free(less);
	rt_end(&rt);
}

#define LEAK_C(name, expected, difference, why)                                                                        \
	Test(leak_shapes, c_##name) { expect_shape("leak_shapes " #name, expected, difference); }
#define LEAK_CC(name, expected, difference, why)                                                                       \
	Test(leak_shapes, cc_##name) { expect_shape("leak_shapes_cxx " #name, expected, difference); }
#define LEAK_OLD_STRING(name, expected, difference, why)                                                               \
	Test(leak_shapes, cc_##name) { expect_shape("leak_shapes_old_string " #name, expected, difference); }
#include "tests/e2e/tables/leak_shapes.def"
