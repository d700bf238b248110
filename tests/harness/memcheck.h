/*
 * The leaks that valgrind's memcheck reports, and the leaks that ringtail reports, in one form:
 *
 *   "definite=1/24 indirect=199/6376 reachable=1/4096"
 *
 * gives the blocks and bytes of each class that has any; "none" if no class has any.  Processes are separated by "; ",
 * in the order in which they began.  For a process that called exec only the last image counts, as memcheck sees no
 * other.
 */
#ifndef TESTS_E2E_MEMCHECK_H
#define TESTS_E2E_MEMCHECK_H

#include "tests/harness/rt.h"

struct leak_class_sum {
	long long blocks, bytes;
};

enum { SUM_DEFINITE, SUM_INDIRECT, SUM_POSSIBLE, SUM_REACHABLE, SUM_CLASSES };

#define SUMS_PROCESSES 64

struct leak_sums {
	size_t processes;
	struct leak_class_sum of[SUMS_PROCESSES][SUM_CLASSES];
};

/*
 * Run a command line under memcheck, and under ringtail (as MODE_PRELOAD), in rt's work directory.  Both environments
 * have as many variables, of the same lengths, because programs copy their environment.  The line may be "NAME.sh
 * ARGUMENTS", a shell script of data: then only the command after $WATCHED in the script is watched.
 */
struct leak_sums leaks_by_memcheck(struct rt *rt, const char *line);
struct leak_sums leaks_by_ringtail(struct rt *rt, const char *line);

/* The sums of a whole report, and of one process in it. */
struct leak_sums leaks_reported(json_t *report);
struct leak_sums leaks_of_process(const json_t *process);

/* Both results are malloced.  The second tells what ringtail has more or less than memcheck: "definite-1/-24
 * reachable+1/+24", or "same". */
char *leak_sums_text(const struct leak_sums *sums);
char *leak_sums_difference(const struct leak_sums *ringtail, const struct leak_sums *memcheck);

#endif
