/*
 * Which threads wait for ever, and the cycles of waits among them.
 *
 * A thread is stuck if its wait has no time-out and all that could end it are stuck too: the owner of a lock, one of the
 * readers that a writer waits for, the thread that is joined.  For a condition, a semaphore, a barrier or a futex no
 * thread is sure to be the one; two answers are worked out, from all blocked threads downwards (a greatest fixed point):
 * - strictly, any thread that goes on could end the wait;
 * - inferred, only those that ended such waits before, where there are any.
 *
 * Several processes are searched as one where threads of theirs wait for what lies in memory that they share: such an
 * object has an entry in each process's table, found by the place in the file behind the memory.  Which further thread may
 * end a wait for it is not known, so only owners and past wakers that are known count.
 *
 * All that a search finds out lies in the search: the lock analysis is only asked.
 */
#ifndef RINGTAIL_ANALYSE_WAIT_SEARCH_H
#define RINGTAIL_ANALYSE_WAIT_SEARCH_H

#include "tools/analyse/locks/deadlock.h"
#include "tools/analyse/locks/lock_analysis.h"

struct waiter { /* a thread, in this search */
	const struct lock_thread *thread;
	const struct deadlock_process *home;
	bool stuck; /* nothing that goes on can end its wait */
	bool seen;  /* by the search for a cycle that is under way */
	bool in_cycle; /* one that was reported */
};

struct wait_step { /* which thread is waited for, and what it has that is wanted; held NULL: the thread itself, by a join, or
	              by inference */
	struct waiter *waiter;
	const struct held_lock *held;
	size_t from; /* the step before it, as an index into the search's steps */
	bool inferred;
};

struct wait_search {
	const struct deadlock_process *processes;
	size_t process_count;
	bool shared_only; /* only cycles with a wait for a shared object */
	bool inferring;   /* past wakers count as those to come */
	bool anybody;     /* where there are none, every thread does */
	size_t going_on;  /* living threads that are not stuck */
	struct waiter *waiters; /* of all processes, one process after the other */
	size_t waiter_count;
	size_t *first; /* index of each process's first waiter */
	struct wait_step *steps;
	size_t step_count, step_room;
};

/* The processes stay the caller's, and must not change while the search lives. */
void wait_search_init(struct wait_search *search, const struct deadlock_process *processes, size_t count);
void wait_search_free(struct wait_search *search);
/* From all that are blocked, those are taken out whose wait can end, until there are no more. */
void wait_search_find_stuck(struct wait_search *search, bool inferring);
/* Breadth first: the index of the step that is back at the start by the shortest way, 0 where there is none.  Step 0 is the
 * start itself; each step names the one before it. */
size_t wait_search_back(struct wait_search *search, struct waiter *start);

/* Of the waiter's own process; NULL where it does not know the object. */
struct lock *wait_search_object(const struct waiter *waiter);
/* The same, of what has an owner. */
const struct lock *wait_search_lock(const struct waiter *waiter);
bool wait_search_is_shared(const struct waiter *waiter);
/* The thread's entry for the lock; NULL where it does not hold it. */
const struct held_lock *wait_search_holds(const struct lock_thread *thread, const struct lock *lock);

#endif
