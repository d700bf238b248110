/*
 * Stack capture: the id of the calling thread's stack, for the price of checking
 * that it has not changed.
 *
 * Theory
 *
 * (1) A frame is known by its state: pc, sp (the CFA of the frame it called) and bp.
 *     By the frame's rule (see unwind.h) that state and the memory that the rule
 *     reads give the state of its caller.
 * (2) The memo is the outer part of a stack that the thread had, outermost frame first, with every
 *     slot the unwinding READ to get there and the value found: return addresses, and
 *     those saved bp that some frame further out really used.  A context is an inner part, the
 *     few frames between a hook and a frame of the memo, with its slots: threads come to the same
 *     hooks by the same few ways again and again, in turn.  The trail is the inner part that was walked
 *     last, frame by frame: what comes next has most of it in common.
 * (3) If a new walk meets a frame of the memo in the same state, and all slots read
 *     from there outwards still hold the same values, then by (1) the rest of the walk
 *     would find the same frames.  So it is not walked: comparing is enough.  This is
 *     exact.  A bp that no frame further out uses takes no part in the comparison.  The same holds
 *     for a context, whose innermost frame is the hook's caller: then nothing is walked at all.
 *     Contexts are of no use where a thread does not come by the same way again: they rest for a while when they are
 *     seldom found.
 * (4) Rules change only when a library goes (process->unloads); the memo goes with it.
 *
 * Everything here belongs to one thread, and to hooks that no other hook of the same
 * thread interrupted (lane 0).  A signal handler inside a hook unwinds without memo and
 * caches.  A hook left by longjmp leaves a memo that is valid: entries are complete before they
 * are counted, and a cache entry's key is written last.
 */
#ifndef RINGTAIL_STACK_H
#define RINGTAIL_STACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shim/stack_table.h"

#pragma GCC visibility push(hidden)

/* The caches of a thread begin small, for the many threads that end soon, and double while they miss. */
#define STACK_CACHE_BITS_FIRST 8
#define STACK_PC_CACHE_BITS    12
#define STACK_NODE_CACHE_BITS  14
#define STACK_CONTEXT_SETS     64u
#define STACK_CONTEXT_WAYS     4u
#define STACK_CONTEXT_FRAMES   6u
#define STACK_CONTEXT_CHECKS   12u /* a multiple of 4 */
#define STACK_PLACES           256u
#define STACK_CHECKS_PAD       3u /* they are compared by fours */

struct stack_frame { /* of the memo */
	uintptr_t pc, sp, bp;
	uint32_t node;   /* the stack from here outwards */
	uint32_t checks; /* slots that the frames further out depend on: checks[0, this); in the trail: trail_checks */
	uint32_t serial; /* tells this entry from others that were at its place; never 0 */
	bool bp_matters; /* some frame from here outwards uses this bp */
};

struct stack_check { /* a slot that was read */
	uintptr_t at, value;
};

/* The frames from the caller of a hook to one of the memo. */
struct stack_context {
	uintptr_t pc, sp, bp; /* of the innermost */
	uint32_t node;
	uint32_t anchor; /* the frame of the memo that they are called by */
	uint32_t anchor_serial;
	uint32_t check_count;
	uintptr_t bp_mask; /* all ones when some frame uses this bp, else 0 */
	struct stack_check checks[STACK_CONTEXT_CHECKS];
};

struct stack_fresh { /* a frame just walked, not yet in the memo */
	uintptr_t pc, sp, bp;
	uint32_t pc_id;
	stack_rule rule;
};

/* Direct-mapped.  An entry from before the last growth is at a place where no search finds it any more; it stays true.
 */
struct stack_cache_size {
	uint8_t shift, least; /* 64 - binary logarithm of the size: now, and of the largest */
	uint32_t misses;      /* since the last growth */
};

struct stack_pc_entry {
	uintptr_t pc;
	struct stack_pc found;
};

struct stack_state {
	uintptr_t low, high;   /* the thread's own stack */
	uint32_t unloads;      /* process->unloads at the time of the memo and the caches */
	uint32_t depth;        /* most frames: what the arrays have room for */
	uint32_t slack;        /* a cut stack has from depth - 2 * slack to depth frames */
	uint32_t count;        /* frames in the memo */
	uint32_t trail_count;  /* frames in the trail, outermost first */
	uint32_t trail_anchor; /* the frame of the memo that they are called by */
	uint32_t trail_anchor_serial;
	uint32_t root;                            /* how the memo's stack ends: RT_ROOT_* */
	uint32_t serial;                          /* last one given to an entry */
	uint32_t context_hand;                    /* which way of a set is replaced next */
	uint32_t context_rest;                    /* captures for which no context is looked for */
	uint32_t contexts_found, contexts_missed; /* looks for one since it was last judged whether they pay */
	uint16_t
	    places[STACK_PLACES]; /* by sp: which of the frames, of the memo or the trail, may be such a one; a hint */
	struct stack_check trail_slots[STACK_CHECKS_PAD + 3 * STACK_CONTEXT_FRAMES];
	struct stack_check *trail_checks; /* those of them behind the padding */
	struct stack_cache_size pcs_size, nodes_size;
	struct stack_frame *frames; /* [depth], outermost first */
	struct stack_frame *trail;  /* [STACK_CONTEXT_FRAMES], right behind them */
	struct stack_fresh *fresh;  /* [depth], innermost first */
	struct stack_check *checks; /* [3 * depth], behind as much padding */
	/* what each context is for; 0: unused */
	uint32_t tags[STACK_CONTEXT_SETS][STACK_CONTEXT_WAYS] __attribute__((aligned(16)));
	struct stack_context contexts[STACK_CONTEXT_SETS][STACK_CONTEXT_WAYS];
	struct stack_pc_entry pcs[1u << STACK_PC_CACHE_BITS];
	uint64_t nodes[1u << STACK_NODE_CACHE_BITS]; /* what the place does not say of parent and pc id; the node */
	uint64_t arrays[];
};

/* Bytes of a stack_state for that depth. */
size_t stack_state_bytes(uint32_t depth);
/* Makes a zeroed state usable; depth: the same. */
void stack_state_start(struct stack_state *state, uint32_t depth);
/* The stack that the thread runs on: [low, high). */
void stack_state_bounds(struct stack_state *state, uintptr_t low, uintptr_t high);

struct caller;

/* The stack id of the frames from the caller outwards; RT_STACK_NONE when there was no room.  With lane 0 by
 * the memo, else (in a signal handler inside a hook) without. */
uint32_t stack_capture(struct stack_state *state, unsigned lane, const struct caller *caller);

/* The stack of the frames further out than this address of the thread's own stack, without the memo.  Lane 0 alone. */
uint32_t stack_capture_beyond(struct stack_state *state, uintptr_t address);

#pragma GCC visibility pop

#endif
