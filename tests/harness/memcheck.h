/*
 * What valgrind's memcheck says of leaks, and what ringtail says, in one form:
 *
 *   "definite=1/24 indirect=199/6376 reachable=1/4096"
 *
 * are blocks and bytes of each class that has any, "none" if there is none, and processes are parted by "; " in the order
 * in which they began.  A process that became another by exec counts as its last image, as memcheck sees no other.
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
 * The line under memcheck and under ringtail (as WAY_PRELOAD), in rt's work directory and in environments of as many
 * variables of the same lengths: programs copy those.  "NAME.sh ARGUMENTS", one of data: a shell script, of which the
 * part behind $WATCHED alone is looked at.
 */
struct leak_sums leaks_by_memcheck(struct rt *rt, const char *line);
struct leak_sums leaks_by_ringtail(struct rt *rt, const char *line);

/* Of a report, and of a process of it. */
struct leak_sums leaks_reported(json_t *report);
struct leak_sums leaks_of_process(const json_t *process);

/* Both malloced.  The second: what ringtail has more or less, "definite-1/-24 reachable+1/+24", "same" if nothing. */
char *leak_sums_text(const struct leak_sums *sums);
char *leak_sums_difference(const struct leak_sums *ringtail, const struct leak_sums *memcheck);

#endif
