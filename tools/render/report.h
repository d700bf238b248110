/*
 * Reports: a query whose answers are printed, and how.  Each format is a function; those of one family share a folder.
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
#define PART_DETAIL   16u /* all there is on the part, not its summary */

struct report {
	struct query query;
	FILE *out;
	unsigned parts;
	unsigned limit;                  /* items in a list, 0: all */
	const struct suppress *suppress; /* applied to db; NULL: nothing is suppressed, and db is as it is stored */
	bool full_stacks;
	unsigned unread; /* processes that are not in the database, as what they recorded could not be read */
	/* For a reader with the tables, JSON has [process, number] in place of a stack's frames, no sites, and weights of findings.
	 * NULL: JSON for everybody. */
	const struct stack_numbers *numbers;
	bool color;
	unsigned width;
};

/* listing_each, with the report. */
void report_each_finding(struct report *report, void (*take)(struct report *, const struct listed *, void *), void *context);

/* query, out and parts are set by the caller; true: everything was written. */
bool render_text(struct report *report);
bool render_json(struct report *report);
/* The findings that the report shows, one line each: FILE:LINE: KIND:CLASS: what [ID]. */
bool render_lines(struct report *report);
/* The same for GitHub, GitLab and others: code scanning, test results, annotations. */
bool render_sarif(struct report *report);
bool render_junit(struct report *report);
bool render_github(struct report *report);
/* A page to explore all of it in a browser: one file (tools/html). */
bool render_html(struct report *report);
/* A rule for each of them that would suppress it. */
bool render_rules(struct report *report);
/* The findings alone, of the first so many processes. */
bool render_findings(struct report *report, unsigned processes);
/* The few lines at the end of `ringtail run`. */
bool render_summary(struct report *report);

/* Two runs compared: of each side its report, on the database that the diff was made from.  Written to the new one's out. */
struct diff_report {
	const struct diff *diff;
	struct report *sides[2]; /* by enum diff_side */
};
bool render_diff_text(const struct diff_report *compared);
bool render_diff_json(const struct diff_report *compared);
bool render_diff_html(const struct diff_report *compared);

#endif
