/* Locks: who held and wanted what, lock order, deadlocks realised and predicted, contention. */
#ifndef RINGTAIL_ANALYSE_LOCKS_H
#define RINGTAIL_ANALYSE_LOCKS_H

#include "tools/analyse/analyse.h"
#include "tools/analyse/locks/deadlock.h"

struct lock_result {
	uint64_t address;
	uint32_t id;         /* in this process, from 1 */
	uint32_t class;       /* lock_class_result.id */
	uint32_t generation; /* 0 for the first lock at this address */
	uint8_t kind;        /* enum rt_kind */
	uint32_t init_stack; /* RT_STACK_NONE: static initialiser */
	uint32_t first_stack; /* of the first event on it */
	uint32_t owner;      /* thread that holds it at the end, 0 none */
	uint32_t folded; /* further locks, ended, that were made at the same place and whose numbers are added
	                    here */
	uint64_t acquisitions, hold_ticks, hold_longest;
	/* Up to here what every acquisition and release touches. */
	uint64_t contended, failed, wait_ticks, wait_longest;
	uint32_t worst_wait_stack; /* where the longest wait happened */
};

struct lock_class_result {      /* of all locks of one class: lock_classes.h */
	uint32_t id;            /* in this process, from 1 */
	bool initialised;       /* their stack is that of their initialisation, not of their first use */
	struct lock_result sum; /* folded: how many locks there were */
};

/* Waits at one place, for locks of one class, that threads had got at one place.  What has no owner, like a
 * condition: where the waits were ended. */
struct wait_site {
	uint32_t class;               /* id */
	uint32_t stack, holder_stack; /* holder_stack RT_STACK_NONE: not known */
	uint64_t waits, ticks, longest;
	/* Of the longest of them: */
	uint64_t since, address;
	uint32_t generation;
	uint32_t thread, holder; /* holder 0: not known */
};

/* How long locks of one class were held that were taken at one place. */
struct hold_site {
	uint32_t class; /* id */
	uint32_t stack;
	uint64_t holds, ticks, longest;
	uint64_t since; /* of the longest */
	uint32_t thread;
};

struct lock_intervals;
struct order_site;
struct signal_stacks;

/* The stages before this one, which it asks; they outlive it. */
struct lock_sources {
	const struct thread_analysis *threads; /* which threads an event means */
	struct heap_analysis *heap;            /* whether an address lies in freed memory */
	struct signal_stacks *signals;         /* which events are of signal handlers */
};

struct lock_analysis *locks_new(const struct ring_file *ring, struct lock_sources sources);
void locks_free(struct lock_analysis *locks);
/* Fetch what locks_event will need for this event: three steps, each some events before the next. */
void locks_prefetch(const struct lock_analysis *locks, const struct event *event);
void locks_prefetch_place(const struct lock_analysis *locks, const struct event *event);
void locks_prefetch_lock(const struct lock_analysis *locks, const struct event *event);
void locks_event(struct lock_analysis *locks, const struct event *event);
/* A block was freed by event: locks inside of it are no more. */
void locks_block_ended(struct lock_analysis *locks, const struct event *event, uint64_t address,
                       uint64_t size);
/* An event that was recorded in a signal handler. */
void locks_in_handler(struct lock_analysis *locks, const struct event *event);
void locks_finish(struct lock_analysis *locks, const struct process_end *end, struct finding_list *findings);
const struct lock_result *locks_results(const struct lock_analysis *locks, size_t *count);
/* By id. */
const struct lock_class_result *locks_classes(const struct lock_analysis *locks, size_t *count);
/* Those with most ticks first. */
const struct wait_site *locks_waits(const struct lock_analysis *locks, size_t *count);
const struct hold_site *locks_holds(const struct lock_analysis *locks, size_t *count);

/* In which order locks were taken: order_sites.h. */
const struct order_site *locks_orders(const struct lock_analysis *locks, size_t *count);

/* The longest ones, by their beginning. */
const struct lock_intervals *locks_longest_waits(const struct lock_analysis *locks);
const struct lock_intervals *locks_longest_holds(const struct lock_analysis *locks);

/* What a thread is blocked on now (or at the end), from its WAIT without an answer. */
struct blocked {
	uint32_t thread;
	uint8_t kind;
	uint64_t object;
	uint32_t stack;
	uint64_t since;
	uint32_t owner; /* who could end it, 0 not known */
};
bool locks_blocked(const struct lock_analysis *locks, uint32_t thread, struct blocked *blocked);

/* A thread that has not ended, while the process runs. */
struct living_thread {
	uint32_t id, tid;
	bool waits; /* its last event is a wait without an answer: */
	uint8_t kind;
	uint64_t since;
};
/* To be freed. */
struct living_thread *locks_living_threads(const struct lock_analysis *locks, size_t *count);
/* False: it is not known, or has ended. */
bool locks_living_thread(const struct lock_analysis *locks, uint32_t id, struct living_thread *thread);
/* Waits for locks so far. */
uint64_t locks_contentions(const struct lock_analysis *locks);

/* What is known besides the events when the analysis concludes; the analysis frees it. */
void locks_set_evidence(struct lock_analysis *locks, struct deadlock_evidence evidence);
const struct deadlock_evidence *locks_evidence(const struct lock_analysis *locks);

/* Who could end such a wait. */
struct blocker {
	uint32_t thread;
	enum {
		BLOCKER_HOLDS,  /* it has the lock */
		BLOCKER_READS,  /* it has it for reading */
		BLOCKER_LIVES,  /* a join: it has not ended */
		BLOCKER_WAKES,  /* it ended waits for this before: signalled, posted, came to the barrier */
	} how;
	uint32_t stack; /* where it took the lock, was made, or last ended such a wait; RT_STACK_NONE: not known */
	uint64_t since; /* stamp of that; 0: not known */
};
/* To be freed; NULL where nobody is known. */
struct blocker *locks_blockers(const struct lock_analysis *locks, uint32_t thread, size_t *count);

#endif
