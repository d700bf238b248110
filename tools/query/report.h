/*
 * What a report is made from: the database, and what the user asked to see.
 * Every report is queries over the database and nothing else.
 */
#ifndef RINGTAIL_RENDER_REPORT_H
#define RINGTAIL_RENDER_REPORT_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "tools/base/error.h"

struct stack_numbers;

/* Parts of a report. */
#define PART_FINDINGS 1u
#define PART_THREADS  2u
#define PART_HEAP     4u
#define PART_LOCKS    8u
#define PART_DETAIL   16u /* all there is on the part, not its summary */

struct report {
	sqlite3 *db;
	FILE *out;
	const char *directory; /* as the user knows it */
	unsigned parts;
	const char *only; /* "KIND[:CLASS],...", NULL: all that are worth a look */
	const char *fail_on; /* the same: what is an error; NULL: the default */
	unsigned limit;   /* items in a list, 0: all */
	const struct suppress *suppress; /* applied to db; NULL: nothing is suppressed, and db is as it is stored */
	bool full_stacks;
	unsigned unread; /* processes that are not in db, as what they recorded could not be read */
	/* For a reader with the tables, JSON has [process, number] in place of a stack's frames, no sites, and weights of findings.
	 * NULL: JSON for everybody. */
	const struct stack_numbers *numbers;
	bool color;
	unsigned width;
	/* Kept from one stack to the next. */
	struct frame_cache *frame_cache; /* NULL until a stack is asked for */
	bool failed; /* err is filled; what is asked for after this gives nothing */
	struct error *err;
};

/* out, db, directory and parts are set by the caller; true: everything was written. */
bool render_text(struct report *report);
bool render_json(struct report *report);
/* The findings that the report shows, one line each: FILE:LINE: KIND:CLASS: what [ID]. */
bool render_lines(struct report *report);
/* The same for GitHub, GitLab and others: code scanning, test results, annotations. */
bool render_sarif(struct report *report);
bool render_junit(struct report *report);
bool render_github(struct report *report);
/* A page to explore all of it in a browser: one file (tools/page). */
bool render_html(struct report *report);
/* A rule for each of them that would suppress it. */
bool render_rules(struct report *report);
/* The findings alone, of the first so many processes. */
bool render_findings(struct report *report, unsigned processes);
/* The few lines at the end of `ringtail run`. */
bool render_summary(struct report *report);
void report_close(struct report *report);

/* ---- queries, for the renderers -------------------------------------------------- */

/* A statement with its integer parameters bound, to be finalized; NULL when it failed. */
sqlite3_stmt *report_query(struct report *report, const char *sql, int count, ...);
/* Whether there is a next row. */
bool report_row(struct report *report, sqlite3_stmt *statement);
/* A column's text, good until the next row; "?" or NULL for SQL's NULL. */
const char *report_text(sqlite3_stmt *row, int column);
const char *report_text_or_null(sqlite3_stmt *row, int column);
/* First column of the first row; fallback where there is none. */
int64_t report_number(struct report *report, const char *sql, int64_t process, int64_t fallback);

/* Whether a finding of this kind and class is wanted. */
bool report_wants(const struct report *report, const char *kind, const char *class);
/* Whether a check fails on it. */
bool report_fails(const struct report *report, const char *kind, const char *class);
/* The list of kinds on which a check fails. */
const char *report_fail_on(const struct report *report);
/* Whether people are shown it without further asking. */
bool report_shows(const struct report *report, const char *kind, const char *class);

/* In a query over finding_edge: the process of the edge's stacks. */
#define EDGE_HOME                                                                                            \
	"coalesce((SELECT max(home.id) FROM process home WHERE home.pid = finding_edge.pid), finding_edge.process)"

/* ---- stacks ---------------------------------------------------------------------- */

struct frame { /* its texts are the report's */
	char *function, *file, *module, *build_id; /* NULL where not known */
	char *missing;                             /* what became of the module's file, where that is why */
	int64_t line, offset;
	int64_t into; /* bytes after the function's start; -1: not known, or of no use */
	bool inlined;
};

struct frames {
	struct frame *items; /* innermost first */
	unsigned count;
	unsigned root; /* RT_ROOT_* */
};

/* stack is a column that may be NULL: no frames then.  To be freed. */
struct frames frames_load(struct report *report, int64_t process, int64_t stack);
void frames_free(struct frames *frames);
void frame_cache_free(struct frame_cache *cache);
/* How many of them, from the innermost, are the program's own: main's callers are not. */
unsigned frames_own(const struct frames *frames);

#endif
