#include "tools/source/lane.h"

#include <string.h>
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
		lane->pending = false;
		leave(lane);
		return;
	}
	DL_DELETE(lane->queue, ref);
	ref->lane = NULL;
}

/* R5: all records of a sealed chunk were delivered: gives the chunk back to the program.  Release: the reads of R3 come
 * before, so that they are over when W6 (acquire) claims the chunk.  It fails if the program claimed the chunk while it
 * was FULL. */
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

/* R4: true if the chunk still has the generation that was taken in.  Then the words that R3 read before belong to
 * it. */
static bool still_ours(const struct chunk_ref *ref)
{
	fence_acquire(); /* pairs with the fence of W7 */
	uint32_t state = load_relaxed(&ref->chunk->state);
	return state >> RT_CHUNK_GEN_SHIFT == ref->generation && (state & RT_CHUNK_STATE_MASK) != RT_CHUNK_CLAIMED;
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
	lane->gap = (struct event){.stamp = ref->base_stamp,
	                           .object = missing,
	                           .thread = ref->thread,
	                           .lane = lane->number,
	                           .depth = (uint8_t)ref->depth,
	                           .type = RT_LOSS};
	lane->broken = false;
	lane->stamp = ref->base_stamp;
	lane->position = ref->first_event;
	lane->next_seq = ref->seq;
	lane->pending = lane->gap_pending = true;
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
	/* The chunk in between may not have been seen yet.  It was then opened after the last poll, and no event from
	 * there on may be delivered in this round. */
	if (ref->seq != lane->next_seq && ref->base_stamp > lane->reading->limit)
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

static unsigned type_of(uint64_t word0) { return (unsigned)(word0 & 0xff); }

static unsigned record_words(uint64_t word0) { return (unsigned)(word0 >> RT_WORDS_SHIFT) & RT_WORDS_MASK; }

static uint64_t stamp_after(uint64_t before, uint64_t word0)
{
	return count_sum(before, word0 >> RT_DT_SHIFT & RT_DT_MAX);
}

static inline bool is_event(uint64_t word0, const uint64_t *at, const uint64_t *end)
{
	unsigned words = record_words(word0);

	return words + event_types[type_of(word0)].slack >= EVENT_WORDS_LIMIT && words <= (size_t)(end - at);
}

/* aux, type, align_log2 (0), kind, flags, result and depth of an event, as they lie in memory. */
static inline uint64_t small_fields(unsigned aux, unsigned sync, unsigned type, unsigned depth)
{
	uint64_t kind = rt_aux_kind(sync), flags = rt_aux_flags(sync), result = rt_aux_result(sync);

	return aux | type << 16 | kind << 32 | flags << 40 | result << 48 | (uint64_t)depth << 56;
}

/* R3.  Word 0 was checked.  The other words may change while they are read; that gives wrong values at worst, which R4
 * detects.  False: the record needs take_unusual. */
static inline bool decode(const struct lane *lane, const uint64_t *at, uint64_t word0, uint64_t stamp,
                          struct event *event)
{
	const struct event_type *type = &event_types[type_of(word0)];
	unsigned words = record_words(word0);
	uint64_t word1 = likely(words > 1) ? at[1] : 0;
	unsigned aux = (unsigned)(word1 >> RT_AUX_SHIFT), size = aux & type->size_mask;
	uint64_t who = lane->thread | word0 >> RT_STACK_SHIFT << 32;
	uint64_t rest = small_fields(aux, aux & type->sync_mask, type_of(word0), lane->depth);

	event->stamp = stamp;
	event->object = word1 & RT_OBJECT_MASK;
	event->size = size;
	event->arg = event->arg2 = 0;
	memcpy((char *)event + offsetof(struct event, thread), &who, sizeof who);
	event->lane = lane->number;
	memcpy((char *)event + offsetof(struct event, aux), &rest, sizeof rest);
	if (unlikely(words > 2)) {
		event->arg = at[2];
		event->arg2 = words > 3 ? at[3] : 0;
	}
	return !type->unusual && size != RT_SIZE_BIG;
}

/* Blocks of unusual size or alignment have these in word 2.  False: the record has no word 2. */
static bool decode_size(struct event *event, unsigned words)
{
	bool alloc = event->size == RT_SIZE_BIG;

	event->align_log2 = alloc ? (uint8_t)(event->arg >> RT_ALIGN_SHIFT) : 0;
	event->size = event->arg & RT_SIZE_MASK;
	return !alloc || words > 2;
}

static void begin_thread(struct lane *lane, struct event *event)
{
	lane->thread = event->thread = (uint32_t)event->arg;
	lane->tid = (uint32_t)(event->arg >> 32);
}

static void count_loss(struct reading *reading, const struct event *event)
{
	struct merge_totals *totals = &reading->totals;

	if (event->stamp > reading->gap)
		reading->gap = event->stamp;
	totals->lost = count_sum(totals->lost, event->object);
	if (event->aux)
		totals->never_written = count_sum(totals->never_written, event->object);
}

/* The program claimed the chunk again while a record was read.  True: its records were moved to another chunk, and
 * reading goes on there.  False: they are gone. */
static bool follow(struct lane *lane)
{
	if (lanes_follow(lane->reading->lanes, lane->current))
		return true;
	lane_drop(lane->current);
	return false;
}

/* Decodes any record, also the forms that the fast path leaves out.  False: the record is no event. */
static bool take_unusual(struct lane *lane, struct event *event)
{
	struct merge_totals *totals = &lane->reading->totals;
	unsigned words = record_words(lane->word0);
	bool sized = event_types[type_of(lane->word0)].shape == EVENT_SIZED;
	bool good = decode(lane, lane->at, lane->word0, lane->stamp, event) || (event->size != RT_SIZE_BIG && !sized) ||
	            decode_size(event, words);

	if (unlikely(!still_ours(lane->current))) {
		follow(lane);
		return false;
	}
	lane->pending = false;
	lane->at += words;
	lane->position = count_sum(lane->position, good && event->type == RT_LOSS ? event->object : 1);
	if (!good)
		totals->bad_records++;
	else if (event->type == RT_LOSS)
		count_loss(lane->reading, event);
	else
		totals->events++;
	if (good && event->type == RT_THREAD_BEGIN)
		begin_thread(lane, event);
	return good;
}

/* The fast path: takes records while they are of the usual forms, and keeps all that the loop needs in registers.  The
 * events count only if the chunk still has its generation after they were read (R4). */
__attribute__((noinline)) static size_t take_usual(struct lane *restrict lane, uint64_t until,
                                                   struct event *restrict events, size_t room)
{
	const uint64_t *at = lane->at, *end = lane->end;
	uint64_t word0 = lane->word0, stamp = lane->stamp;
	bool pending = true;
	size_t count = 0;

	while (count < room && stamp <= until && decode(lane, at, word0, stamp, &events[count])) {
		count++;
		at += record_words(word0);
		pending = at < end && is_event(word0 = load_relaxed(at), at, end);
		if (!pending)
			break;
		stamp = stamp_after(stamp, word0);
	}
	if (unlikely(!still_ours(lane->current))) {
		follow(lane);
		return 0;
	}
	__builtin_prefetch(at + 64);
	lane->at = at;
	lane->word0 = word0;
	lane->stamp = stamp;
	lane->pending = pending;
	lane->position = count_sum(lane->position, count);
	lane->reading->totals.events += count;
	return count;
}

/* Skips a record that is no event: a time record, a record of unknown type, or damaged bytes.  After damage the rest of
 * the chunk is skipped. */
static void pass(struct lane *lane, uint64_t word0)
{
	unsigned words = record_words(word0);

	if (words == 0 || words > (size_t)(lane->end - lane->at)) {
		lane->reading->totals.bad_records++;
		lane->at = lane->end;
		lane->broken = true;
		return;
	}
	if (type_of(word0) == RT_TIME && words > 1) {
		lane->stamp = lane->at[1];
	} else {
		lane->stamp = stamp_after(lane->stamp, word0);
		lane->position = count_sum(lane->position, 1);
		lane->reading->totals.bad_records++;
	}
	lane->at += words;
}

/* Reads on in the current chunk.  True: a record is pending. */
static bool find_in_chunk(struct lane *lane)
{
	while (lane->at < lane->end) {
		uint64_t word0 = load_relaxed(lane->at);

		if (unlikely(!still_ours(lane->current))) {
			if (!follow(lane))
				return false;
			continue;
		}
		if (is_event(word0, lane->at, lane->end)) {
			lane->word0 = word0;
			lane->stamp = stamp_after(lane->stamp, word0);
			return true;
		}
		pass(lane, word0);
	}
	return false;
}

bool lane_seek(struct lane *lane)
{
	while (!lane->pending) {
		if (!lane->current && !enter_next(lane))
			return lane->pending;
		lane->pending = find_in_chunk(lane);
		if (lane->pending || !lane->current)
			continue;
		if (!lane->current->full)
			return false;
		hand_back(lane);
	}
	return true;
}

static void take_gap(struct lane *lane, struct event *event)
{
	*event = lane->gap;
	count_loss(lane->reading, event);
	lane->pending = lane->gap_pending = false;
}

size_t lane_take(struct lane *lane, uint64_t until, struct event *events, size_t room)
{
	size_t count = 0;

	while (count < room && lane_find(lane) && lane->stamp <= until) {
		size_t usual = 0;

		if (unlikely(lane->gap_pending))
			take_gap(lane, &events[count++]);
		else if (likely(usual = take_usual(lane, until, &events[count], room - count)))
			count += usual;
		else if (lane->pending)
			count += take_unusual(lane, &events[count]);
	}
	return count;
}
