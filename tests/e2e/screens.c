/* The first screens of reports on the services of tests/screens/programs.txt, which need no package: `make screens` has
 * the others too. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "tests/harness/rt.h"

TEST_SUITE(screens);

static void expect_screen(const char *name)
{
	const char *build = getenv("RT_BUILD");
	const char *argv[] = {"/usr/bin/python3", "tests/screens/screens.py", build ? build : "build", name, NULL};
	struct outcome outcome = spawn((struct command){.argv = argv});

	cr_expect_eq(outcome.status, 0, "%s%s", outcome.out, outcome.err);
	outcome_free(&outcome);
}

#define SCREEN(name)                                                                                                   \
	Test(screens, name) { expect_screen(#name); }

SCREEN(forgets_errors)
SCREEN(locks_both_ways)
SCREEN(hangs_at_reload)
SCREEN(never_stops_a_worker)
SCREEN(cleans_up_twice)
SCREEN(leaks_in_workers)
SCREEN(keeps_cycles)
