/*
 * Pointers that point behind a block's start although they own the whole block.  These are the four heuristics of
 * valgrind's memcheck (--leak-check-heuristics), under its names:
 *
 * - newarray: new T[n], where T has a destructor, stores n at the start and returns a pointer to the first element.  If
 *   n is 0, the pointer is the end of the block; memcheck does not know that one
 * - stdstring: a std::string of the old ABI points to its text, which follows length, capacity and reference count
 * - length64: the block begins with eight bytes that hold the size of the rest (sqlite3, and others)
 * - multipleinheritance: a pointer to a base class that is not the first; the start of the block and the place pointed
 *   to both hold a pointer to a table of functions
 */
#ifndef RINGTAIL_SCAN_HEURISTICS_H
#define RINGTAIL_SCAN_HEURISTICS_H

#include "tools/scan/graph.h"

/* Decides on each of graph->interiors by reading the program's memory.  Where a heuristic applies, the edge becomes one
 * to the block's start.  False: tick asked to stop. */
bool heuristics_apply(struct graph *graph, const struct target *target, const struct scan_tick *tick);

#endif
