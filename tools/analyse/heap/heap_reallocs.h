/*
 * Reallocations under way, of each lane: the old block is set aside at RT_REALLOC_BEGIN, as another thread
 * may get its address before the call has returned, and is live until RT_REALLOC_END.
 */
#ifndef RINGTAIL_ANALYSE_HEAP_REALLOCS_H
#define RINGTAIL_ANALYSE_HEAP_REALLOCS_H

#include "tools/analyse/heap/heap_blocks.h"
#include "tools/base/u64_map.h"
#include "tools/finding/live_block.h"

struct pending_realloc {
	uint32_t lane;
	bool open, known; /* known: old is the block */
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
/* None is known to be under way. */
bool reallocs_settled(const struct realloc_table *table);
/* All live blocks, those set aside included, in no order; malloced. */
struct live_block *reallocs_live_blocks(const struct realloc_table *table, const struct block_table *blocks,
                                        size_t *count);

#endif
