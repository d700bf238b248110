/*
 * A row of the torture suite: one shell script, run without ringtail and with it.  In the script
 *
 *   $watch     stands before the watched command: nothing, `ringtail run ... --`, or
 *              `env LD_PRELOAD=... RINGTAIL=...`
 *   $watch_races  is the same with the option races; with RINGTAIL_TORTURE=races $watch is, too
 *   $shim      is libringtail.so, or nothing without ringtail
 *   $run       is the run directory
 *   $build     is the build directory; $programs that of the test programs; $here is tests/torture
 *
 * Its output must be the same each time, and its exit status 0.  The row says what else is expected.  The observations
 * become one line of $RT_BUILD/torture.txt.
 */
#ifndef TESTS_TORTURE_ROW_H
#define TESTS_TORTURE_ROW_H

#include "tests/harness/rt.h"

struct row {
	const char *name;
	const char *expected; /* in words */
	const char *script;
	long long least;  /* allocations recorded at least, over all processes, with no event lost; or NOTHING... */
	const char *said; /* text in one of ringtail's lines on stderr; "": with the library alone there is no line */
	double timeout;   /* seconds for each run of the script */
};

#define NOTHING  (-1) /* no process was recorded */
#define SOME     (-2) /* events were recorded, and some may have been lost */
#define ANYTHING 0

/* Exit status of a script that this machine cannot run (no namespaces, no such kernel feature): the row is skipped. */
#define ROW_CANNOT 77

void row_hold(enum mode mode, const struct row *row);

#endif
