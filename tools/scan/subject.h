/*
 * What a scan is of: a ring that is being read, and what it asks of the events read from it.
 *
 * Events may go into the full analysis (scan_subject_of, of a reader that makes the report later) or into the small
 * table of what is live (live_subject in live.h, of the tool that a program waits for at its end).  Each answers by a
 * table of functions of its own.  context: the struct analysis or the struct live.
 */
#ifndef RINGTAIL_SCAN_SUBJECT_H
#define RINGTAIL_SCAN_SUBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/analyse/threads/threads.h"
#include "tools/finding/live_block.h"
#include "tools/source/merge.h"
#include "tools/source/ring_file.h"

struct recording;
struct allocator_maps;

/* Each answer is of the events delivered so far. */
struct scan_knowledge {
	/* Takes events, in order. */
	merge_sink *deliver;
	/* True if no reallocation is known to be under way. */
	bool (*is_settled)(const void *context);
	/* Blocks that are live, excluding blocks that are being reallocated. */
	size_t (*live_count)(const void *context);
	/* The same blocks, in no order; malloced.  missing_until: as for heap_live_blocks. */
	struct live_block *(*live_blocks)(const void *context, uint64_t missing_until, size_t *count);
	/* The stack that a site number of live_blocks stands for. */
	uint32_t (*site_stack)(const void *context, uint32_t site);
	/* All threads that the events name; good until more events are delivered. */
	const struct thread_result *(*threads)(const void *context, size_t *count);
	/* What the allocator has mapped; good until more events are delivered. */
	const struct allocator_maps *(*allocator_maps)(const void *context);
	/* Children that the process made by fork. */
	uint64_t (*forks)(const void *context);
};

struct scan_subject {
	struct ring_file *ring;
	struct merge *merge;
	const struct scan_knowledge *knowledge;
	void *context;
	bool alone; /* this process ends soon after the scan: it need not be made in a thread of its own (target.h) */
};

/* The recording must outlive the subject. */
struct scan_subject scan_subject_of(struct recording *recording);

#endif
