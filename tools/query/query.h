/*
 * A query: a database to read, and which of its findings are wanted.  All facts in a report come from such queries.
 * tools/report, tools/render and tools/html decide how they are printed.
 */
#ifndef RINGTAIL_QUERY_QUERY_H
#define RINGTAIL_QUERY_QUERY_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "tools/base/error.h"

/* The caller sets db, directory and err, which must outlive the query.  One thread uses a query at a time. */
struct query {
	sqlite3 *db;
	const char *directory;           /* the run, as the user named it */
	const char *only;                /* wanted findings, "KIND[:CLASS],..."; NULL: all but mere information */
	const char *fail_on;             /* findings that are errors, in the same form; NULL: the default */
	struct frame_cache *frame_cache; /* kept from one stack to the next; NULL until the first stack is loaded */
	struct kept_statements *kept;    /* by query_again; NULL until its first call */
	bool failed;                     /* err is filled; all later queries give no rows */
	struct error *err;
};

void query_close(struct query *query);

/* Prepares a statement and binds `count` integers to its parameters.  The caller finalizes it.  NULL if that failed. */
sqlite3_stmt *query_rows(struct query *query, const char *sql, int count, ...);
/*
 * The same for a statement that is asked many times: it stays prepared until query_close, under the address of its
 * text. The caller ends it with query_done.  Preparing costs more than the few rows of one process or one finding.
 */
sqlite3_stmt *query_again(struct query *query, const char *sql, int count, ...);
void query_done(struct query *query, sqlite3_stmt *statement);
/* Steps to the next row; false if there is none. */
bool query_next(struct query *query, sqlite3_stmt *statement);
/* The text of a column, valid until the next row.  For SQL's NULL, the first function returns "?" and the second
 * NULL. */
const char *query_text(sqlite3_stmt *row, int column);
const char *query_text_or_null(sqlite3_stmt *row, int column);
/* The first column of the first row; fallback if there is no row, or if that is NULL. */
int64_t query_number(struct query *query, const char *sql, int64_t process, int64_t fallback);
/* The number of the database's schema, which `ringtail sql` and JSON show. */
int query_schema(struct query *query);

/* True if a finding of this kind and class is wanted. */
bool query_wants(const struct query *query, const char *kind, const char *class);
/* A finding's kind and class, and finding.information. */
struct finding_weight {
	const char *kind, *class; /* class NULL: it has none */
	bool information;
};
/* True if this finding is wanted. */
bool query_wants_finding(const struct query *query, struct finding_weight weight);
/* True if a check fails on such a finding. */
bool query_fails(const struct query *query, struct finding_weight weight);
/* True if the finding is for information, as one or as all of its class. */
bool query_is_quiet(struct finding_weight weight);
/* The place of a kind and class among others in a report: the lowest comes first.  class NULL: it has none. */
unsigned query_rank(const char *kind, const char *class);
/* The list of kinds on which a check fails. */
const char *query_fail_on(const struct query *query);
/* True if reports show such a finding: one that `only` names, or, without `only`, one that is not mere information. */
bool query_shows(const struct query *query, struct finding_weight weight);

/* For SQL over finding_edge or finding_stack: the process of the row's stacks. */
#define EDGE_HOME  HOME_OF("finding_edge")
#define STACK_HOME HOME_OF("finding_stack")
#define HOME_OF(table)                                                                                                 \
	"coalesce((SELECT max(home.id) FROM main.process home WHERE home.pid = " table ".pid), " table ".process)"

#endif
