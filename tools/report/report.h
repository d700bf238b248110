/*
 * A report: a query whose results are printed, and the settings for that.  The room has its JSON, which `--format json`
 * and the HTML page share; tools/render and tools/html have all other formats.
 */
#ifndef RINGTAIL_REPORT_REPORT_H
#define RINGTAIL_REPORT_REPORT_H

#include <stdio.h>

#include "tools/query/query.h"

struct diff;
struct listed;
struct stack_numbers;
struct suppress;

/* Parts of a report. */
#define PART_FINDINGS 1u
#define PART_THREADS  2u
#define PART_HEAP     4u
#define PART_LOCKS    8u
#define PART_DETAIL   16u /* everything about a part, instead of its summary */

struct report {
	struct query query;
	FILE *out;
	unsigned parts;
	unsigned limit;                  /* the most items in a list; 0: all */
	const struct suppress *suppress; /* applied to db; NULL: nothing is suppressed */
	bool full_stacks;
	unsigned unread; /* number of processes that are not in the database because their rings could not be read */
	/* Set for the HTML page, which has stacks, sites and the heap's samples as tables.  Its JSON has
	 * [process, number] in place of a stack's frames, no sites and samples, and weights of findings.  NULL:
	 * ordinary JSON. */
	const struct stack_numbers *numbers;
	bool color;
	unsigned width;
};

/* As listing_each; take gets the report too. */
void report_each_finding(struct report *report, void (*take)(struct report *, const struct listed *, void *),
                         void *context);

/* Prints the report as JSON, for programs and for the HTML page.  The caller sets query, out and parts.  True:
 * everything was written. */
bool report_json(struct report *report);

/* A comparison of two runs: the report of each side is on the database from which the diff was made.  The result is
 * written to `out` of the new side. */
struct diff_report {
	const struct diff *diff;
	struct report *sides[2]; /* by enum diff_side */
};
bool report_diff_json(const struct diff_report *compared);

#endif
