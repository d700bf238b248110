/*
 * A row of the torture suite: one shell script, run without ringtail and with it.  In the script
 *
 *   $watch     stands before what is to be watched: nothing, `ringtail run ... --`, or `env LD_PRELOAD=...
 * RINGTAIL=...` $shim      is libringtail.so, or nothing where ringtail is not there $run       is where the
 * run goes $build     is the build directory, $programs the one of the test programs, $here tests/torture
 *
 * Its output must be the same each time, and its exit status 0.  What else is expected is said in the row; what
 * was observed becomes one line of $RT_BUILD/torture.txt.
 */
#ifndef TESTS_TORTURE_ROW_H
#define TESTS_TORTURE_ROW_H

#include "tests/harness/rt.h"

struct row {
	const char *name;
	const char *expected; /* in words */
	const char *script;
	long long least;  /* allocations recorded at least, over all processes, and no event lost; or: */
	const char *said; /* in one of ringtail's lines on stderr; "": it has nothing to say */
	double timeout;   /* seconds for each run of the script */
};

#define NOTHING  (-1) /* no process was recorded */
#define SOME     (-2) /* something was, and something may have been lost */
#define ANYTHING 0

/* 77 from a script: this machine does not let us do that (no namespaces, no such kernel feature); the row is
 * skipped. */
#define ROW_CANNOT 77

void row_hold(enum mode mode, const struct row *row);

#endif
