/*
 * A report: a query whose results are printed, and the settings for that.  Each output format is a function; related
 * formats share a folder.
 */
#ifndef RINGTAIL_RENDER_REPORT_H
#define RINGTAIL_RENDER_REPORT_H

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
	/* Set for the HTML page, which has the stacks and sites as tables.  Its JSON has [process, number] in place
	 * of a stack's frames, no sites, and weights of findings.  NULL: ordinary JSON. */
	const struct stack_numbers *numbers;
	bool color;
	unsigned width;
};

/* As listing_each; take gets the report too. */
void report_each_finding(struct report *report, void (*take)(struct report *, const struct listed *, void *),
                         void *context);

/* The render functions: the caller sets query, out and parts.  They return true if everything was written. */
bool render_text(struct report *report);
bool render_json(struct report *report);
/* The findings that the report shows, one line each: FILE:LINE: KIND:CLASS: what [ID]. */
bool render_lines(struct report *report);
/* The same findings for GitHub, GitLab and others: code scanning, test results, annotations. */
bool render_sarif(struct report *report);
bool render_junit(struct report *report);
bool render_github(struct report *report);
/* A page to explore the whole run in a browser: one file (tools/html). */
bool render_html(struct report *report);
/* For each finding a rule that would suppress it. */
bool render_rules(struct report *report);
/* The findings alone, of the first `processes` processes. */
bool render_findings(struct report *report, unsigned processes);
/* The few lines at the end of `ringtail run`. */
bool render_summary(struct report *report);

/* A comparison of two runs: the report of each side is on the database from which the diff was made.  The result is
 * written to `out` of the new side. */
struct diff_report {
	const struct diff *diff;
	struct report *sides[2]; /* by enum diff_side */
};
bool render_diff_text(const struct diff_report *compared);
bool render_diff_json(const struct diff_report *compared);
bool render_diff_html(const struct diff_report *compared);

#endif
