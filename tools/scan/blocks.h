/*
 * Finds the live block that an address lies in.  This is the innermost loop of a scan: it runs once for each word of
 * the program's memory.
 *
 * Blocks are sorted by address.  An index tells for each page which block begins there first, so that a search covers
 * the blocks of one page.  The index is kept by regions of 2 MiB: a heap has few of them, and their index stays in the
 * cache.  A region with many blocks also has a bit for each place where a block may begin.  The number of bits set up
 * to an address gives the block's number, and the bit at the address tells whether it is a start, without a look at the
 * block.
 */
#ifndef RINGTAIL_SCAN_BLOCKS_H
#define RINGTAIL_SCAN_BLOCKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/finding/live_block.h"

#define REGION_BITS  21u
#define REGION_PAGES 512u
#define NO_BLOCK     UINT32_MAX

#define CELL_BITS  3u /* blocks begin at multiples of 8 */
#define PAGE_CELLS 512u
#define PAGE_WORDS (PAGE_CELLS / 64)

struct region {
	uint64_t key;     /* address >> REGION_BITS */
	uint64_t *starts; /* PAGE_WORDS for each page, a bit for each cell that a block begins in; NULL: few blocks */
	uint32_t first[REGION_PAGES + 1]; /* index of the first block that begins at this page or later */
};

struct block_index {
	struct live_block *blocks;
	size_t count;
	uint64_t low, high;    /* all blocks lie in [low, high) */
	struct region **table; /* by hash of the key */
	size_t mask;
	struct region *last; /* found by the last search */
};

/* Sorts the blocks by address and indexes them.  The caller still owns them, and must keep them while the index lives.
 * At most 2^31 blocks. */
void block_index_init(struct block_index *index, struct live_block *blocks, size_t count);
void block_index_free(struct block_index *index);
struct region *block_index_region(struct block_index *index, uint64_t key);

static inline unsigned bit_count(uint64_t word)
{
	word -= word >> 1 & UINT64_C(0x5555555555555555);
	word = (word & UINT64_C(0x3333333333333333)) + (word >> 2 & UINT64_C(0x3333333333333333));
	return (unsigned)(((word + (word >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f)) * UINT64_C(0x0101010101010101) >> 56);
}

/* The number of blocks that begin in the page, up to this cell.  *start: a block begins at the cell itself. */
static inline uint32_t starts_until(const uint64_t *page, unsigned cell, bool *start)
{
	uint64_t word = page[cell / 64] << (63 - cell % 64);
	uint32_t count = bit_count(word);

	for (unsigned i = 0; i < cell / 64; i++)
		count += bit_count(page[i]);
	*start = word >> 63;
	return count;
}

/* The first block of [low, high) that begins after address; high if there is none. */
static inline uint32_t search(const struct live_block *blocks, uint32_t low, uint32_t high, uint64_t address)
{
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (blocks[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Prefetches the memory that block_index_find will need for this address a little later. */
static inline void block_index_prefetch(struct block_index *index, uint64_t address)
{
	const struct region *region =
	    address - index->low < index->high - index->low ? block_index_region(index, address >> REGION_BITS) : NULL;
	size_t page = address >> 12 & (REGION_PAGES - 1);

	if (!region)
		return;
	__builtin_prefetch(&region->first[page]);
	if (region->starts)
		__builtin_prefetch(&region->starts[page * PAGE_WORDS]);
}

/* True if the block may be an array of no elements: it then has only the count that C++ puts before the first element,
 * to which the program's pointer points. */
static inline bool block_may_be_empty_array(const struct live_block *block)
{
	return block->size == 8 || block->size == 16;
}

/* The block whose start or inside address points to; NO_BLOCK if there is none.  A block of size 0 counts as one byte;
 * the end of a block that may be an empty array counts as inside.  *start: the address is the block's start. */
static inline uint32_t block_index_find(struct block_index *index, uint64_t address, bool *start)
{
	if (address - index->low >= index->high - index->low)
		return NO_BLOCK;
	uint64_t key = address >> REGION_BITS;
	struct region *region = index->last && index->last->key == key ? index->last : block_index_region(index, key);
	if (!region)
		return NO_BLOCK;
	size_t page = address >> 12 & (REGION_PAGES - 1);
	uint32_t after = region->first[page];
	if (region->starts) {
		after +=
		    starts_until(region->starts + page * PAGE_WORDS, address >> CELL_BITS & (PAGE_CELLS - 1), start);
		if (*start && address % (1u << CELL_BITS) == 0)
			return after - 1;
	} else {
		after = search(index->blocks, after, region->first[page + 1], address);
	}
	if (!after)
		return NO_BLOCK;
	const struct live_block *block = &index->blocks[after - 1];
	*start = address == block->address;
	if (address - block->address < block->size + !block->size)
		return after - 1;
	return address == block->address + block->size && block_may_be_empty_array(block) ? after - 1 : NO_BLOCK;
}

#endif
