/*
 * A lane: the chain of chunks that one thread at a time appends to.  The reader reads it in the order in which it was
 * written.
 *
 * Records stay in their chunks until they are delivered: only the first word of the next record, with its stamp, is
 * read ahead.  A chunk_ref is the reader's note on one chunk.
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
	uint32_t generation; /* the chunk's generation when the reader took it in */
	uint32_t number;     /* of its lane */
	uint32_t seq, thread, tid, depth;
	uint64_t base_stamp, first_event;
	uint32_t end; /* bytes that were published at the last poll */
	bool full;    /* no record will follow after `end` */
	bool taken;   /* generation and the fields after it are valid */
};

/* State that all lanes of one merge share. */
struct lanes;
struct reading {
	struct ring_file *ring;
	struct lanes *lanes;
	bool live;        /* the reader hands chunks back to the program */
	uint64_t limit;   /* events up to this stamp may be delivered */
	uint64_t rescued; /* events that were read from a chunk before the program overwrote it */
	uint64_t gap;     /* stamp of the latest RT_LOSS delivered; 0: there was none */
	struct merge_totals totals;
};

struct lane {
	/* Used for every event. */
	const uint64_t *at, *end;  /* the next record; the end of the published ones */
	uint64_t stamp;            /* of the record at `at` if that is pending, else of the record before it */
	uint64_t position;         /* events that the lane had recorded or lost before `at` */
	uint64_t word0;            /* if pending: the record's first word, already checked */
	struct chunk_ref *current; /* the head of the queue, once the reader has begun it */
	uint32_t number;
	uint32_t thread, tid;
	uint8_t depth;
	bool pending;     /* a record or a gap is ready to be taken */
	bool gap_pending; /* it is a gap: the event is in `gap` */

	struct reading *reading;
	struct chunk_ref *queue; /* sorted by seq; the head is being read */
	uint32_t next_seq;       /* seq that the next chunk must have */
	bool broken;             /* the rest of a chunk was skipped; the next chunk tells how many events that were */
	struct event gap;
	UT_hash_handle hh;

	/* For a live reader: see merge.c. */
	bool met;              /* bound is known */
	uint64_t bound;        /* no record with a stamp below this can follow */
	bool active;           /* the last poll found a record in the making ... */
	uint64_t active_end;   /* ... here; */
	uint64_t watched_end;  /* and the poll before it found one here */
	uint64_t active_since; /* CLOCK_MONOTONIC ns; 0: not active */
};

/* Puts a chunk in its place in the queue.  A queued chunk with the same records is a copy: the writer has moved the
 * records from one to the other.  Then ref takes its place if ref is full, and is not queued otherwise. */
void lane_queue(struct lane *lane, struct chunk_ref *ref);
/* Goes on with chunk `to` in place of ref.  `to` has the same records at the same offsets, and may have more. */
void lane_move(struct chunk_ref *ref, struct chunk_ref *to);
/* Removes a chunk that the program has claimed again before the reader came to its end. */
void lane_drop(struct chunk_ref *ref);
/* Looks for the next record or gap; call it only if none is pending.  False: there is none yet. */
bool lane_seek(struct lane *lane);
static inline bool lane_find(struct lane *lane) { return lane->pending || lane_seek(lane); }
/* Takes events with stamps of `until` at most, as many as there is room for, and counts them in the totals.  Returns
 * how many it took.  If it took fewer than `room`, it has also looked for the event that follows (lane_seek). */
size_t lane_take(struct lane *lane, uint64_t until, struct event *events, size_t room);

/* a + b, or UINT64_MAX if that overflows: counts in a damaged file may be anything. */
static inline uint64_t count_sum(uint64_t a, uint64_t b)
{
	uint64_t sum;

	return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

#endif
