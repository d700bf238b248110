/*
 * A table of the live blocks by address.  Each malloc and free of the program needs a look-up, and most look-ups are a
 * cache miss: this table determines the speed of the reader.  It uses open addressing with linear probing, with two
 * blocks in a cache line.  When a block is removed, its successors move up, so that no deleted slots remain.
 */
#ifndef RINGTAIL_ANALYSE_HEAP_BLOCKS_H
#define RINGTAIL_ANALYSE_HEAP_BLOCKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct block {
	uint64_t address; /* 0: the slot is empty */
	uint64_t size;
	uint32_t site;   /* index of its site */
	uint32_t thread; /* index of the thread that allocated it */
	uint32_t serial; /* low bits of its number among all allocations (heap_times.h) */
	uint32_t share;  /* index + 1 of its group's share of the site; 0: it belongs to the site's first group */
};

struct block_table {
	struct block *slots;
	size_t mask, count, limit;
	unsigned shift;
};

void blocks_init(struct block_table *table);
void blocks_free(struct block_table *table);
/* The slot of the block at address (not 0), which is added if the table does not have it.  *existed false: the slot is
 * new and holds only the address.  Valid until the next call that changes the table. */
struct block *blocks_put(struct block_table *table, uint64_t address, bool *existed);
void blocks_remove(struct block_table *table, struct block *block);

static inline size_t blocks_home(const struct block_table *table, uint64_t address)
{
	return address * UINT64_C(0x9e3779b97f4a7c15) >> table->shift;
}

static inline void blocks_prefetch(const struct block_table *table, uint64_t address)
{
	__builtin_prefetch(&table->slots[blocks_home(table, address)], 1);
}

static inline struct block *blocks_find(const struct block_table *table, uint64_t address)
{
	size_t i = blocks_home(table, address);

	for (; table->slots[i].address; i = (i + 1) & table->mask)
		if (table->slots[i].address == address)
			return &table->slots[i];
	return NULL;
}

#endif
