/* Lists the findings that a report shows, with the place of each in the source code: for output formats that are
 * lists. */
#ifndef RINGTAIL_QUERY_LISTING_H
#define RINGTAIL_QUERY_LISTING_H

#include "tools/query/frames.h"
#include "tools/query/process_rows.h"
#include "tools/query/where.h"

struct listed {
	const struct process *process;
	int64_t ordinal;
	const char *kind, *class, *id, *message; /* class: NULL if it has none */
	const char *suppressed_by;               /* NULL: it is not suppressed */
	bool by_default;                         /* suppressed by a rule of ringtail's own */
	int64_t blocks, bytes, times;
	int64_t kept_blocks, kept_bytes; /* lost with these */
	bool information;                /* finding.information */
	char name[96];                   /* kind:class */
};

/* Calls take for each finding of all processes, worst first within a process.  Suppressed findings are included. */
void listing_each(struct query *query, void (*take)(void *context, const struct listed *), void *context);

/* The stacks of a finding, as rows with these columns: label, thread, at, stack, two columns for the order, and the
 * process of the stack.  The stacks of a deadlock's edges come last.  The caller ends the rows with query_done. */
sqlite3_stmt *listing_stacks(struct query *query, int64_t process, int64_t finding);

/* The place of a finding: where_in_source (where.h), on the first stack that has one.  The caller frees it with
 * listing_place_free. */
struct place {
	struct frames frames;
	struct where where; /* in frames; where.frame is NULL if no stack is known */
};
struct place listing_place(struct query *query, const struct listed *listed);
void listing_place_free(struct place *place);

/* Errors are findings that the report counts as errors; notes are those that it shows on request only; all others are
 * warnings. */
enum severity { SEVERITY_NOTE, SEVERITY_WARNING, SEVERITY_ERROR };
enum severity listing_severity(const struct query *query, const struct listed *listed);

#endif
