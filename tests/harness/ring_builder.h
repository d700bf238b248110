/*
 * Makes synthetic ring files: to the byte what the shim would write, but the test chooses every stamp, gap and damage.
 * A thread of the test may also write a lane while a reader polls: it follows the protocol of the shim.
 */
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
	bool moves; /* a full chunk is moved out, as in a program without a live reader */
	bool reuse; /* without an unused chunk, waits for a drained one and claims it again */
};

struct ring_lane {
	struct ring_builder *builder;
	struct rt_chunk *chunk;
	uint64_t *at, *end;
	uint64_t last, events;
	uint32_t number, seq, thread;
};

/* Makes a file under /tmp.  chunk_bytes: a power of two.  dead false: the ring is of the calling process, which is
 * alive; true: of a process that cannot exist. */
void ring_builder_make(struct ring_builder *builder, uint32_t chunk_bytes, uint32_t chunk_count, bool dead);
/* Unmaps and removes it. */
void ring_builder_remove(struct ring_builder *builder);

void ring_lane_start(struct ring_lane *lane, struct ring_builder *builder, uint32_t number, uint64_t stamp);
/* Appends a record with this stamp, in a new chunk if it does not fit.  word1 and word2 follow word 0. */
void ring_lane_write(struct ring_lane *lane, uint64_t stamp, unsigned type, uint32_t stack, unsigned words,
                     uint64_t word1, uint64_t word2);
/* The same with the present time as its stamp, by the protocol of a live ring. */
void ring_lane_write_now(struct ring_lane *lane, unsigned type, unsigned words, uint64_t word1, uint64_t word2);
/* Seals the chunk: the next record goes to a new one. */
void ring_lane_seal(struct ring_lane *lane);
/* Copies the records of the lane's chunk to an unused chunk, which is full then: as if the program had died before it
 * used the first chunk again. */
void ring_lane_copy_out(struct ring_lane *lane);
/* The records from here on belong to this thread. */
void ring_lane_thread(struct ring_lane *lane, uint64_t stamp, uint32_t thread);
/* Makes the chunk with this index look overwritten: a writer claimed it and then died. */
void ring_builder_overwrite(struct ring_builder *builder, uint32_t chunk);
/* Adds a stack of `depth` frames to the tables; returns its id. */
uint32_t ring_builder_stack(struct ring_builder *builder, unsigned depth);

#endif
