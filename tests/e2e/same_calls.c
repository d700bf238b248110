/* Programs make the same system calls with ringtail as without it, but for the shim's own: a sample of
 * tests/transparency. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/harness/rt.h"

TEST_SUITE(same_calls);

#define SCRIPT "tests/transparency/transparency.py"

static void expect_same_calls(const char *name)
{
	char script[RT_PATH + sizeof SCRIPT];
	const char *argv[] = {script, rt_built(""), "--strace-only", name, NULL};

	cr_assert(getcwd(script, RT_PATH));
	strcat(script, "/" SCRIPT);
	struct outcome outcome = spawn((struct command){.argv = argv, .timeout = 250});
	cr_expect_eq(outcome.status, 0, "%s%s", outcome.out, outcome.err);
	outcome_free(&outcome);
}

#define SAME(name)                                                                                                     \
	Test(same_calls, name, .timeout = 300) { expect_same_calls(#name); }
SAME(ls)
SAME(kill)
SAME(find)
SAME(gzip)
SAME(make)
SAME(python3)
SAME(dash)
SAME(bash)
SAME(vim)
SAME(curl)
SAME(sqlite3)
SAME(ldd)
