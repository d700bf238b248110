/*
 * Pointers that C++ keeps behind a block's start although they own all of it.  The four that valgrind's memcheck knows
 * by --leak-check-heuristics, with its names:
 *
 * - newarray: new T[n] of a T with a destructor puts n in front and points to the first element
 * - stdstring: the text of a std::string of the old ABI, behind length, capacity and count of references
 * - length64: eight bytes with the size of the rest in front (sqlite3, and others)
 * - multipleinheritance: a pointer to a base that is not the first one; both places hold a pointer to a table of
 *   functions
 */
#ifndef RINGTAIL_SCAN_HEURISTICS_H
#define RINGTAIL_SCAN_HEURISTICS_H

#include "tools/scan/graph.h"

/* Without looking at memory: whether it is worth that. */
static inline bool heuristics_may_apply(const struct live_block *block, uint64_t pointer)
{
	return pointer % 8 == 0 && block->address % 8 == 0 && block->size >= 16 &&
	       pointer + 8 <= block->address + block->size;
}

/* Decides on all of graph->interiors, in the program's memory: those that apply become edges to the start.  False: given
 * up because tick said so. */
bool heuristics_apply(struct graph *graph, const struct target *target, const struct scan_tick *tick);

#endif
