/*
 * Contention: where threads waited and for which owner, and how long locks were held.
 *
 * Waits are counted for each class of locks and pair of stacks: where the thread waited, and where the owner had
 * acquired the lock.  An object without an owner is waited for until another thread signals, posts or comes to the
 * barrier: then the second stack is that of the call which ended the wait.  Holds are counted for each class and stack.
 * Memory grows with distinct stacks; the number of pairs of stacks is bounded.
 */
#ifndef RINGTAIL_ANALYSE_CONTENTION_H
#define RINGTAIL_ANALYSE_CONTENTION_H

#include "tools/finding/findings.h"
#include "tools/analyse/locks/lock_intervals.h"
#include "tools/analyse/locks/lock_threads.h"

struct wait_entry;

struct contention { /* zeroed: empty */
	struct wait_entry *waits;
	struct u64_map hold_index; /* by class and stack: index + 1 into holds */
	struct hold_site *holds;
	size_t hold_count, hold_room;
	struct lock_intervals longest_waits, longest_holds;
	struct wait_site *results; /* filled by contention_finish */
	size_t result_count;
};

void contention_free(struct contention *contention);
/* The thread's wait for lock has ended, with success or not, `ticks` after it began. */
void contention_waited(struct contention *contention, struct lock_classes *classes, const struct lock_thread *thread,
                       struct lock *lock, uint64_t ticks);
/* The thread releases a lock that it held for `ticks`. */
void contention_held(struct contention *contention, struct lock_classes *classes, const struct lock_thread *thread,
                     const struct held_lock *held, uint64_t ticks);
/* Makes the results, and adds a finding for each place where all threads together waited for at least a thousandth of
 * `lived`. */
void contention_finish(struct contention *contention, const struct lock_class_result *classes, uint64_t lived,
                       struct finding_list *findings);

#endif
