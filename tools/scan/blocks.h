/*
 * The live blocks by address, and which of them an address lies in: the innermost loop of a scan, asked once for
 * each word of the program's memory.
 *
 * Sorted; an index knows for each page where its blocks begin, so that a search is among the blocks of one page.  Pages
 * are kept by regions of 2 MiB: a heap has few of them, and the index stays in the cache.
 */
#ifndef RINGTAIL_SCAN_BLOCKS_H
#define RINGTAIL_SCAN_BLOCKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct live_block {
	uint64_t address, size;
	uint32_t site; /* who allocated it: the caller's own number */
	uint32_t class; /* enum leak_class, once that is known */
};

#define REGION_BITS  21u
#define REGION_PAGES 512u
#define NO_BLOCK     UINT32_MAX

struct region {
	uint64_t key;    /* address >> REGION_BITS */
	uint32_t first[REGION_PAGES + 1]; /* index of the first block that begins at this page or later */
};

struct block_index {
	struct live_block *blocks;
	size_t count;
	uint64_t low, high; /* all blocks are within */
	struct region **table; /* by hash of the key */
	size_t mask;
	struct region *last; /* found */
};

/* Sorts blocks by address and indexes them.  They stay the caller's; at most 2^31. */
void block_index_init(struct block_index *index, struct live_block *blocks, size_t count);
void block_index_free(struct block_index *index);
struct region *block_index_region(struct block_index *index, uint64_t key);

/* The block that address points to the start of or into; NO_BLOCK where there is none.  A block of no bytes has
 * one. */
static inline uint32_t block_index_find(struct block_index *index, uint64_t address)
{
	if (address - index->low >= index->high - index->low)
		return NO_BLOCK;
	uint64_t key = address >> REGION_BITS;
	struct region *region = index->last && index->last->key == key ? index->last : block_index_region(index, key);
	if (!region)
		return NO_BLOCK;
	size_t page = address >> 12 & (REGION_PAGES - 1);
	uint32_t low = region->first[page], high = region->first[page + 1];
	while (low < high) { /* the first that begins after address */
		uint32_t middle = low + (high - low) / 2;
		if (index->blocks[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low)
		return NO_BLOCK;
	const struct live_block *block = &index->blocks[low - 1];
	return address - block->address < block->size + !block->size ? low - 1 : NO_BLOCK;
}

#endif
