/* The lock analyser's state, for the parts that it is made of. */
#ifndef RINGTAIL_ANALYSE_LOCK_ANALYSIS_H
#define RINGTAIL_ANALYSE_LOCK_ANALYSIS_H

#include "tools/analyse/happens_before.h"
#include "tools/analyse/lock_order.h"
#include "tools/analyse/pthread_index.h"
#include "tools/analyse/signal_stacks.h"
#include "tools/analyse/sync_misuse.h"

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
	size_t fold_at; /* ended locks that are worth a folding */
	struct lock_result *results;
	size_t result_count;
};

#endif
