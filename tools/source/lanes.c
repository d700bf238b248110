#include "tools/source/lanes.h"

#include <stdlib.h>

#include "shim/atomics.h"
#include "tools/base/memory.h"

#define BLOCK_REFS 64u

static size_t blocks_of(const struct ring_file *ring) { return ring->header.chunk_count / BLOCK_REFS + (size_t)1; }

/* The references do not move, since queues hold pointers to them. */
static struct chunk_ref *ref_of(const struct lanes *lanes, uint32_t index)
{
	struct chunk_ref **block = &lanes->refs[index / BLOCK_REFS];

	if (!*block)
		*block = memory_zeroed(BLOCK_REFS, sizeof **block);
	return *block + index % BLOCK_REFS;
}

void lanes_init(struct lanes *lanes, struct reading *reading)
{
	*lanes = (struct lanes){.reading = reading};
	reading->lanes = lanes;
	lanes->refs = memory_zeroed(blocks_of(reading->ring), sizeof *lanes->refs);
}

void lanes_free(struct lanes *lanes)
{
	struct lane *lane, *next;

	HASH_ITER(hh, lanes->table, lane, next)
	{
		HASH_DEL(lanes->table, lane);
		free(lane);
	}
	for (size_t i = 0; i < blocks_of(lanes->reading->ring); i++)
		free(lanes->refs[i]);
	free(lanes->refs);
	free(lanes->fresh);
}

static struct lane *lane_of(struct lanes *lanes, uint32_t number)
{
	struct lane *lane;

	HASH_FIND(hh, lanes->table, &number, sizeof number, lane);
	if (lane)
		return lane;
	lane = memory_zeroed(1, sizeof *lane);
	lane->reading = lanes->reading;
	lane->number = number;
	lane->next_seq = RT_SEQ_FIRST;
	HASH_ADD(hh, lanes->table, number, sizeof lane->number, lane);
	return lane;
}

static unsigned state_of(uint32_t word) { return word & RT_CHUNK_STATE_MASK; }

static bool is_readable(const struct lanes *lanes, unsigned state)
{
	return state == RT_CHUNK_OPEN || state == RT_CHUNK_FULL || (state == RT_CHUNK_DRAINED && !lanes->handed_back);
}

/* The number of published bytes; never more than a chunk holds, whatever the tail says. */
static uint32_t end_within(struct lanes *lanes, uint64_t tail)
{
	uint64_t end = tail & ~UINT64_C(7);

	if (end >= sizeof(struct rt_chunk) && end <= lanes->reading->ring->header.chunk_bytes)
		return (uint32_t)end;
	lanes->reading->totals.bad_records++;
	return end < sizeof(struct rt_chunk) ? sizeof(struct rt_chunk) : lanes->reading->ring->header.chunk_bytes;
}

static void note_activity(struct lanes *lanes, const struct chunk_ref *ref, uint64_t tail)
{
	struct lane *lane = lane_of(lanes, ref->number);

	lane->active = true;
	lane->active_end = tail;
}

/* Reads how much has been published in a chunk that was taken in before. */
static void poll_known(struct lanes *lanes, struct chunk_ref *ref, uint32_t state)
{
	if (ref->full || !ref->lane)
		return;
	uint64_t tail = load_acquire(&ref->chunk->tail); /* R2, pairs with W4 */
	/* The tail counts only if the chunk still has this generation; else it belongs to a later one. */
	if (load_acquire(&ref->chunk->state) >> RT_CHUNK_GEN_SHIFT != ref->generation)
		return;
	ref->end = end_within(lanes, tail);
	ref->full = state_of(state) != RT_CHUNK_OPEN;
	if (ref->lane->current == ref)
		ref->lane->end = (const uint64_t *)ref->chunk + ref->end / sizeof(uint64_t);
	if (!ref->full && (tail & RT_TAIL_ACTIVE))
		note_activity(lanes, ref, tail);
}

/* False: the program has just claimed the chunk again; its new records are later than this poll. */
static bool take_in(struct lanes *lanes, uint32_t index, uint32_t state)
{
	struct rt_chunk *chunk = ring_file_chunk(lanes->reading->ring, index);
	struct chunk_ref seen = {.chunk = chunk,
	                         .index = index,
	                         .generation = state >> RT_CHUNK_GEN_SHIFT,
	                         .number = load_relaxed(&chunk->lane),
	                         .seq = load_relaxed(&chunk->seq),
	                         .thread = load_relaxed(&chunk->thread),
	                         .tid = load_relaxed(&chunk->tid),
	                         .depth = load_relaxed(&chunk->depth),
	                         .base_stamp = load_relaxed(&chunk->base_stamp),
	                         .first_event = load_relaxed(&chunk->first_event),
	                         .full = state_of(state) != RT_CHUNK_OPEN,
	                         .taken = true};
	uint64_t tail = load_acquire(&chunk->tail); /* R2, pairs with W4 */

	if (load_acquire(&chunk->state) >> RT_CHUNK_GEN_SHIFT != seen.generation)
		return false;
	seen.end = end_within(lanes, tail);
	*ref_of(lanes, index) = seen;
	if (!seen.full && (tail & RT_TAIL_ACTIVE))
		note_activity(lanes, &seen, tail);
	return true;
}

static void poll_new(struct lanes *lanes, uint32_t index, uint32_t state)
{
	if (!take_in(lanes, index, state))
		return;
	GROW(lanes->fresh, lanes->fresh_room, lanes->fresh_count + 1);
	lanes->fresh[lanes->fresh_count++] = ref_of(lanes, index);
}

/* True if the chunk, which the reader has not taken in, holds the records that were in ref's chunk. */
static bool is_copy(const struct rt_chunk *chunk, uint32_t state, const struct chunk_ref *ref)
{
	return state_of(state) == RT_CHUNK_FULL && load_relaxed(&chunk->lane) == ref->number &&
	       load_relaxed(&chunk->seq) == ref->seq && load_relaxed(&chunk->first_event) == ref->first_event;
}

bool lanes_follow(struct lanes *lanes, struct chunk_ref *ref)
{
	struct ring_file *ring = lanes->reading->ring;

	for (uint32_t i = ring_file_chunks(ring); i-- > 0;) { /* from the end: the copy was made recently */
		struct rt_chunk *chunk = ring_file_chunk(ring, i);
		uint32_t state = load_acquire(&chunk->state);

		if (i == ref->index || ref_of(lanes, i)->lane || !is_copy(chunk, state, ref) ||
		    !take_in(lanes, i, state) || ref_of(lanes, i)->end < ref->end)
			continue;
		lane_move(ref, ref_of(lanes, i));
		return true;
	}
	return false;
}

static void poll_chunk(struct lanes *lanes, uint32_t index)
{
	struct rt_chunk *chunk = ring_file_chunk(lanes->reading->ring, index);
	uint32_t state = load_acquire(&chunk->state); /* pairs with W5 and W7 */
	struct chunk_ref *ref = ref_of(lanes, index);
	bool known = state_of(state) != RT_CHUNK_UNUSED && ref->taken && ref->generation == state >> RT_CHUNK_GEN_SHIFT;

	if (ref->lane && !known && !lanes_follow(lanes, ref))
		lane_drop(ref);
	if (!is_readable(lanes, state_of(state)))
		return;
	if (known)
		poll_known(lanes, ref, state);
	else
		poll_new(lanes, index, state);
}

static int by_lane_and_place(const void *a, const void *b)
{
	const struct chunk_ref *x = *(struct chunk_ref *const *)a, *y = *(struct chunk_ref *const *)b;
	uint32_t x_seq = x->seq - RT_SEQ_FIRST, y_seq = y->seq - RT_SEQ_FIRST;

	if (x->number != y->number)
		return x->number < y->number ? -1 : 1;
	if (x->first_event != y->first_event)
		return x->first_event < y->first_event ? -1 : 1;
	if (x_seq != y_seq)
		return x_seq < y_seq ? -1 : 1;
	return x->index < y->index ? -1 : 1;
}

/* Sorted first, so that a lane's queue is only appended to: chunks lie in the file in any order. */
static void queue_fresh(struct lanes *lanes)
{
	if (lanes->fresh_count > 1)
		qsort(lanes->fresh, lanes->fresh_count, sizeof *lanes->fresh, by_lane_and_place);
	for (size_t i = 0; i < lanes->fresh_count; i++)
		lane_queue(lane_of(lanes, lanes->fresh[i]->number), lanes->fresh[i]);
	lanes->fresh_count = 0;
}

void lanes_poll(struct lanes *lanes)
{
	for (struct lane *lane = lanes->table; lane; lane = lane->hh.next)
		lane->active = false;
	/* A chunk that is moved out goes to a later index, so that going through all indexes in order misses none. */
	for (uint32_t i = 0; i < ring_file_chunks(lanes->reading->ring); i++)
		poll_chunk(lanes, i);
	queue_fresh(lanes);
}

void lanes_seal(struct lanes *lanes)
{
	uint32_t chunks = ring_file_chunks(lanes->reading->ring);

	for (uint32_t i = 0; i < chunks; i++)
		if (ref_of(lanes, i)->lane)
			ref_of(lanes, i)->full = true;
}

uint64_t lanes_taken_before(const struct lanes *lanes)
{
	uint64_t drained = load_relaxed(&lanes->reading->ring->shared->drained_events), still_there = 0;
	uint32_t chunks = ring_file_chunks(lanes->reading->ring);

	if (lanes->handed_back)
		return 0;
	for (uint32_t i = 0; i < chunks; i++) {
		const struct rt_chunk *chunk = ring_file_chunk(lanes->reading->ring, i);
		if (state_of(load_relaxed(&chunk->state)) == RT_CHUNK_DRAINED)
			still_there = count_sum(still_there, load_relaxed(&chunk->events));
	}
	return drained > still_there ? drained - still_there : 0;
}
