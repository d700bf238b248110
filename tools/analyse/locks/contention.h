/*
 * Contention: where threads waited and for whom, and how long locks were held.
 *
 * Waits are counted for each class of locks and pair of stacks: where the thread waited, and where the one
 * that it waited for had got the lock.  What has no owner is waited for until somebody signals, posts or
 * comes: the second stack is then that of the call which ended the wait.  Holds are counted for each class
 * and stack.  Memory grows with distinct stacks, and pairs of them are bounded.
 */
#ifndef RINGTAIL_ANALYSE_CONTENTION_H
#define RINGTAIL_ANALYSE_CONTENTION_H

#include "tools/finding/findings.h"
#include "tools/analyse/locks/lock_intervals.h"
#include "tools/analyse/locks/lock_threads.h"

struct wait_entry;

struct contention { /* zeroed: empty */
	struct wait_entry *waits;
	struct u64_map hold_index; /* of class and stack: index + 1 */
	struct hold_site *holds;
	size_t hold_count, hold_room;
	struct lock_intervals longest_waits, longest_holds;
	struct wait_site *results; /* contention_finish */
	size_t result_count;
};

void contention_free(struct contention *contention);
/* The thread's wait for lock has come to its end, for better or worse, ticks after it began. */
void contention_waited(struct contention *contention, struct lock_classes *classes,
                       const struct lock_thread *thread, struct lock *lock, uint64_t ticks);
/* The thread lets go of what it held for so long. */
void contention_held(struct contention *contention, struct lock_classes *classes,
                     const struct lock_thread *thread, const struct held_lock *held, uint64_t ticks);
/* Results, and a finding for each place where threads waited for a thousandth of `lived` in all, or longer.
 */
void contention_finish(struct contention *contention, const struct lock_class_result *classes, uint64_t lived,
                       struct finding_list *findings);

#endif
