/* The lock analyser's state, for the parts that it is made of. */
#ifndef RINGTAIL_ANALYSE_LOCK_ANALYSIS_H
#define RINGTAIL_ANALYSE_LOCK_ANALYSIS_H

#include "tools/analyse/locks/contention.h"
#include "tools/analyse/locks/happens_before.h"
#include "tools/analyse/locks/lock_order.h"
#include "tools/analyse/threads/pthread_index.h"
#include "tools/analyse/locks/signal_stacks.h"
#include "tools/analyse/locks/sync_misuse.h"

struct deadlock_world { /* what the events do not tell */
	uint64_t before; /* only waits that began before this stamp, or at it */
	uint64_t
	    settled; /* a wait that nobody in particular will end may be about to, if it began after this */
	bool strangers;  /* there may be threads that were never seen, and go on */
	bool handlers;   /* a signal handler may post a semaphore */
	bool exited;     /* the process went on to its exit: what its other threads waited for was no matter */
};

struct lock_analysis {
	struct lock_table table;
	struct lock_threads threads;
	struct lock_order order;
	struct happens_before before;
	struct pthread_index pthreads;
	struct signal_stacks *signals; /* the analysis's */
	struct sync_misuses misuses;
	bool forked; /* locks may be held that were never seen taken */
	bool (*is_freed)(void *heap, uint64_t address);
	void *heap; /* its argument */
	struct deadlock_world world; /* as it is at the end */
	uint64_t contentions;        /* waits for locks so far */
	struct contention contention;
	uint64_t begun;               /* stamp of the first event */
	struct finding_list by_joins; /* predicted: join_order.h */
	struct finding_list kept; /* deadlocks that were confirmed while they hung */
	size_t fold_at; /* ended locks that are worth a folding */
	struct lock_result *results;
	size_t result_count;
	struct lock_class_result *classes;
	size_t class_count;
	struct order_site *orders;
	size_t order_count;
};

#endif
