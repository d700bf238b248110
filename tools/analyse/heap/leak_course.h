/*
 * How the leaked blocks of one call stack came to be over the run, as far as the counts prove it.
 *
 * The counts are those of the heap's looks (heap_levels.h), which are made after equal numbers of calls.  They count
 * live blocks: so they speak of the leaked ones only where all live blocks of the stack are leaked at the end.
 */
#ifndef RINGTAIL_ANALYSE_LEAK_COURSE_H
#define RINGTAIL_ANALYSE_LEAK_COURSE_H

#include "tools/analyse/heap/heap_levels.h"
#include "tools/finding/findings.h"

#define COURSE_QUARTERS 4

struct leak_course {
	enum finding_course course;
	uint64_t blocks[COURSE_QUARTERS]; /* COURSE_GROWING: that were live after each quarter of the looks */
};

/* What the courses of leaks are found by.  Both are as heap_finish leaves them. */
struct leak_history {
	const struct site_table *sites;
	const struct levels *levels;
};

/* blocks: how many blocks of the stack are leaked, with those that were lost with others.  history NULL: nothing is
 * known. */
struct leak_course leak_course(const struct leak_history *history, uint32_t stack, uint64_t blocks);

#endif
