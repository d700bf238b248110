#include "tools/analyse/heap/heap_reallocs.h"

#include <stdlib.h>

#include "tools/base/memory.h"

void reallocs_free(struct realloc_table *table)
{
	u64_map_free(&table->lanes);
	free(table->items);
	*table = (struct realloc_table){0};
}

struct pending_realloc *reallocs_of(struct realloc_table *table, uint32_t lane)
{
	uint64_t found = u64_map_get(&table->lanes, lane);

	if (!found) {
		GROW(table->items, table->room, table->count + 1);
		table->items[table->count] = (struct pending_realloc){.lane = lane};
		found = ++table->count;
		u64_map_put(&table->lanes, lane, found);
	}
	return &table->items[found - 1];
}

bool reallocs_settled(const struct realloc_table *table)
{
	for (size_t i = 0; i < table->count; i++)
		if (table->items[i].open && table->items[i].known)
			return false;
	return true;
}

struct proof { /* of which blocks the free is certainly not among the missing events */
	bool of_all, of_some;
	uint64_t number; /* of_some: those after this allocation */
};

static struct proof proof_of(const struct heap_times *times, uint64_t missing_until)
{
	struct proof proof = {.of_all = !missing_until};

	proof.of_some = missing_until && heap_times_after(times, missing_until, &proof.number);
	return proof;
}

static struct live_block live_block(const struct block *block, const struct proof *proof)
{
	bool proven = proof->of_all || (proof->of_some && block->serial > proof->number);

	return (struct live_block){
	    .address = block->address, .size = block->size, .site = block->site, .unproven = !proven};
}

struct live_block *reallocs_live_blocks(const struct realloc_table *table, const struct block_table *blocks,
                                        const struct heap_times *times, uint64_t missing_until, size_t *count)
{
	struct proof proof = proof_of(times, missing_until);
	size_t room = blocks->count + table->count + 1;
	struct live_block *list = memory_zeroed(room, sizeof *list);

	memory_dense(list, room * sizeof *list);
	*count = 0;
	for (size_t i = 0; i <= blocks->mask; i++)
		if (blocks->slots[i].address)
			list[(*count)++] = live_block(&blocks->slots[i], &proof);
	for (size_t i = 0; i < table->count; i++) {
		const struct pending_realloc *pending = &table->items[i];
		if (pending->open && pending->known && !blocks_find(blocks, pending->old.address))
			list[(*count)++] = live_block(&pending->old, &proof);
	}
	return list;
}
