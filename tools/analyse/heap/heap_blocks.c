#include "tools/analyse/heap/heap_blocks.h"

#include <stdlib.h>

#include "tools/base/memory.h"

#define FIRST_BITS 8

static void make_slots(struct block_table *table, unsigned bits)
{
	size_t slots = (size_t)1 << bits;

	table->slots = memory_zeroed(slots, sizeof *table->slots);
	table->mask = slots - 1;
	table->limit = slots / 8 * 5;
	table->shift = 64 - bits;
	memory_dense(table->slots, slots * sizeof *table->slots);
}

void blocks_init(struct block_table *table)
{
	*table = (struct block_table){0};
	make_slots(table, FIRST_BITS);
}

void blocks_free(struct block_table *table)
{
	free(table->slots);
	*table = (struct block_table){0};
}

static struct block *empty_slot(const struct block_table *table, uint64_t address)
{
	size_t i = blocks_home(table, address);

	while (table->slots[i].address)
		i = (i + 1) & table->mask;
	return &table->slots[i];
}

static void grow(struct block_table *table)
{
	struct block_table old = *table;

	make_slots(table, 64 - old.shift + 1);
	for (size_t i = 0; i <= old.mask; i++)
		if (old.slots[i].address)
			*empty_slot(table, old.slots[i].address) = old.slots[i];
	free(old.slots);
}

struct block *blocks_put(struct block_table *table, uint64_t address, bool *existed)
{
	size_t i;

	if (table->count >= table->limit)
		grow(table);
	for (i = blocks_home(table, address); table->slots[i].address; i = (i + 1) & table->mask) {
		if (table->slots[i].address == address) {
			*existed = true;
			return &table->slots[i];
		}
	}
	*existed = false;
	table->slots[i].address = address;
	table->count++;
	return &table->slots[i];
}

void blocks_remove(struct block_table *table, struct block *block)
{
	size_t hole = block - table->slots, i;

	for (i = (hole + 1) & table->mask; table->slots[i].address; i = (i + 1) & table->mask) {
		size_t home = blocks_home(table, table->slots[i].address);

		if (((i - home) & table->mask) < ((i - hole) & table->mask))
			continue;
		table->slots[hole] = table->slots[i];
		hole = i;
	}
	table->slots[hole].address = 0;
	table->count--;
}
