/*
 * Where each part of the ring file lies: header, modules, pcs, nodes, chunks (docs/FORMAT.md), and how many entries
 * each has, by the options and by the limits of the process and of its disk.
 */
#ifndef RINGTAIL_RING_LAYOUT_H
#define RINGTAIL_RING_LAYOUT_H

#include <stdint.h>

#pragma GCC visibility push(hidden)

#define RING_CHUNK_BYTES  (64u << 10)
#define RING_CHUNKS_LEAST 4u /* a ring with fewer is not worth having */

struct ring_layout {
	uint64_t modules, pcs, nodes, chunks; /* offsets, each a multiple of every machine's page size but the first */
	uint64_t bytes;                       /* of the file */
	uint32_t module_count, chunk_count;
	unsigned pc_levels, node_levels; /* of the stack tables */
};

/* Bytes that the file may take: a quarter of RLIMIT_AS, and not more than RLIMIT_FSIZE.  The tool that a program starts
 * at its end has the same limits and maps the file whole; growing past the limit of files would be SIGXFSZ. */
uint64_t ring_layout_bytes_allowed(void);

/* A layout of at most that many bytes and option max.  Tables shrink until they take at most half.  It may have fewer
 * than RING_CHUNKS_LEAST chunks: then it is of no use. */
struct ring_layout ring_layout_within(uint64_t allowed);

/* Leaves free most of the disk on which fd lies: the program may write to it, and the results go there. */
void ring_layout_spare_disk(struct ring_layout *layout, int fd);

#pragma GCC visibility pop

#endif
