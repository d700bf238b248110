/*
 * Where the ring file is mapped: the one place that maps and unmaps it.
 *
 * The file is large and sparse, address space may be scarce, and users read VmSize.  So of each part of the file only a
 * piece is mapped, which grows in place when more is needed: by mremap, which needs no descriptor.  No other mapping is
 * in the way: the whole lies far from where the kernel puts anything by itself.  Where the kernel does not grant that
 * place, the whole file is mapped at once.
 */
#ifndef RINGTAIL_RING_MAP_H
#define RINGTAIL_RING_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma GCC visibility push(hidden)

enum ring_part_name { RING_HEAD, RING_PCS, RING_NODES, RING_CHUNKS, RING_PARTS };

struct ring_part {             /* all in bytes */
	uint64_t offset;       /* in the file */
	uint64_t first, whole; /* what is mapped at first, and at most */
};

/* NULL where the limits of the process do not allow it.  In a forked child the parent's ring goes, whose place it
 * takes. */
unsigned char *ring_map(int fd, const struct ring_part parts[RING_PARTS]);

/* Maps that memory of the ring, if it is not mapped.  False: there is no room.  Any thread, any signal handler. */
bool ring_map_reach(const void *at, size_t bytes);
/* Bytes of its last part that are mapped. */
uint64_t ring_map_chunk_bytes(void);

/* Maps all of it, for a program that is about to give up system calls. */
void ring_map_whole(void);

/* Unmaps the parent's ring in a forked child that has no ring of its own yet. */
void ring_map_drop(void);

/* The header of the ring that is mapped; in a forked child that has none of its own yet, its parent's.  NULL: no ring
 * is mapped. */
struct rt_header *ring_map_header(void);

#pragma GCC visibility pop

#endif
