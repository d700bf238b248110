/*
 * A database that is asked, and which of its findings are wanted.  What a report says is what such queries answer, and
 * nothing else; how it is printed is the renderers' business (tools/render/report.h).
 */
#ifndef RINGTAIL_QUERY_QUERY_H
#define RINGTAIL_QUERY_QUERY_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "tools/base/error.h"

/* The caller sets db, directory and err, which must outlive it.  Used by one thread. */
struct query {
	sqlite3 *db;
	const char *directory;           /* as the user knows it */
	const char *only;                /* "KIND[:CLASS],...", NULL: all that are worth a look */
	const char *fail_on;             /* the same: what is an error; NULL: the default */
	struct frame_cache *frame_cache; /* kept from one stack to the next; NULL until a stack is asked for */
	bool failed;                     /* err is filled; what is asked for after this gives nothing */
	struct error *err;
};

void query_close(struct query *query);

/* A statement with its integer parameters bound, to be finalized; NULL when it failed. */
sqlite3_stmt *query_rows(struct query *query, const char *sql, int count, ...);
/* Whether there is a next row. */
bool query_next(struct query *query, sqlite3_stmt *statement);
/* A column's text, good until the next row; "?" or NULL for SQL's NULL. */
const char *query_text(sqlite3_stmt *row, int column);
const char *query_text_or_null(sqlite3_stmt *row, int column);
/* First column of the first row; fallback where there is none. */
int64_t query_number(struct query *query, const char *sql, int64_t process, int64_t fallback);
/* The number of the database's schema, which `ringtail sql` and JSON show. */
int query_schema(struct query *query);

/* Whether a finding of this kind and class is wanted. */
bool query_wants(const struct query *query, const char *kind, const char *class);
/* Whether a check fails on it. */
bool query_fails(const struct query *query, const char *kind, const char *class);
/* The list of kinds on which a check fails. */
const char *query_fail_on(const struct query *query);
/* Whether people are shown it without further asking. */
bool query_shows(const struct query *query, const char *kind, const char *class);

/* In a query over finding_edge: the process of the edge's stacks. */
#define EDGE_HOME                                                                                            \
	"coalesce((SELECT max(home.id) FROM process home WHERE home.pid = finding_edge.pid), finding_edge.process)"

#endif
