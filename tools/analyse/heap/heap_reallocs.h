/*
 * Reallocations under way, one for each lane.  At RT_REALLOC_BEGIN the old block is set aside, because another thread
 * may get its address before the call has returned.  It counts as live until RT_REALLOC_END.
 */
#ifndef RINGTAIL_ANALYSE_HEAP_REALLOCS_H
#define RINGTAIL_ANALYSE_HEAP_REALLOCS_H

#include "tools/analyse/heap/heap_blocks.h"
#include "tools/analyse/heap/heap_times.h"
#include "tools/base/u64_map.h"
#include "tools/finding/live_block.h"

struct pending_realloc {
	uint32_t lane;
	bool open, known; /* open: the call is under way.  known: `old` is its block */
	struct block old;
};

struct realloc_table {
	struct u64_map lanes; /* index + 1 into items */
	struct pending_realloc *items;
	size_t count, room;
};

void reallocs_free(struct realloc_table *table);
/* Valid until the next call for another lane. */
struct pending_realloc *reallocs_of(struct realloc_table *table, uint32_t lane);
/* True if no reallocation is known to be under way. */
bool reallocs_settled(const struct realloc_table *table);
/* All live blocks, also the ones set aside, in no particular order; malloced.  missing_until: no missing event has a
 * later stamp, 0: no event is missing.  Blocks that are not known to have been allocated after that are unproven. */
struct live_block *reallocs_live_blocks(const struct realloc_table *table, const struct block_table *blocks,
                                        const struct heap_times *times, uint64_t missing_until, size_t *count);

#endif
