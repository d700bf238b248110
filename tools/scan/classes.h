/*
 * The leak class of each live block, by the classes of valgrind's memcheck.  The graph alone decides; the first that
 * holds:
 *
 * - reachable: a chain of pointers leads from a root to the block, and each of them points to the start of a block, or
 *   to the offset at which the blocks of its site are held (offsets.h)
 * - possible: a chain of pointers leads from a root to the block, and at least one points behind the start of a block
 * - indirect: pointers lead to it from a definitely lost block, which is its owner
 * - definite: no other block or root leads to it.  For a cycle of lost blocks, the block of the lowest address is the
 *   definite one.
 */
#ifndef RINGTAIL_SCAN_CLASSES_H
#define RINGTAIL_SCAN_CLASSES_H

#include "tools/finding/leak_groups.h"
#include "tools/scan/graph.h"
#include "tools/scan/offsets.h"

/* Sets `class` of each block.  Returns a malloced array with the owner of each block: an index, which is the block's
 * own except for indirect blocks.  NULL: tick asked to stop.  *held: the sites that hold their blocks at an offset; the
 * caller passes it zeroed and frees it. */
uint32_t *classes_find(struct graph *graph, struct held_sites *held, const struct scan_tick *tick);

#endif
