/* One row of the process table, as a struct. */
#ifndef RINGTAIL_QUERY_PROCESS_ROWS_H
#define RINGTAIL_QUERY_PROCESS_ROWS_H

#include "tools/query/query.h"

struct process { /* texts belong to the statement and are valid until its next row */
	int64_t id, pid, image, parent;
	const char *exe, *command, *started; /* command: JSON array */
	double seconds;
	bool at_least;                    /* nothing saw its end: it lived for `seconds` or longer */
	const char *end_how, *end_signal; /* end_signal: NULL if not known */
	bool has_status, command_truncated, final;
	int end_status;
	int64_t events_recorded, events_lost, depth;
	bool watch_heap, watch_locks, leak_scan_done;
	const char *stacks, *why_not;
	double leak_scan_pause, leak_scan_seconds;
	int64_t findings;
};

/* All processes, in the order in which they started. */
sqlite3_stmt *process_query(struct query *query);
/* The process with this id alone. */
sqlite3_stmt *process_query_one(struct query *query, int64_t process);
bool process_next(struct query *query, sqlite3_stmt *statement, struct process *process);

/* Facts about the whole run, from the meta table, or from the first process where that has none.  Texts are malloced,
 * or NULL. */
struct run {
	char *directory, *started, *command; /* command: JSON array */
	double seconds;
	bool at_least; /* of one of its processes, nothing saw the end */
};
struct run run_load(struct query *query);
void run_free(struct run *run);

#endif
