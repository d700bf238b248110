#include "tools/source/lane.h"

#include <utlist.h>

#include "shim/atomics.h"
#include "tools/source/lanes.h"

/* ---- the queue of chunks ------------------------------------------------------ */

/* first_event never wraps; it is the same in two chunks only when one of them holds nothing. */
static bool comes_after(const struct chunk_ref *a, const struct chunk_ref *b)
{
	if (a->first_event != b->first_event)
		return a->first_event > b->first_event;
	return (int32_t)(a->seq - b->seq) > 0;
}

static const uint64_t *words_of(const struct chunk_ref *ref) { return (const uint64_t *)ref->chunk; }

void lane_move(struct chunk_ref *ref, struct chunk_ref *to)
{
	struct lane *lane = ref->lane;

	DL_REPLACE_ELEM(lane->queue, ref, to);
	to->lane = lane;
	ref->lane = NULL;
	if (lane->current != ref)
		return;
	lane->current = to;
	lane->at = words_of(to) + (lane->at - words_of(ref));
	lane->end = words_of(to) + to->end / sizeof(uint64_t);
}

void lane_queue(struct lane *lane, struct chunk_ref *ref)
{
	struct chunk_ref *before = lane->queue ? lane->queue->prev : NULL; /* the head's prev is the tail */

	while (before && before != lane->current && comes_after(before, ref))
		before = before == lane->queue ? NULL : before->prev;
	if (before && !comes_after(ref, before) && !comes_after(before, ref)) {
		if (ref->full)
			lane_move(before, ref);
		return;
	}
	ref->lane = lane;
	if (before)
		DL_APPEND_ELEM(lane->queue, before, ref);
	else
		DL_PREPEND(lane->queue, ref);
}

static void leave(struct lane *lane)
{
	struct chunk_ref *ref = lane->current;

	lane->current = NULL;
	lane->next_seq = ref->seq + 1;
	DL_DELETE(lane->queue, ref);
	ref->lane = NULL;
}

void lane_drop(struct chunk_ref *ref)
{
	struct lane *lane = ref->lane;

	if (lane->current == ref) {
		lane->reading->rescued += lane->position - ref->first_event;
		lane->broken = true;
		leave(lane);
		return;
	}
	DL_DELETE(lane->queue, ref);
	ref->lane = NULL;
}

/* All of a sealed chunk has been delivered: the program may have it back. */
static void hand_back(struct lane *lane)
{
	struct chunk_ref *ref = lane->current;
	struct reading *reading = lane->reading;
	uint32_t generation = ref->generation << RT_CHUNK_GEN_SHIFT;
	uint64_t events = lane->position - ref->first_event;

	leave(lane);
	if (!reading->live)
		return;
	if (cas_acq_rel(&ref->chunk->state, generation | RT_CHUNK_FULL, generation | RT_CHUNK_DRAINED))
		fetch_add_relaxed(&reading->ring->shared->drained_events, events);
	else
		reading->rescued += events;
}

/* The chunk is still what was taken in: its words, read before this, are that generation's. */
static bool still_ours(const struct chunk_ref *ref)
{
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	uint32_t state = load_relaxed(&ref->chunk->state);
	return state >> RT_CHUNK_GEN_SHIFT == ref->generation &&
	       (state & RT_CHUNK_STATE_MASK) != RT_CHUNK_CLAIMED;
}

/* ---- gaps ----------------------------------------------------------------------- */

/* Events between the last one read and the first of this chunk. */
static uint64_t missing_before(const struct lane *lane, const struct chunk_ref *ref)
{
	if (ref->seq == lane->next_seq && !lane->broken)
		return 0;
	uint64_t missing = ref->first_event > lane->position ? ref->first_event - lane->position : 0;
	return missing <= RT_OBJECT_MASK ? missing : RT_OBJECT_MASK;
}

static void make_gap(struct lane *lane, const struct chunk_ref *ref, uint64_t missing)
{
	lane->event = (struct event){.stamp = ref->base_stamp,
	                             .object = missing,
	                             .thread = ref->thread,
	                             .lane = lane->number,
	                             .depth = (uint8_t)ref->depth,
	                             .type = RT_LOSS};
	lane->broken = false;
	lane->position = ref->first_event;
	lane->next_seq = ref->seq;
	lane->pending = true;
}

static void enter(struct lane *lane, struct chunk_ref *ref)
{
	lane->current = ref;
	lane->broken = false;
	lane->at = words_of(ref) + sizeof(struct rt_chunk) / sizeof(uint64_t);
	lane->end = words_of(ref) + ref->end / sizeof(uint64_t);
	lane->stamp = ref->base_stamp;
	lane->position = ref->first_event;
	lane->thread = ref->thread;
	lane->tid = ref->tid;
	lane->depth = ref->depth < UINT8_MAX ? (uint8_t)ref->depth : UINT8_MAX;
}

/* Goes on to the next chunk.  False: there is none, or it may not be the next one, or a gap comes first. */
static bool enter_next(struct lane *lane)
{
	struct chunk_ref *ref = lane->queue;

	if (!ref)
		return false;
	/* One that belongs in between may not have been seen yet: it was then opened after the last look, and
	 * nothing from there on may go out in this round. */
	if (ref->seq != lane->next_seq && lane->reading->live && ref->base_stamp > lane->reading->limit)
		return false;
	uint64_t missing = missing_before(lane, ref);
	if (missing) {
		make_gap(lane, ref, missing);
		return false;
	}
	enter(lane, ref);
	return true;
}

/* ---- records ---------------------------------------------------------------------- */

enum decoded { DECODED_EVENT, DECODED_NOTHING, DECODED_DAMAGE };

/* word 0 was read once and checked; the others may change under us, and mean nothing worse than a wrong value
 */
static bool decode_payload(struct lane *lane, struct event *event, const uint64_t *at, unsigned words)
{
	uint64_t word1 = words > 1 ? at[1] : 0;
	uint64_t word2 = words > 2 ? at[2] : 0;
	unsigned aux = (unsigned)(word1 >> RT_AUX_SHIFT);

	event->object = word1 & RT_OBJECT_MASK;
	event->aux = (uint16_t)aux;
	event->arg = word2;
	event->arg2 = words > 3 ? at[3] : 0;
	event->size = 0;
	event->align_log2 = event->kind = event->flags = event->result = 0;
	switch (event_types[event->type].shape) {
	case EVENT_ALLOC:
		event->size = aux;
		if (aux != RT_SIZE_BIG)
			break;
		if (words < 3)
			return false;
		event->align_log2 = (uint8_t)(word2 >> RT_ALIGN_SHIFT);
		/* fall through */
	case EVENT_SIZED:
		event->size = word2 & RT_SIZE_MASK;
		break;
	case EVENT_SYNC:
		event->kind = (uint8_t)rt_aux_kind(aux);
		event->flags = (uint8_t)rt_aux_flags(aux);
		event->result = (uint8_t)rt_aux_result(aux);
		break;
	default:
		break;
	}
	return true;
}

static void count_position(struct lane *lane, const struct event *event)
{
	lane->position = count_sum(lane->position, event->type == RT_LOSS ? event->object : 1);
	if (event->type == RT_THREAD_BEGIN) {
		lane->thread = (uint32_t)event->arg;
		lane->tid = (uint32_t)(event->arg >> 32);
	}
}

static enum decoded decode(struct lane *lane)
{
	const uint64_t *at = lane->at;
	uint64_t word0 = load_relaxed(at);
	unsigned type = (unsigned)(word0 & 0xff);
	unsigned words = (unsigned)(word0 >> RT_WORDS_SHIFT) & RT_WORDS_MASK;
	struct event *event = &lane->event;

	if (words == 0 || words > (size_t)(lane->end - at))
		return DECODED_DAMAGE;
	__builtin_prefetch(at + 64);
	lane->at = at + words;
	if (type == RT_TIME && words > 1) {
		lane->stamp = at[1];
		return DECODED_NOTHING;
	}
	lane->stamp = count_sum(lane->stamp, word0 >> RT_DT_SHIFT & RT_DT_MAX);
	event->type = (uint8_t)type;
	if (event_types[type].shape == EVENT_UNKNOWN || words < event_types[type].words ||
	    !decode_payload(lane, event, at, words)) {
		lane->reading->totals.bad_records++;
		lane->position = count_sum(lane->position, 1);
		return DECODED_NOTHING;
	}
	event->stamp = lane->stamp;
	event->stack = (uint32_t)(word0 >> RT_STACK_SHIFT);
	event->lane = lane->number;
	event->depth = lane->depth;
	count_position(lane, event);
	event->thread = lane->thread;
	return DECODED_EVENT;
}

/* The chunk was claimed anew while its record at `at` was read.  False: what it held is gone. */
static bool read_again(struct lane *lane, const uint64_t *at, uint64_t stamp, uint64_t position)
{
	lane->at = at;
	lane->stamp = stamp;
	lane->position = position;
	if (lanes_follow(lane->reading->lanes, lane->current))
		return true;
	lane_drop(lane->current);
	return false;
}

/* Reads on in the current chunk.  True: an event is pending. */
static bool read_chunk(struct lane *lane)
{
	while (lane->at < lane->end) {
		const uint64_t *at = lane->at;
		uint64_t position = lane->position, stamp = lane->stamp;
		enum decoded decoded = decode(lane);
		if (unlikely(!still_ours(lane->current))) {
			if (!read_again(lane, at, stamp, position))
				return false;
			continue;
		}
		if (likely(decoded == DECODED_EVENT))
			return true;
		if (decoded == DECODED_DAMAGE) {
			lane->reading->totals.bad_records++;
			lane->at = lane->end;
			lane->broken = true;
		}
	}
	return false;
}

bool lane_next(struct lane *lane)
{
	lane->pending = false;
	for (;;) {
		if (!lane->current && !enter_next(lane))
			return lane->pending;
		if (likely(read_chunk(lane)))
			return lane->pending = true;
		if (!lane->current)
			continue;
		if (!lane->current->full)
			return false;
		hand_back(lane);
	}
}
