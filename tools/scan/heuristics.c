#include "tools/scan/heuristics.h"

#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include "tools/memory.h"

#define BATCH          256u
#define HEAD_WORDS     3u
#define TABLE_CHECKED  20u /* words of a table of functions that are looked at */
#define TABLES_KNOWN   4096u

struct candidate {
	uint64_t head[HEAD_WORDS]; /* of the block */
	uint64_t there;            /* what the pointer points to */
};

struct table_answer { /* whether there is a table of functions at an address */
	uint64_t address;
	bool is_table;
};

struct heuristics {
	struct graph *graph;
	const struct target *target;
	struct table_answer known[TABLES_KNOWN];
};

/* ---- the four ------------------------------------------------------------------------------ */

static bool is_length64(const struct live_block *block, uint64_t offset, const struct candidate *c)
{
	return offset == 8 && c->head[0] == block->size - 8;
}

static bool is_new_array(const struct live_block *block, uint64_t offset, const struct candidate *c)
{
	return offset == 8 && c->head[0] > 0 && c->head[0] <= block->size && (block->size - 8) % c->head[0] == 0;
}

static bool is_std_string(const struct live_block *block, uint64_t offset, const struct candidate *c)
{
	uint64_t length = c->head[0], capacity = c->head[1];

	return offset == 24 && length <= capacity && block->size - 24 - 1 == capacity;
}

static bool has_code(const struct target *target, uint64_t address)
{
	const struct target_map *map = target_map_at(target, address);

	return map && map->executable;
}

/* A table of functions lies in a module; its entries are functions, or nothing where a class has none. */
static bool look_at_table(const struct target *target, uint64_t address)
{
	uint64_t words[TABLE_CHECKED] = {0};
	const struct target_map *map = address % 8 ? NULL : target_map_at(target, address);
	size_t got = map && map->kind == MAP_FILE ? target_read(target, address, words, sizeof words) : 0;

	for (size_t i = 0; i < got / 8; i++)
		if (words[i])
			return has_code(target, words[i]);
	return false;
}

static bool is_table(struct heuristics *heuristics, uint64_t address)
{
	struct table_answer *known = &heuristics->known[address / 8 % TABLES_KNOWN];

	if (address && known->address != address)
		*known = (struct table_answer){address, look_at_table(heuristics->target, address)};
	return address && known->is_table;
}

static bool apply(struct heuristics *heuristics, const struct live_block *block, uint64_t pointer,
                  const struct candidate *c)
{
	uint64_t offset = pointer - block->address;

	return is_length64(block, offset, c) || is_new_array(block, offset, c) || is_std_string(block, offset, c) ||
	       (is_table(heuristics, c->there) && is_table(heuristics, c->head[0]));
}

/* ---- reading what they need ------------------------------------------------------------------ */

static const struct live_block *block_of(const struct graph *graph, const struct interior *interior)
{
	return &graph->index.blocks[graph->edges[interior->edge] & ~EDGE_INTERIOR];
}

static size_t head_bytes(const struct live_block *block)
{
	return block->size < sizeof((struct candidate *)0)->head ? 16 : sizeof((struct candidate *)0)->head;
}

/* Both places of each, with one call for all. */
static void read_batch(const struct heuristics *heuristics, const struct interior *interiors, size_t count,
                       struct candidate *candidates)
{
	struct iovec local[2 * BATCH], remote[2 * BATCH];
	size_t total = 0;

	memset(candidates, 0, count * sizeof *candidates);
	for (size_t i = 0; i < count; i++) {
		const struct live_block *block = block_of(heuristics->graph, &interiors[i]);
		local[2 * i] = (struct iovec){candidates[i].head, head_bytes(block)};
		remote[2 * i] = (struct iovec){(void *)(uintptr_t)block->address, head_bytes(block)};
		local[2 * i + 1] = (struct iovec){&candidates[i].there, 8};
		remote[2 * i + 1] = (struct iovec){(void *)(uintptr_t)interiors[i].pointer, 8};
		total += head_bytes(block) + 8;
	}
	if (process_vm_readv(heuristics->target->pid, local, 2 * count, remote, 2 * count, 0) == (ssize_t)total)
		return;
	for (size_t i = 0; i < 2 * count; i++) /* one is in no memory: each by itself */
		target_read(heuristics->target, (uintptr_t)remote[i].iov_base, local[i].iov_base, local[i].iov_len);
}

void heuristics_apply(struct graph *graph, const struct target *target)
{
	struct heuristics *heuristics = memory_zeroed(1, sizeof *heuristics);
	struct candidate candidates[BATCH];

	heuristics->graph = graph;
	heuristics->target = target;
	for (size_t from = 0; from < graph->interior_count; from += BATCH) {
		const struct interior *interiors = graph->interiors + from;
		size_t count = graph->interior_count - from < BATCH ? graph->interior_count - from : BATCH;

		read_batch(heuristics, interiors, count, candidates);
		for (size_t i = 0; i < count; i++)
			if (apply(heuristics, block_of(graph, &interiors[i]), interiors[i].pointer, &candidates[i]))
				graph->edges[interiors[i].edge] &= ~EDGE_INTERIOR;
	}
	free(heuristics);
}
