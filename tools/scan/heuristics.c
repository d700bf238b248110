#include "tools/scan/heuristics.h"

#include <stdlib.h>
#include <string.h>

#include "tools/base/compare.h"
#include "tools/base/memory.h"

#define HEAD_WORDS    3u
#define TABLE_CHECKED 20u /* words of a table of functions that are checked */
#define TABLES_KNOWN  4096u
#define WINDOW        (UINT64_C(16) << 10)

/* What the first words of a block say about pointers behind its start. */
enum head {
	HEAD_WANTED = 1,   /* there are such pointers */
	HEAD_OWNS_8 = 2,   /* newarray, length64: a pointer to the block's second word counts */
	HEAD_OWNS_24 = 4,  /* stdstring: a pointer to its fourth word counts */
	HEAD_IS_TABLE = 8, /* multipleinheritance: the block begins with a pointer to a table of functions */
	HEAD_IS_NONE = 16, /* newarray: the block holds nothing but a count of 0, and a pointer to its end counts */
};

struct table_answer { /* remembers whether there is a table of functions at an address */
	uint64_t address;
	bool is_table;
};

/* A window on memory that is read in ascending order.  All memory is read at most once and in pieces, however small and
 * many the parts are that are asked for. */
struct window {
	uint64_t start, end;
	unsigned char bytes[WINDOW];
};

struct heuristics {
	struct graph *graph;
	const struct target *target;
	const struct scan_tick *tick;
	bool stopped;
	unsigned char *heads; /* enum head, of each block */
	struct table_answer known[TABLES_KNOWN];
	struct window window;
};

/* ---- the four ------------------------------------------------------------------------------ */

static bool is_length64(const struct live_block *block, const uint64_t *head) { return head[0] == block->size - 8; }

static bool is_new_array(const struct live_block *block, const uint64_t *head)
{
	return head[0] > 0 && head[0] <= block->size && (block->size - 8) % head[0] == 0;
}

/* The count stands right before the place of the first element. */
static bool is_new_array_of_none(const struct live_block *block, const uint64_t *head)
{
	return block_may_be_empty_array(block) && head[block->size / 8 - 1] == 0;
}

static bool is_std_string(const struct live_block *block, const uint64_t *head)
{
	uint64_t length = head[0], capacity = head[1];

	return length <= capacity && block->size - 24 - 1 == capacity;
}

static bool has_code(const struct target *target, uint64_t address)
{
	const struct target_map *map = target_map_at(target, address);

	return map && map->executable;
}

/* A table of functions lies in a module.  Its entries are addresses of functions, or 0 where a class has none. */
static bool look_at_table(const struct target *target, uint64_t address)
{
	uint64_t words[TABLE_CHECKED] = {0};
	const struct target_map *map = address % 8 ? NULL : target_map_at(target, address);
	bool constants = map && map->kind == MAP_FILE && !map->shared;
	size_t got = constants ? target_fetch(target, address, words, sizeof words) : 0;

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

static unsigned head_of(struct heuristics *heuristics, const struct live_block *block, const uint64_t *head)
{
	return (is_length64(block, head) || is_new_array(block, head) ? HEAD_OWNS_8 : 0u) |
	       (is_std_string(block, head) ? HEAD_OWNS_24 : 0u) |
	       (is_new_array_of_none(block, head) ? HEAD_IS_NONE : 0u) |
	       (is_table(heuristics, head[0]) ? HEAD_IS_TABLE : 0u);
}

/* ---- reading what they need ------------------------------------------------------------------ */

static void window_read(struct heuristics *heuristics, uint64_t address, void *to, size_t bytes)
{
	struct window *window = &heuristics->window;

	if (address < window->start || address + bytes > window->end) {
		window->start = address;
		window->end = address + WINDOW;
		target_read(heuristics->target, address, window->bytes, WINDOW);
		heuristics->stopped |= heuristics->tick && !heuristics->tick->call(heuristics->tick->context);
	}
	memcpy(to, window->bytes + (address - window->start), bytes);
}

static uint32_t block_of(const struct graph *graph, const struct interior *interior)
{
	return graph->edges[interior->edge] & ~EDGE_INTERIOR;
}

/* Decides without reading memory: false if no heuristic can apply to this pointer. */
static bool may_apply(const struct graph *graph, const struct interior *interior)
{
	const struct live_block *block = &graph->index.blocks[block_of(graph, interior)];
	uint64_t pointer = interior->pointer, end = block->address + block->size;

	return pointer == end ||
	       (pointer % 8 == 0 && block->address % 8 == 0 && block->size >= 16 && pointer + 8 <= end);
}

/* The head of a block is read once, even if many pointers lead into the block. */
static void look_at_heads(struct heuristics *heuristics)
{
	struct graph *graph = heuristics->graph;

	for (size_t i = 0; i < graph->interior_count; i++)
		if (may_apply(graph, &graph->interiors[i]))
			heuristics->heads[block_of(graph, &graph->interiors[i])] = HEAD_WANTED;
	for (size_t i = 0; i < graph->index.count && !heuristics->stopped; i++) {
		const struct live_block *block = &graph->index.blocks[i];
		uint64_t head[HEAD_WORDS] = {0};
		if (!heuristics->heads[i])
			continue;
		window_read(heuristics, block->address, head, block->size < sizeof head ? 16 : sizeof head);
		heuristics->heads[i] |= (unsigned char)head_of(heuristics, block, head);
	}
}

/* ---- the whole --------------------------------------------------------------------------------- */

static void count_as_start(struct graph *graph, const struct interior *interior)
{
	graph->edges[interior->edge] &= ~EDGE_INTERIOR;
}

/* Decides on the pointers for which the head of the block is enough.  Puts the pointers that depend on the memory they
 * point to into `left`, and returns the number of these. */
static size_t apply_heads(struct heuristics *heuristics, struct interior **left)
{
	struct graph *graph = heuristics->graph;
	size_t count = 0, room = 0;

	for (size_t i = 0; i < graph->interior_count; i++) {
		struct interior *interior = &graph->interiors[i];
		uint32_t block = block_of(graph, interior);
		unsigned head = heuristics->heads[block];
		uint64_t offset = interior->pointer - graph->index.blocks[block].address;

		if (!may_apply(graph, interior))
			continue;
		if (offset == graph->index.blocks[block].size && !(head & HEAD_IS_NONE))
			graph->edges[interior->edge] = NO_EDGE;
		else if (offset == graph->index.blocks[block].size)
			count_as_start(graph, interior);
		else if ((offset == 8 && (head & HEAD_OWNS_8)) || (offset == 24 && (head & HEAD_OWNS_24)))
			count_as_start(graph, interior);
		else if (head & HEAD_IS_TABLE) {
			GROW(*left, room, count + 1);
			(*left)[count++] = *interior;
		}
	}
	return count;
}

static int by_pointer(const void *left, const void *right)
{
	const struct interior *a = left, *b = right;

	return compare_numbers(a->pointer, b->pointer);
}

static void apply_tables(struct heuristics *heuristics, struct interior *left, size_t count)
{
	qsort(left, count, sizeof *left, by_pointer);
	for (size_t i = 0; i < count && !heuristics->stopped; i++) {
		uint64_t there;
		window_read(heuristics, left[i].pointer, &there, sizeof there);
		if (is_table(heuristics, there))
			count_as_start(heuristics->graph, &left[i]);
	}
}

bool heuristics_apply(struct graph *graph, const struct target *target, const struct scan_tick *tick)
{
	if (!graph->interior_count)
		return true;
	struct heuristics *heuristics = memory_zeroed(1, sizeof *heuristics);

	heuristics->graph = graph;
	heuristics->target = target;
	heuristics->tick = tick;
	heuristics->heads = memory_zeroed(graph->index.count + 1, 1);
	look_at_heads(heuristics);
	heuristics->window.end = heuristics->window.start = 0;
	struct interior *left = NULL;
	size_t count = apply_heads(heuristics, &left);
	if (count)
		apply_tables(heuristics, left, count);
	free(left);
	bool good = !heuristics->stopped;
	free(heuristics->heads);
	free(heuristics);
	return good;
}
