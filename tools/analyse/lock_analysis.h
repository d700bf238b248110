/* The lock analyser's state, for the parts that it is made of. */
#ifndef RINGTAIL_ANALYSE_LOCK_ANALYSIS_H
#define RINGTAIL_ANALYSE_LOCK_ANALYSIS_H

#include "tools/analyse/happens_before.h"
#include "tools/analyse/lock_order.h"
#include "tools/analyse/pthread_index.h"

struct lock_analysis {
	struct lock_table table;
	struct lock_threads threads;
	struct lock_order order;
	struct happens_before before;
	struct pthread_index pthreads;
	size_t fold_at; /* ended locks that are worth a folding */
	struct lock_result *results;
	size_t result_count;
};

#endif
