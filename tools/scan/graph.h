/*
 * Who points to whom: every word of the program's memory that is the address of, or into, a live block.
 *
 * Memory is read once, in large pieces and in order; what the words point to is all that is kept.  Then the program
 * may go on: marking needs the graph alone.
 */
#ifndef RINGTAIL_SCAN_GRAPH_H
#define RINGTAIL_SCAN_GRAPH_H

#include "tools/scan/blocks.h"
#include "tools/scan/roots.h"
#include "tools/target/target.h"

#define EDGE_INTERIOR (1u << 31) /* points behind the block's start */

struct interior { /* an edge that one of the C++ heuristics may still take for a pointer to the start */
	size_t edge;
	uint64_t pointer;
};

struct graph {
	struct block_index index;
	uint64_t *first; /* of each block's edges, which end where the next one's begin; the roots' are the last */
	uint32_t *edges; /* index of the block | EDGE_INTERIOR */
	size_t edge_count, edge_room;
	struct interior *interiors;
	size_t interior_count, interior_room;
};

/* Called now and then while memory is read; false: stop. */
struct scan_tick {
	bool (*call)(void *context);
	void *context;
};

/* blocks: sorted in place.  False: given up because tick said so. */
bool graph_read(struct graph *graph, const struct target *target, struct live_block *blocks, size_t count,
                const struct root_request *roots, const struct scan_tick *tick);
void graph_free(struct graph *graph);

#endif
