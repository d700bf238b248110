/* The findings that a report shows, one after the other, and each one's place in the source: for formats that
 * are lists. */
#ifndef RINGTAIL_QUERY_LISTING_H
#define RINGTAIL_QUERY_LISTING_H

#include "tools/query/frames.h"
#include "tools/query/process_rows.h"

struct listed {
	const struct process *process;
	int64_t ordinal;
	const char *kind, *class, *id, *message; /* class: NULL where there is none */
	const char *suppressed_by;               /* NULL: it is not suppressed */
	int64_t blocks, bytes, times;
	char name[96]; /* kind:class */
};

/* Of all processes, worst first in each; those that are suppressed too. */
void listing_each(struct query *query, void (*take)(void *context, const struct listed *), void *context);

/* Its stacks: columns label, thread, at, stack, two for the order, and the process that the stack is of.  Those of the
 * edges of a deadlock come last. */
sqlite3_stmt *listing_stacks(struct query *query, int64_t process, int64_t finding);

/* Where it is: the innermost frame of the program's own on the first stack that has one.  To be freed. */
struct place {
	struct frames frames;
	const struct frame *frame; /* in frames; NULL where no stack is known */
};
struct place listing_place(struct query *query, const struct listed *listed);
void listing_place_free(struct place *place);
/* Innermost frame that is not the runtime's; those of a file come before those without. */
const struct frame *listing_own_frame(const struct frames *frames);

/* What the report counts as an error; the rest are warnings, and notes what is shown on request only. */
enum severity { SEVERITY_NOTE, SEVERITY_WARNING, SEVERITY_ERROR };
enum severity listing_severity(const struct query *query, const struct listed *listed);

#endif
