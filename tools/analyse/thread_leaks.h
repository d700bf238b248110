/*
 * Thread leaks: threads that no other thread waited for.  They are judged at the end, from what the thread stage knows
 * about each thread, and from what the lock stage says it is blocked on.
 */
#ifndef RINGTAIL_ANALYSE_THREAD_LEAKS_H
#define RINGTAIL_ANALYSE_THREAD_LEAKS_H

#include "tools/analyse/locks/locks.h"
#include "tools/analyse/threads/threads.h"

/* Fills in the state of each thread at the end, and adds the findings.  Call it after threads_finish and
 * locks_finish.  missing_until: no missing event has a later stamp, 0: no event is missing.  The join of an unjoined
 * thread that was created before may be among the missing events: such a thread is information. */
void thread_leaks_find(struct thread_analysis *threads, const struct lock_analysis *locks, const struct ring_file *ring,
                       const struct process_end *end, uint64_t missing_until, struct finding_list *findings);

#endif
