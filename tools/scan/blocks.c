#include "tools/scan/blocks.h"

#include <stdlib.h>
#include <string.h>

#include "tools/base/memory.h"

#define DIGIT_BITS 12u
/* half a tebibyte: interior pointers further into a block are not followed */
#define REGIONS_PER_BLOCK (UINT64_C(1) << 18)
/* in a region; for so many blocks the region's bitmap takes no more memory than the blocks' entries */
#define MANY_BLOCKS 1024u

/* ---- sorting: by digits, from the lowest ------------------------------------------------ */

static bool is_sorted(const struct live_block *blocks, size_t count)
{
	for (size_t i = 1; i < count; i++)
		if (blocks[i - 1].address > blocks[i].address)
			return false;
	return true;
}

/* False: all blocks have the same digit, and none was moved. */
static bool sort_digit(struct live_block *to, const struct live_block *from, size_t count, unsigned shift)
{
	static size_t places[1u << DIGIT_BITS];
	const uint64_t mask = (1u << DIGIT_BITS) - 1;
	size_t place = 0;

	memset(places, 0, sizeof places);
	for (size_t i = 0; i < count; i++)
		places[from[i].address >> shift & mask]++;
	if (places[from[0].address >> shift & mask] == count)
		return false;
	for (size_t i = 0; i <= mask; i++) {
		size_t here = places[i];
		places[i] = place;
		place += here;
	}
	for (size_t i = 0; i < count; i++)
		to[places[from[i].address >> shift & mask]++] = from[i];
	return true;
}

static void sort(struct live_block *blocks, size_t count)
{
	if (is_sorted(blocks, count))
		return;
	struct live_block *spare = memory_zeroed(count, sizeof *spare), *from = blocks, *to = spare;
	memory_dense(spare, count * sizeof *spare);
	for (unsigned shift = 0; shift < 64; shift += DIGIT_BITS) {
		if (!sort_digit(to, from, count, shift))
			continue;
		struct live_block *swap = from;
		from = to;
		to = swap;
	}
	if (from != blocks)
		memcpy(blocks, from, count * sizeof *blocks);
	free(spare);
}

/* ---- the index --------------------------------------------------------------------------- */

static size_t home(const struct block_index *index, uint64_t key)
{
	return key * UINT64_C(0x9e3779b97f4a7c15) >> 32 & index->mask;
}

struct region *block_index_region(struct block_index *index, uint64_t key)
{
	for (size_t i = home(index, key); index->table[i]; i = (i + 1) & index->mask)
		if (index->table[i]->key == key)
			return index->last = index->table[i];
	return NULL;
}

static uint64_t last_region(const struct live_block *block)
{
	uint64_t first = block->address >> REGION_BITS;
	uint64_t last = (block->address + (block->size ? block->size - 1 : 0)) >> REGION_BITS;

	return last - first < REGIONS_PER_BLOCK ? last : first + REGIONS_PER_BLOCK - 1;
}

static size_t count_regions(const struct live_block *blocks, size_t count)
{
	uint64_t next = 0;
	size_t regions = 0;

	for (size_t i = 0; i < count; i++) {
		uint64_t first = blocks[i].address >> REGION_BITS, last = last_region(&blocks[i]);
		if (first < next)
			first = next;
		if (last >= first) {
			regions += last - first + 1;
			next = last + 1;
		}
	}
	return regions;
}

/* True if each block begins in a cell of its own. */
static bool are_in_cells(const struct live_block *blocks, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (blocks[i].address % (1u << CELL_BITS) || (i && blocks[i].address == blocks[i - 1].address))
			return false;
	return true;
}

static void set_starts(struct region *region, const struct live_block *blocks)
{
	size_t count = region->first[REGION_PAGES] - region->first[0];

	blocks += region->first[0];
	if (count < MANY_BLOCKS || !are_in_cells(blocks, count))
		return;
	region->starts = memory_zeroed(REGION_PAGES * PAGE_WORDS, sizeof *region->starts);
	for (size_t i = 0; i < count; i++) {
		uint64_t cell = blocks[i].address >> CELL_BITS & (REGION_PAGES * PAGE_CELLS - 1);
		region->starts[cell / 64] |= UINT64_C(1) << cell % 64;
	}
}

/* Block `next` is the first that begins in the region or later; returns the first that begins after it. */
static size_t fill(struct block_index *index, uint64_t key, size_t next)
{
	struct region *region = memory_zeroed(1, sizeof *region);
	size_t i = home(index, key);

	region->key = key;
	for (size_t page = 0; page <= REGION_PAGES; page++) {
		uint64_t start = (key << REGION_BITS) + (page << 12);
		while (next < index->count && index->blocks[next].address < start)
			next++;
		region->first[page] = (uint32_t)next;
	}
	set_starts(region, index->blocks);
	while (index->table[i])
		i = (i + 1) & index->mask;
	index->table[i] = region;
	return next;
}

static void fill_all(struct block_index *index)
{
	uint64_t next_key = 0;

	for (size_t i = 0; i < index->count; i++) {
		uint64_t key = index->blocks[i].address >> REGION_BITS, last = last_region(&index->blocks[i]);
		if (key < next_key)
			key = next_key;
		for (size_t next = i; key <= last; key++, next_key = key)
			next = fill(index, key, next);
	}
}

void block_index_init(struct block_index *index, struct live_block *blocks, size_t count)
{
	size_t slots = 16;

	*index = (struct block_index){.blocks = blocks, .count = count};
	if (count)
		sort(blocks, count);
	for (size_t regions = count_regions(blocks, count); slots < regions * 2;)
		slots *= 2;
	index->table = memory_zeroed(slots, sizeof *index->table);
	index->mask = slots - 1;
	if (!count)
		return;
	index->low = blocks[0].address;
	for (size_t i = 0; i < count; i++)
		if (blocks[i].address + blocks[i].size + 1 > index->high)
			index->high = blocks[i].address + blocks[i].size + 1;
	fill_all(index);
}

void block_index_free(struct block_index *index)
{
	for (size_t i = 0; index->table && i <= index->mask; i++) {
		if (index->table[i])
			free(index->table[i]->starts);
		free(index->table[i]);
	}
	free(index->table);
	*index = (struct block_index){0};
}
