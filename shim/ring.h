/*
 * The ring: writer's side.
 *
 * A lane is a chain of chunks that one thread appends to (a later thread goes on
 * with a dead one's lane).  There is one writer and one reader, and no lock:
 *
 *   writer (the thread)                        reader (the tool)
 *   -------------------                        -----------------
 *   W1: tail = offset | ACTIVE                 R1: now = ticks - margin
 *   W2: stamp = ticks                          R2: tail (acquire) of each lane
 *       capture the stack                      R3: records below tail
 *   W3: write the record                       R4: fence (acquire), state (relaxed):
 *   W4: tail = offset + size   (release)           the generation is R2's still
 *   chunk full:                                R5: chunk FULL and all read:
 *   W5: state OPEN -> FULL     (release)           state FULL -> DRAINED (CAS)
 *   W6: claim another (CAS, generation + 1)
 *   W7: fence (release), fill its header,
 *       state -> OPEN          (release)
 *
 * If R2 reads the tail of W4 then R3 sees the record of W3 whole (release/acquire).
 * If R2 sees a tail without ACTIVE, then every record of this lane with a stamp
 * before R1 is below that tail: W1 precedes W2 in program order, and a store is
 * visible to all within the margin (store buffers drain in nanoseconds, and an
 * interrupted thread's at once).  That is what lets the reader deliver one order
 * over all threads without stopping any.  If R2 sees ACTIVE, the stamp in the making
 * is not earlier than the last time when the lane was seen without it.
 * A chunk is OPEN (W7) before its first stamp, so R1 then scan misses none.
 * W6 and R5 never meet on one chunk: only DRAINED chunks are claimed while a reader
 * lives.  When none lives, FULL chunks are claimed too (oldest first, counted as
 * overwritten).  Each claim raises the generation in the state word; a reader that
 * was thought dead notices by that.  That is a seqlock, the generation its sequence:
 * if R3 reads anything that was written after the fence of W7, then R4 sees the
 * generation of W6 or a later one (fence pairs with fence), and R3's words are not believed.
 *
 * New pages cost more than all that is written into them: a fault, and on a virtual machine another one under it.  So
 * a program without a live reader does not go on to an unused chunk:
 *
 *   M1: copies its chunk to the unused one by way of the kernel, which needs no mapping of the program's for
 *       that; its state comes last, and is FULL
 *   M2: state OPEN -> CLAIMED with generation + 1, and W7 on the same chunk, whose pages are mapped and in the cache
 *
 * Between M1 and M2 there are two chunks of the same lane and seq.  A program that is killed there leaves both, and the
 * reader takes one.  A reader that reads a chunk while it is moved finds the generation raised, and the copy at a
 * higher index: M1 precedes M2.
 *
 * The stack is captured after the stamp was taken, so that the counter's latency is spent on that.
 *
 * A record is committed by W4 alone.  A hook that is left in the middle (killed,
 * longjmp) leaves bytes above the tail that no reader reads.  A lane has a cursor only while
 * it has all else: the cursor is cleared first and set last.
 */
#ifndef RINGTAIL_RING_H
#define RINGTAIL_RING_H

#include "shim/atomics.h"
#include "shim/clock.h"
#include "shim/format.h"

#pragma GCC visibility push(hidden)

#define RING_LANES 4 /* lane 0, and one for each depth of nested signal handlers */

struct lane {
	unsigned char *cursor; /* where the next record goes; NULL: no chunk yet */
	unsigned char *end;
	struct rt_chunk *chunk;
	uint64_t last;       /* stamp of the last record */
	uint64_t events;     /* recorded or lost in this lane */
	uint64_t unreported; /* lost, and no RT_LOSS record written yet */
	uint32_t unreported_reason;
	uint32_t number; /* 0: none given yet */
	uint32_t seq;
	uint32_t thread; /* id last announced by RT_THREAD_BEGIN */
};

struct thread;

/* Seals the lane's chunk and claims another.  The new cursor, or NULL: the event is lost, and counted. */
unsigned char *ring_next_chunk(struct thread *thread, struct lane *lane);

/* Counts an event that could not be written. */
void ring_lose(struct lane *lane, enum rt_loss reason);

/* Writes RT_THREAD_BEGIN unless this thread was the last to do so in the lane: at the first use of a nested lane. */
void ring_announce(struct thread *thread, struct lane *lane);

/* True if a live reader can be counted on: it hands chunks back, and makes the scan at the end. */
bool ring_reader_lives(void);
/* True if the reader's process exists, whatever its heartbeat.  Of a reader in another PID namespace this is not known,
 * and the heartbeat decides. */
bool ring_reader_exists(void);
/* The reader's process id; 0: there is no reader, or it is in another PID namespace and has no number here. */
uint32_t ring_reader(void);

/* The process has, or had, more than one thread: stamps must be ordered as their causes are.  A lone thread's are. */
extern bool ring_threaded;

/* A record in the making. */
struct ring_record {
	uint64_t *at; /* NULL: it is lost, and counted */
	uint64_t stamp;
};

/* Room for a record of that many words, and its stamp: W1, W2.  Only between thread_enter and thread_leave; nothing
 * else may be written to the lane before ring_commit. */
static inline struct ring_record ring_begin(struct thread *thread, struct lane *lane, unsigned words)
{
	unsigned char *at = lane->cursor;
	/* room for a time record in front, always */
	if (unlikely(!at || at + (words + 2) * 8 > lane->end)) {
		at = ring_next_chunk(thread, lane);
		if (!at)
			return (struct ring_record){NULL, 0};
	}
	struct rt_chunk *chunk = lane->chunk;
	store_relaxed(&chunk->tail, (uint64_t)(at - (unsigned char *)chunk) | RT_TAIL_ACTIVE); /* W1 */
	signal_fence();
	if (ring_threaded)
		clock_fence();
	return (struct ring_record){(uint64_t *)at, clock_ticks()}; /* W2 */
}

/* Writes and publishes it: W3, W4. */
static inline void ring_commit(struct lane *lane, struct ring_record record, unsigned type, uint32_t stack,
                               unsigned words, uint64_t word1, uint64_t word2, uint64_t word3)
{
	struct rt_chunk *chunk = lane->chunk;
	uint64_t *word = record.at;
	uint64_t dt = record.stamp - lane->last;

	if (unlikely(dt > RT_DT_MAX)) {
		if ((int64_t)dt < 0)
			record.stamp = lane->last; /* the counter went back between cores: keep the lane's order */
		word[0] = rt_word0(RT_TIME, 2, 0, 0);
		word[1] = record.stamp;
		word += 2;
		dt = 0;
	}
	word[0] = rt_word0(type, words, dt, stack); /* W3 */
	word[1] = word1;
	if (words > 2)
		word[2] = word2;
	if (words > 3)
		word[3] = word3;
	signal_fence(); /* a hook may be left by longjmp anywhere: where the cursor has moved, the record is whole */
	word += words;
	lane->last = record.stamp;
	lane->cursor = (unsigned char *)word;
	lane->events++;
	store_release(&chunk->tail, (uint64_t)((unsigned char *)word - (unsigned char *)chunk)); /* W4 */
}

/* Appends one record without a stack. */
static inline void ring_write(struct thread *thread, struct lane *lane, unsigned type, unsigned words, uint64_t word1,
                              uint64_t word2, uint64_t word3)
{
	struct ring_record record = ring_begin(thread, lane, words);
	if (record.at)
		ring_commit(lane, record, type, RT_STACK_NONE, words, word1, word2, word3);
}

#pragma GCC visibility pop

#endif
