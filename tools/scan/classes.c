#include "tools/scan/classes.h"

#include <stdlib.h>

#include "tools/base/memory.h"

#define TICK_EVERY 65536u
#define UNSEEN     LEAK_CLASSES

struct walk {
	struct graph *graph;
	struct live_block *blocks;
	uint32_t *stack; /* blocks whose edges are still to be followed */
	size_t depth, room;
	uint32_t *owners;
	const struct scan_tick *tick;
	unsigned since_tick;
	bool stopped;
};

static void push(struct walk *walk, uint32_t block)
{
	GROW(walk->stack, walk->room, walk->depth + 1);
	walk->stack[walk->depth++] = block;
}

static bool pop(struct walk *walk, uint32_t *block)
{
	if (++walk->since_tick == TICK_EVERY) {
		walk->since_tick = 0;
		walk->stopped = walk->tick && !walk->tick->call(walk->tick->context);
	}
	if (!walk->depth || walk->stopped)
		return false;
	*block = walk->stack[--walk->depth];
	return true;
}

/* ---- from the roots ---------------------------------------------------------------------- */

/* A block's edges are followed again when a better way to reach the block is found: twice at most. */
static void follow_edges(struct walk *walk, size_t from, bool certain)
{
	for (uint64_t i = walk->graph->first[from]; i < walk->graph->first[from + 1]; i++) {
		uint32_t edge = walk->graph->edges[i], to = edge & ~EDGE_INTERIOR;
		uint8_t class = certain && !(edge & EDGE_INTERIOR) ? LEAK_REACHABLE : LEAK_POSSIBLE;
		if (edge == NO_EDGE)
			continue;
		uint32_t before = walk->blocks[to].class;

		if (before == LEAK_REACHABLE || before == class)
			continue;
		walk->blocks[to].class = class;
		push(walk, to);
	}
}

static void mark_from_roots(struct walk *walk)
{
	uint32_t block;

	follow_edges(walk, walk->graph->index.count, true);
	while (pop(walk, &block))
		follow_edges(walk, block, walk->blocks[block].class == LEAK_REACHABLE);
}

static void forget_classes(struct walk *walk)
{
	for (size_t i = 0; i < walk->graph->index.count; i++)
		walk->blocks[i].class = UNSEEN;
}

/* What is held at an offset may hold other blocks: so all is marked again. */
static void mark_by_offsets(struct walk *walk, struct held_sites *held)
{
	if (walk->stopped || !offsets_apply(walk->graph, held))
		return;
	forget_classes(walk);
	mark_from_roots(walk);
	offsets_count(walk->graph, held);
}

/* ---- what is lost -------------------------------------------------------------------------- */

/* A pointer from `block`, which the leader owns, to `to`.  Of pointers to starts alone it is known whether they lead
 * back to the leader: members of doubly linked lists point into the struct that has the list's head. */
static void own(struct walk *walk, uint32_t leader, uint32_t block, uint32_t edge)
{
	uint32_t to = edge & ~EDGE_INTERIOR, before = walk->blocks[to].class;
	bool by_starts = !(edge & EDGE_INTERIOR) && (block == leader || walk->blocks[block].by_starts);

	if (to == leader) {
		walk->blocks[leader].in_cycle |= by_starts && block != leader;
		return;
	}
	if (before == UNSEEN || before == LEAK_DEFINITE) {
		walk->blocks[to].class = LEAK_INDIRECT;
		walk->owners[to] = leader;
	} else if (walk->owners[to] != leader || !by_starts || walk->blocks[to].by_starts) {
		return;
	}
	walk->blocks[to].by_starts |= by_starts;
	if (before != LEAK_DEFINITE)
		push(walk, to);
}

/* The leader owns every block that can be reached from it.  If an earlier leader is among these, all that it owned
 * belongs to the new leader. */
static void gather(struct walk *walk, uint32_t leader)
{
	uint32_t block;

	walk->blocks[leader].class = LEAK_DEFINITE;
	push(walk, leader);
	while (pop(walk, &block))
		for (uint64_t i = walk->graph->first[block]; i < walk->graph->first[block + 1]; i++)
			if (walk->graph->edges[i] != NO_EDGE)
				own(walk, leader, block, walk->graph->edges[i]);
}

/* A block that a missing event may have freed is perhaps another block by now, which the program holds: so what it
 * leads to is as unproven as the block itself. */
static void spread_doubt(struct walk *walk)
{
	uint32_t block;

	for (size_t i = 0; i < walk->graph->index.count; i++)
		if (walk->blocks[i].class == UNSEEN && walk->blocks[i].unproven)
			push(walk, (uint32_t)i);
	while (pop(walk, &block)) {
		for (uint64_t i = walk->graph->first[block]; i < walk->graph->first[block + 1]; i++) {
			uint32_t edge = walk->graph->edges[i], to = edge & ~EDGE_INTERIOR;

			if (edge == NO_EDGE || walk->blocks[to].class != UNSEEN || walk->blocks[to].unproven)
				continue;
			walk->blocks[to].unproven = true;
			push(walk, to);
		}
	}
}

static uint32_t owner_of(uint32_t *owners, uint32_t block)
{
	uint32_t owner = block;

	while (owners[owner] != owner)
		owner = owners[owner];
	while (owners[block] != owner) {
		uint32_t next = owners[block];
		owners[block] = owner;
		block = next;
	}
	return owner;
}

uint32_t *classes_find(struct graph *graph, struct held_sites *held, const struct scan_tick *tick)
{
	size_t count = graph->index.count;
	struct walk walk = {.graph = graph, .blocks = graph->index.blocks, .tick = tick};

	walk.owners = memory_zeroed(count + 1, sizeof *walk.owners);
	for (size_t i = 0; i < count; i++)
		walk.owners[i] = (uint32_t)i;
	forget_classes(&walk);
	mark_from_roots(&walk);
	mark_by_offsets(&walk, held);
	spread_doubt(&walk);
	for (size_t i = 0; i < count && !walk.stopped; i++)
		if (walk.blocks[i].class == UNSEEN)
			gather(&walk, (uint32_t)i);
	for (size_t i = 0; i < count && !walk.stopped; i++)
		owner_of(walk.owners, (uint32_t)i);
	free(walk.stack);
	if (!walk.stopped)
		return walk.owners;
	free(walk.owners);
	return NULL;
}
