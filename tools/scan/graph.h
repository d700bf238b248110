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

struct interior { /* an edge to the inside or end of a block; a C++ heuristic may still decide that it means the start
	           */
	size_t edge;
	uint64_t pointer;
};

struct graph {
	struct block_index index;
	uint64_t *first; /* index of each block's first edge; its edges end where the next block's begin; the roots come
	                  * after the last block */
	uint32_t *edges; /* index of the block | EDGE_INTERIOR; or NO_EDGE */
	size_t edge_count, edge_room;
	struct interior *interiors;
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
