/*
 * Synthetic ring files: what the shim would have written, to the byte, but with
 * every stamp, gap and damage chosen by the test.  A lane may also be written by
 * a thread of its own while a reader polls: the protocol is the shim's. */
#ifndef RING_BUILDER_H
#define RING_BUILDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shim/format.h"

struct ring_builder {
	char path[256];
	int fd;
	unsigned char *map;
	size_t bytes;
	struct rt_header *header;
	bool moves; /* what fills a chunk is moved out, as a program without a live reader does */
	bool reuse; /* claim drained chunks again when there is no unused one, and wait for one */
};

struct ring_lane {
	struct ring_builder *builder;
	struct rt_chunk *chunk;
	uint64_t *at, *end;
	uint64_t last, events;
	uint32_t number, seq, thread;
};

/* Makes a file under /tmp; chunk_bytes a power of two.  The process it tells of is the caller's own, alive or
 * (dead) one that cannot be. */
void ring_builder_make(struct ring_builder *builder, uint32_t chunk_bytes, uint32_t chunk_count, bool dead);
/* Unmaps and removes it. */
void ring_builder_remove(struct ring_builder *builder);

void ring_lane_start(struct ring_lane *lane, struct ring_builder *builder, uint32_t number, uint64_t stamp);
/* Appends a record with this stamp; takes a new chunk where it does not fit.  word1, word2 follow word 0. */
void ring_lane_write(struct ring_lane *lane, uint64_t stamp, unsigned type, uint32_t stack, unsigned words,
                     uint64_t word1, uint64_t word2);
/* As above with the stamp of now, by the protocol of a live ring. */
void ring_lane_write_now(struct ring_lane *lane, unsigned type, unsigned words, uint64_t word1,
                         uint64_t word2);
/* Seals the chunk: the next record goes to a new one. */
void ring_lane_seal(struct ring_lane *lane);
/* Copies what the lane's chunk holds to an unused one, which is full then: as if the program had died before it used the
 * first one again. */
void ring_lane_copy_out(struct ring_lane *lane);
/* Says which thread the records from here on belong to. */
void ring_lane_thread(struct ring_lane *lane, uint64_t stamp, uint32_t thread);
/* Makes the chunk with this index look overwritten: claimed by a writer that died then. */
void ring_builder_overwrite(struct ring_builder *builder, uint32_t chunk);
/* A stack of `depth` frames in the tables; returns its id. */
uint32_t ring_builder_stack(struct ring_builder *builder, unsigned depth);

#endif
