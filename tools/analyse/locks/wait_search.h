/*
 * Finds the threads that wait for ever, and the cycles of waits among them.
 *
 * A thread is stuck if its wait has no time-out and a thread that has to end it is stuck too: the owner of the lock,
 * one of the readers that a writer waits for, a writer that a reader waits behind, or the thread that is joined, or a
 * thread that waits in a condition or barrier which this one destroys.  For a condition, a semaphore, a barrier or a
 * futex it is not certain which thread would end the wait.  So the search has two modes.  Both start from all blocked
 * threads, and remove those whose wait can end, until none is left to remove (a greatest fixed point):
 * - strict: any thread that is not stuck could end such a wait;
 * - inferred: only threads that ended such waits before could end it, if there are any.
 *
 * Several processes are searched as one if their threads wait for objects in shared memory.  Such an object has an
 * entry in the table of each process, found by its place in the file behind the memory.  It is not known which further
 * threads may end a wait for it, so only known owners and past wakers count.
 *
 * All results and marks of a search are in struct wait_search: the lock analysis is only read.
 */
#ifndef RINGTAIL_ANALYSE_WAIT_SEARCH_H
#define RINGTAIL_ANALYSE_WAIT_SEARCH_H

#include "tools/analyse/locks/deadlock.h"
#include "tools/analyse/locks/lock_analysis.h"

struct waiter { /* the search's notes on one thread */
	const struct lock_thread *thread;
	const struct deadlock_process *home;
	bool stuck;    /* no running thread can end its wait */
	bool seen;     /* by the present search for a cycle */
	bool in_cycle; /* it is part of a reported cycle */
};

struct wait_step { /* a thread that is waited for */
	struct waiter *waiter;
	const struct held_lock *held; /* the lock that it holds and that is wanted; NULL: a join, or inferred */
	size_t from;                  /* index of the step before it, in the search's steps */
	bool inferred;
	bool ahead; /* it waits to write the lock, and the reader before it in the search waits behind it */
};

struct wait_search {
	const struct deadlock_process *processes;
	size_t process_count;
	bool shared_only;       /* only cycles with a wait for a shared object */
	bool inferring;         /* the inferred mode: only past wakers could end a wait */
	bool anybody;           /* where no past waker is known, every thread could */
	size_t going_on;        /* number of living threads that are not stuck */
	struct waiter *waiters; /* of all processes, one process after the other */
	size_t waiter_count;
	size_t *first; /* index of each process's first waiter */
	struct wait_step *steps;
	size_t step_count, step_room;
};

/* The caller owns the processes, which must not change while the search lives. */
void wait_search_init(struct wait_search *search, const struct deadlock_process *processes, size_t count);
void wait_search_free(struct wait_search *search);
/* Sets `stuck` of each waiter, in the strict or the inferred mode. */
void wait_search_find_stuck(struct wait_search *search, bool inferring);
/* Searches breadth first for the shortest cycle of waits through start.  Returns the index of the step that is back at
 * start; 0: there is none.  Step 0 is start itself, and each step names the one before it. */
size_t wait_search_back(struct wait_search *search, struct waiter *start);

/* The object that the waiter waits for, in the table of its own process; NULL if that does not know it. */
struct lock *wait_search_object(const struct waiter *waiter);
/* The same, if the object's kind has an owner; else NULL. */
const struct lock *wait_search_lock(const struct waiter *waiter);
bool wait_search_is_shared(const struct waiter *waiter);
/* The thread's entry for the lock; NULL if it does not hold the lock. */
const struct held_lock *wait_search_holds(const struct lock_thread *thread, const struct lock *lock);

#endif
