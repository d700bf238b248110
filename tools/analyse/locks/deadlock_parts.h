/* What the parts of the lock analysis that report deadlocks share. */
#ifndef RINGTAIL_ANALYSE_DEADLOCK_PARTS_H
#define RINGTAIL_ANALYSE_DEADLOCK_PARTS_H

#include "tools/analyse/locks/lock_analysis.h"
#include "tools/finding/findings.h"

/* Predicted: a cycle of the lock order that could have closed in another timing.  Inversion: a cycle that something in
 * this run rules out. */
void deadlock_predicted(struct lock_analysis *locks, struct finding_list *findings, const struct u64_map *reported);
/* Adds what deadlock_keep has kept. */
void deadlock_report_kept(struct lock_analysis *locks, struct finding_list *findings, struct u64_map *reported);

/* The same for all cycles of the same code: a hash of the distinct (held, wanted) pairs of stacks.  Sorts
 * pairs. */
uint64_t deadlock_signature(uint64_t *pairs, size_t count);
struct finding_object deadlock_object(const struct lock *lock);
/* The thread that could end this wait: the owner or the one that is joined; 0 where none is known. */
uint32_t deadlock_waits_for(const struct lock_analysis *locks, const struct lock_thread *thread);

#endif
