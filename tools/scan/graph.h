/*
 * The graph of pointers between live blocks: an edge for every word of the program's memory that is the address of a
 * live block's start or inside.
 *
 * Memory is read once, in order and in large pieces, and only the edges are kept.  Then the program may go on: finding
 * the classes (classes.h) needs the graph alone.
 */
#ifndef RINGTAIL_SCAN_GRAPH_H
#define RINGTAIL_SCAN_GRAPH_H

#include "tools/scan/blocks.h"
#include "tools/scan/roots.h"
#include "tools/target/target.h"

#define EDGE_INTERIOR (1u << 31) /* points behind the block's start */
#define NO_EDGE       UINT32_MAX /* the word turned out to be no pointer to a block */

/* An edge to the inside or end of a block: heuristics.h and offsets.h decide whether it means the start. */
struct interior {
	size_t edge;
	uint64_t pointer;
};

#define MARK_BITS UINT64_C(7) /* a pointer may have marks in these */

/* The offset that a pointer to the inside of a block has without marks in its low bits. */
static inline uint64_t interior_offset(const struct live_block *block, uint64_t pointer)
{
	return (pointer & ~MARK_BITS) - block->address;
}

/*
 * A pointer to the block's start with marks in its low bits: a block begins at a multiple of 16 with most allocators,
 * so that programs have up to 4 bits for marks.  8 bytes behind the start there may be a member as well as a mark.
 */
static inline bool is_marked_start(const struct live_block *block, uint64_t pointer)
{
	uint64_t offset = pointer - block->address;

	return offset < 8 || (offset > 8 && offset < 16 && block->address % 16 == 0);
}

struct graph {
	struct block_index index;
	uint64_t *first; /* index of each block's first edge; its edges end where the next block's begin; the roots come
	                  * after the last block */
	uint32_t *edges; /* index of the block | EDGE_INTERIOR; or NO_EDGE */
	size_t edge_count, edge_room;
	struct interior *interiors; /* in the order of their edges */
	size_t interior_count, interior_room;
};

/* A function that is called from time to time while memory is read.  It returns false to stop that. */
struct scan_tick {
	bool (*call)(void *context);
	void *context;
};

/* Sorts blocks in place.  False: tick asked to stop. */
bool graph_read(struct graph *graph, const struct target *target, struct live_block *blocks, size_t count,
                const struct root_request *roots, const struct scan_tick *tick);
void graph_free(struct graph *graph);

#endif
