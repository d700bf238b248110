/* The lock stage: which thread held and wanted which lock, lock order, realised and predicted deadlocks, contention. */
#ifndef RINGTAIL_ANALYSE_LOCKS_H
#define RINGTAIL_ANALYSE_LOCKS_H

#include "tools/analyse/analyse.h"
#include "tools/analyse/locks/deadlock.h"

struct lock_result {
	uint64_t address;
	uint32_t id;          /* in this process, from 1 */
	uint32_t class;       /* lock_class_result.id */
	uint32_t generation;  /* 0 for the first lock at this address */
	uint8_t kind;         /* enum rt_kind */
	uint32_t init_stack;  /* RT_STACK_NONE: static initialiser */
	uint32_t first_stack; /* of the first event on it */
	uint32_t owner;       /* thread that holds it at the end; 0: none */
	uint32_t folded;      /* further locks of its class that have ended and whose counts are added here */
	uint64_t acquisitions, hold_ticks, hold_longest;
	/* Every acquisition and release touches the fields up to here. */
	uint64_t contended, failed, wait_ticks, wait_longest;
	uint32_t worst_wait_stack; /* where the longest wait happened */
	/* The block that contains the lock; of a sum, the blocks that contain the locks: */
	uint32_t block_stack; /* where it was allocated; RT_STACK_NONE: in none, not known, or not the same for all */
	bool blocks_differ;   /* of a sum: not the same for all */
	uint64_t block_into;  /* bytes from its start to the lock */
};

struct lock_class_result {      /* the sum over all locks of one class: lock_classes.h */
	uint32_t id;            /* in this process, from 1 */
	bool initialised;       /* the locks' stack is that of their initialisation, not of their first use */
	struct lock_result sum; /* sum.folded: the number of locks */
};

/* The waits at one place for locks of one class that their owners had acquired at one place.  For an object without an
 * owner, like a condition, the second place is where the waits were ended. */
struct wait_site {
	uint32_t class;               /* id */
	uint32_t stack, holder_stack; /* holder_stack RT_STACK_NONE: not known */
	uint64_t waits, ticks, longest;
	/* The longest of these waits: */
	uint64_t since, address;
	uint32_t generation;
	uint32_t thread, holder; /* holder 0: not known */
};

/* The holds of locks of one class that were acquired at one place. */
struct hold_site {
	uint32_t class; /* id */
	uint32_t stack;
	uint64_t holds, ticks, longest;
	uint64_t since; /* of the longest hold */
	uint32_t thread;
};

struct ended_block;
struct lock_intervals;
struct order_site;
struct signal_stacks;

/* Tells which code a stack comes from. */
struct code_source {
	/* An id of the function that acts at this stack, and does not lock for its caller; 0: not known. */
	uint64_t (*function)(void *context, uint32_t stack);
	void *context;
};

/* The earlier stages, which the lock stage asks.  They must outlive it. */
struct lock_sources {
	const struct thread_analysis *threads; /* which thread an event's pthread_t means */
	struct heap_analysis *heap;            /* whether an address lies in freed memory */
	struct signal_stacks *signals;         /* which events come from signal handlers */
	const struct code_source *code;        /* which function takes a lock; NULL: not known */
};

struct lock_analysis *locks_new(const struct ring_file *ring, struct lock_sources sources);
void locks_free(struct lock_analysis *locks);
/* source must outlive the analysis. */
void locks_know_code(struct lock_analysis *locks, const struct code_source *source);
/* Prefetch the memory that locks_event will need for this event, in three steps: call them in this order, some events
 * apart. */
void locks_prefetch(const struct lock_analysis *locks, const struct event *event);
void locks_prefetch_place(const struct lock_analysis *locks, const struct event *event);
void locks_prefetch_lock(const struct lock_analysis *locks, const struct event *event);
void locks_event(struct lock_analysis *locks, const struct event *event);
/* An event on the heap, for which locks_event is not called: it shows which frames its thread has left. */
void locks_heap_event(struct lock_analysis *locks, const struct event *event);
/* The event freed a block, which ends the locks inside of it. */
void locks_block_ended(struct lock_analysis *locks, const struct event *event, const struct ended_block *block);
/* The event was recorded in a signal handler. */
void locks_in_handler(struct lock_analysis *locks, const struct event *event);
/* Makes a finding of a race that the tracer caught, by the state of this moment (caught.h).  number: its number in the
 * race_search, from 1. */
void locks_caught(struct lock_analysis *locks, const struct race_catch *caught, uint32_t number);
void locks_finish(struct lock_analysis *locks, const struct process_end *end, struct finding_list *findings);
const struct lock_result *locks_results(const struct lock_analysis *locks, size_t *count);
/* Sorted by id. */
const struct lock_class_result *locks_classes(const struct lock_analysis *locks, size_t *count);
/* Both sorted by ticks, most first. */
const struct wait_site *locks_waits(const struct lock_analysis *locks, size_t *count);
const struct hold_site *locks_holds(const struct lock_analysis *locks, size_t *count);

/* In which order locks were taken: order_sites.h. */
const struct order_site *locks_orders(const struct lock_analysis *locks, size_t *count);

/* The longest single waits and holds, sorted by their beginning. */
const struct lock_intervals *locks_longest_waits(const struct lock_analysis *locks);
const struct lock_intervals *locks_longest_holds(const struct lock_analysis *locks);

/* What a thread is blocked on now (or at the end): it has recorded a WAIT, and no event after it. */
struct blocked {
	uint32_t thread;
	uint8_t kind;
	uint64_t object;
	uint32_t stack;
	uint64_t since;
	uint32_t owner;                  /* the thread that could end the wait; 0: not known */
	bool timed;                      /* the wait has a time-out: it ends by itself */
	uint32_t generation, init_stack; /* of the object, as struct lock_result */
};
bool locks_blocked(const struct lock_analysis *locks, uint32_t thread, struct blocked *blocked);

/* A thread of a running process that has not ended. */
struct living_thread {
	uint32_t id, tid;
	bool waits; /* its last event is a WAIT, of this kind and since then: */
	uint8_t kind;
	uint64_t since;
};
/* All living threads.  The caller frees the array. */
struct living_thread *locks_living_threads(const struct lock_analysis *locks, size_t *count);
/* False: the thread is not known, or has ended. */
bool locks_living_thread(const struct lock_analysis *locks, uint32_t id, struct living_thread *thread);
/* The number of waits for locks so far. */
uint64_t locks_contentions(const struct lock_analysis *locks);

/* Sets the evidence that is known when the analysis concludes.  The analysis frees it. */
void locks_set_evidence(struct lock_analysis *locks, struct deadlock_evidence evidence);
const struct deadlock_evidence *locks_evidence(const struct lock_analysis *locks);

/* A thread that could end the wait of another thread. */
struct blocker {
	uint32_t thread;
	enum {
		BLOCKER_HOLDS,  /* it has the lock */
		BLOCKER_READS,  /* it has it for reading */
		BLOCKER_LIVES,  /* a join: it has not ended */
		BLOCKER_INSIDE, /* it waits in the condition or barrier that is being destroyed */
		BLOCKER_AHEAD,  /* it waits to write the lock, and readers wait behind it */
		BLOCKER_WAKES,  /* it has ended such waits before: signalled, posted, came to the barrier */
	} how;
	uint32_t stack; /* where it took the lock, waits for it, was made, or last ended such a wait; RT_STACK_NONE: not
	                   known */
	uint64_t since; /* stamp of that; 0: not known */
};
/* The threads that could end the wait of this thread.  The caller frees the array.  NULL: none is known. */
struct blocker *locks_blockers(const struct lock_analysis *locks, uint32_t thread, size_t *count);

#endif
