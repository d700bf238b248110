/*
 * Sites whose blocks the program holds at an offset: it keeps a header in front of what its pointers point to, or a
 * member that links the block is not the first.  Memory cannot tell one such pointer from an accidental value.  But if
 * all blocks of a site that are held behind their start are held at the same offset, that is how the program holds
 * them.
 *
 * A site holds its blocks at an offset if
 * - at least two of its blocks are reached by pointers behind their start alone,
 * - there is an offset at which each of these has such a pointer, from a block that is reached or from a root,
 * - and these are more than half of all live blocks of the site: the others are lost, or held by their start.
 */
#ifndef RINGTAIL_SCAN_OFFSETS_H
#define RINGTAIL_SCAN_OFFSETS_H

#include "tools/scan/graph.h"

struct held_site {
	uint32_t site;
	uint64_t offset;
	uint64_t blocks; /* that are reached only so; filled by offsets_count */
};

struct held_sites { /* zeroed: none */
	struct held_site *items;
	size_t count, room;
	unsigned char *possible; /* of each block: 1 if it seemed possible */
};

/* Call this when the classes of blocks are known as far as roots reach them.  Makes the pointers at these offsets edges
 * to the start of their block, if there are such sites.  False: there are none.  Then the classes stay as they are,
 * else they are to be found again. */
bool offsets_apply(struct graph *graph, struct held_sites *held);
/* Counts the blocks that were possible before, and are reachable now. */
void offsets_count(const struct graph *graph, struct held_sites *held);
/* NULL: the site does not hold its blocks at an offset. */
const struct held_site *offsets_of(const struct held_sites *held, uint32_t site);
void held_sites_free(struct held_sites *held);

#endif
