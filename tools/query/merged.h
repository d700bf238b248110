/* The findings of all processes as one list: what several processes have in common, as workers do, is one finding. */
#ifndef RINGTAIL_QUERY_MERGED_H
#define RINGTAIL_QUERY_MERGED_H

#include <stddef.h>

#include "tools/query/process_rows.h"

struct merged_finding {
	int64_t process, ordinal; /* its first instance */
	char *id;
	char *exe;                     /* path of the program that has it; NULL: several programs have it */
	unsigned rank;                 /* kind_rank */
	uint64_t processes;            /* process images that have it */
	uint64_t of;                   /* process images of that program; of all programs if exe is NULL */
	uint64_t blocks, bytes, times; /* sums over the processes */
	uint64_t kept_blocks, kept_bytes;
};

struct merged_findings {
	struct merged_finding *items; /* worst first, as within one process */
	size_t count, room;
	uint64_t processes; /* that have any */
};

/* Merges the findings that the report shows, without those that are suppressed, by their ids.  Free it with
 * merged_free. */
struct merged_findings merged_load(struct query *query);
void merged_free(struct merged_findings *merged);

#endif
