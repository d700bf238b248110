/*
 * A lane: the chain of chunks that one thread at a time appends to, read in
 * the order in which it was written.
 *
 * Records stay in their chunks until they are delivered: of the next one only
 * the first word, with its stamp, is read ahead.  What the reader remembers of
 * a chunk is a chunk_ref.
 */
#ifndef RINGTAIL_LANE_H
#define RINGTAIL_LANE_H

#include <uthash.h>

#include "tools/source/event.h"
#include "tools/source/merge.h"
#include "tools/source/ring_file.h"

struct lane;

struct chunk_ref {                     /* one for each chunk of the file */
	struct chunk_ref *prev, *next; /* in its lane's queue */
	struct lane *lane;             /* NULL: in no queue */
	struct rt_chunk *chunk;
	uint32_t index;
	uint32_t generation; /* in which it was taken in */
	uint32_t number;     /* its lane's */
	uint32_t seq, thread, tid, depth;
	uint64_t base_stamp, first_event;
	uint32_t end; /* bytes that are published, as far as was looked */
	bool full;    /* nothing will follow below `end` */
	bool taken;   /* generation and all that follows it is valid */
};

/* What all lanes of one merge share. */
struct lanes;
struct reading {
	struct ring_file *ring;
	struct lanes *lanes;
	bool live;        /* chunks are handed back to the program */
	uint64_t limit;   /* stamps up to here may go out */
	uint64_t rescued; /* events read from chunks that were then overwritten all the same */
	struct merge_totals totals;
};

struct lane {
	/* Of every event. */
	const uint64_t *at, *end;  /* next record; end of what is published */
	uint64_t stamp;            /* of the record at `at` where one is pending, else of the one before */
	uint64_t position;         /* events the lane had recorded or lost up to here */
	uint64_t word0;            /* pending: the record's first word, checked */
	struct chunk_ref *current; /* the head of the queue, once it was entered */
	uint32_t number;
	uint32_t thread, tid;
	uint8_t depth;
	bool pending;              /* a record or a gap waits to be taken */
	bool gap_pending;          /* it is `gap` */

	struct reading *reading;
	struct chunk_ref *queue;   /* by seq; the head is the one being read */
	uint32_t next_seq;         /* of the chunk that must follow */
	bool broken; /* the rest of a chunk was given up: the next one tells how much that was */
	struct event gap;
	UT_hash_handle hh;

	/* Live: see merge.c. */
	bool met;            /* bound is known */
	uint64_t bound;      /* no record with a stamp below can follow */
	bool active;         /* a record was in the making when last looked at */
	uint64_t active_end; /* where, and where in the round before */
	uint64_t watched_end;
	uint64_t active_since; /* CLOCK_MONOTONIC ns, 0: not */
};

/* Puts a chunk in its place in the queue; not, if it holds what another one there does, which then is replaced by it if
 * it is full: the writer has moved that one out. */
void lane_queue(struct lane *lane, struct chunk_ref *ref);
/* What the queued chunk holds, and more, lies at the same places of another one now. */
void lane_move(struct chunk_ref *ref, struct chunk_ref *to);
/* Takes a chunk out that was claimed anew before it was read to its end. */
void lane_drop(struct chunk_ref *ref);
/* Finds the next record or gap, where none is pending; false: there is none for now. */
bool lane_seek(struct lane *lane);
static inline bool lane_find(struct lane *lane) { return lane->pending || lane_seek(lane); }
/* Takes events with stamps of `until` at most, as many as there is room for, and counts them.  Returns how many; what
 * comes after them was looked for, unless there was no more room. */
size_t lane_take(struct lane *lane, uint64_t until, struct event *events, size_t room);

/* Saturating: counts in a hostile file may be anything. */
static inline uint64_t count_sum(uint64_t a, uint64_t b)
{
	uint64_t sum;

	return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

#endif
