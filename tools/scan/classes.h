/*
 * What can reach each live block, by the graph alone, as valgrind's memcheck defines it:
 *
 * - reachable: by pointers to starts of blocks, all the way from a root
 * - possible: else, if from a root by pointers of which one at least points behind a start
 * - indirect: else, if from a block that is definitely lost; its owner
 * - definite: nothing reaches it, or nothing but itself.  Of a cycle the block of the lowest address stands for all.
 */
#ifndef RINGTAIL_SCAN_CLASSES_H
#define RINGTAIL_SCAN_CLASSES_H

#include "tools/finding/leak_groups.h"
#include "tools/scan/graph.h"


/* Sets `class` of each block.  Returns the owner of each, which is itself but for indirect ones; malloced.  NULL: given
 * up because tick said so. */
uint32_t *classes_find(struct graph *graph, const struct scan_tick *tick);

#endif
