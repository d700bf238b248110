#include "tools/scan/graph.h"

#include <stdlib.h>

#include "tools/base/memory.h"
#include "tools/scan/heuristics.h"

#define PIECE        (UINT64_C(1) << 20) /* read at a time */
#define GAP          (UINT64_C(4) << 10) /* largest gap between blocks that are read together */
#define AHEAD_BLOCKS 8u
#define AHEAD_WORDS  4u
#define CHUNK_LEAST  32u /* of glibc's chunks, headers included */

struct reader {
	struct graph *graph;
	const struct target *target;
	const struct scan_tick *tick;
	unsigned char *piece;
	uint64_t start, end;    /* the addresses that are in it */
	bool allocator, loader; /* see struct root_range */
	/* Edge and pointer of the previous word: copies of one pointer often lie next to each other. */
	uint32_t last;
	uint64_t last_pointer;
	bool stopped;
};

/* ---- words ------------------------------------------------------------------------------- */

/* glibc's arena and its free lists hold the addresses of chunks.  A chunk's first eight bytes belong to the block
 * before it while that is in use: so the address of a chunk seems to point into a live block. */
static bool is_next_chunk(const struct live_block *block, uint64_t pointer)
{
	uint64_t chunk = (block->size + 8 + 15) & ~UINT64_C(15);

	return pointer == block->address - 16 + (chunk < CHUNK_LEAST ? CHUNK_LEAST : chunk);
}

static void put_edge(struct graph *graph, uint32_t edge, uint64_t pointer)
{
	if (edge & EDGE_INTERIOR) {
		GROW(graph->interiors, graph->interior_room, graph->interior_count + 1);
		graph->interiors[graph->interior_count++] = (struct interior){graph->edge_count, pointer};
	}
	GROW(graph->edges, graph->edge_room, graph->edge_count + 1);
	graph->edges[graph->edge_count++] = edge;
}

/* A pointer to the end of a block: heuristics.c decides whether it is an edge. */
static void add_end(struct reader *reader, uint32_t block, uint64_t pointer)
{
	reader->last = NO_BLOCK;
	put_edge(reader->graph, block | EDGE_INTERIOR, pointer);
}

/* Pointers to different places in one block are different edges: one of them may be what the program holds it by. */
static void add_edge(struct reader *reader, uint32_t block, uint64_t pointer, bool start)
{
	const struct live_block *to = &reader->graph->index.blocks[block];
	bool certain = start || reader->loader || is_marked_start(to, pointer);
	uint32_t edge = certain ? block : block | EDGE_INTERIOR;

	if (edge == reader->last && (certain || pointer == reader->last_pointer))
		return;
	if (reader->allocator && !certain && is_next_chunk(to, pointer))
		return;
	reader->last = edge;
	reader->last_pointer = pointer;
	put_edge(reader->graph, edge, pointer);
}

static void take_word(struct reader *reader, uint64_t word)
{
	bool start;
	uint32_t block = block_index_find(&reader->graph->index, word, &start);

	if (block == NO_BLOCK)
		return;
	const struct live_block *to = &reader->graph->index.blocks[block];
	if (word == to->address + to->size && to->size)
		add_end(reader, block, word);
	else
		add_edge(reader, block, word, start);
}

/* Takes the words of the program's [start, end), which is in the piece. */
static void take_words(struct reader *reader, uint64_t start, uint64_t end)
{
	const struct block_index *index = &reader->graph->index;
	const uint64_t *word = (const uint64_t *)(reader->piece + (start - reader->start));
	const uint64_t *last = word + (end - start) / 8;
	uint64_t low = index->low, span = index->high - index->low;

	for (; word < last; word++)
		if (__builtin_expect(*word - low < span, 0))
			take_word(reader, *word);
}

/* ---- memory ------------------------------------------------------------------------------- */

/* Reads [start, end), at most PIECE, aligned. */
static void fill(struct reader *reader, uint64_t start, uint64_t end)
{
	if (end - start > PIECE)
		end = start + PIECE;
	reader->start = start;
	reader->end = end;
	target_read(reader->target, start, reader->piece, end - start);
	if (reader->tick && !reader->tick->call(reader->tick->context))
		reader->stopped = true;
}

static uint64_t word_up(uint64_t address) { return (address + 7) & ~UINT64_C(7); }

static void take_part(void *context, uint64_t start, uint64_t end)
{
	struct reader *reader = context;

	for (start = word_up(start), end &= ~UINT64_C(7); start < end && !reader->stopped;) {
		fill(reader, start, end);
		take_words(reader, start, reader->end);
		start = reader->end;
	}
}

static void take_large(struct reader *reader, uint64_t start, uint64_t end)
{
	target_populated(reader->target, start, end, take_part, reader);
}

/* ---- blocks -------------------------------------------------------------------------------- */

/* The end of a read that covers this block and the blocks close behind it. */
static uint64_t together(const struct block_index *index, size_t from)
{
	uint64_t start = index->blocks[from].address & ~UINT64_C(7), end = start;

	for (size_t i = from; i < index->count; i++) {
		const struct live_block *block = &index->blocks[i];
		if (i > from && (block->address > end + GAP || block->address + block->size > start + PIECE))
			break;
		if (block->address + block->size > end)
			end = block->address + block->size;
	}
	return end;
}

/* Most pointers are in the first words of a block: the index entries for these are prefetched while earlier words are
 * looked up. */
static void prefetch_block(struct reader *reader, size_t i)
{
	struct block_index *index = &reader->graph->index;

	if (i >= index->count)
		return;
	uint64_t at = word_up(index->blocks[i].address), end = index->blocks[i].address + index->blocks[i].size;
	if (at < reader->start || end > reader->end)
		return;
	for (unsigned k = 0; k < AHEAD_WORDS && at + 8 <= end; k++, at += 8)
		block_index_prefetch(index, *(const uint64_t *)(reader->piece + (at - reader->start)));
}

static void take_block(struct reader *reader, size_t i)
{
	const struct live_block *block = &reader->graph->index.blocks[i];
	uint64_t start = word_up(block->address), end = (block->address + block->size) & ~UINT64_C(7);

	reader->last = NO_BLOCK;
	if (start >= end)
		return;
	if (block->size >= PIECE) {
		take_large(reader, start, end);
		return;
	}
	if (start < reader->start || end > reader->end)
		fill(reader, block->address & ~UINT64_C(7), together(&reader->graph->index, i));
	take_words(reader, start, end);
}

static void take_blocks(struct reader *reader)
{
	struct graph *graph = reader->graph;

	for (size_t i = 0; i < graph->index.count && !reader->stopped; i++) {
		graph->first[i] = graph->edge_count;
		prefetch_block(reader, i + AHEAD_BLOCKS);
		take_block(reader, i);
	}
	graph->first[graph->index.count] = graph->edge_count;
}

static void take_roots(struct reader *reader, const struct roots *roots)
{
	for (size_t i = 0; i < roots->count && !reader->stopped; i++) {
		reader->allocator = roots->ranges[i].allocator;
		reader->loader = roots->ranges[i].loader;
		reader->last = NO_BLOCK;
		take_large(reader, roots->ranges[i].start, roots->ranges[i].end);
	}
	reader->allocator = reader->loader = false;
	for (size_t i = 0; i < roots->word_count; i++)
		take_word(reader, roots->words[i]);
	reader->graph->first[reader->graph->index.count + 1] = reader->graph->edge_count;
}

bool graph_read(struct graph *graph, const struct target *target, struct live_block *blocks, size_t count,
                const struct root_request *request, const struct scan_tick *tick)
{
	static unsigned char piece[PIECE] __attribute__((aligned(64))); /* static: scans run one after the other */
	struct reader reader = {.graph = graph, .target = target, .tick = tick, .last = NO_BLOCK};
	struct root_request with_blocks = *request;
	struct roots roots;

	*graph = (struct graph){0};
	block_index_init(&graph->index, blocks, count);
	graph->first = memory_zeroed(count + 2, sizeof *graph->first);
	memory_dense(graph->first, (count + 2) * sizeof *graph->first);
	GROW(graph->edges, graph->edge_room, count + 1);
	memory_dense(graph->edges, graph->edge_room * sizeof *graph->edges);
	reader.piece = piece;
	with_blocks.blocks = blocks;
	with_blocks.block_count = count;
	roots_find(&roots, &with_blocks);
	take_blocks(&reader);
	take_roots(&reader, &roots);
	bool good = !reader.stopped && heuristics_apply(graph, target, tick);
	roots_free(&roots);
	return good;
}

void graph_free(struct graph *graph)
{
	block_index_free(&graph->index);
	free(graph->first);
	free(graph->edges);
	free(graph->interiors);
	*graph = (struct graph){0};
}
