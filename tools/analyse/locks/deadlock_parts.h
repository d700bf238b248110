/* Functions shared by the parts of the lock analysis that report deadlocks. */
#ifndef RINGTAIL_ANALYSE_DEADLOCK_PARTS_H
#define RINGTAIL_ANALYSE_DEADLOCK_PARTS_H

#include "tools/analyse/locks/lock_analysis.h"
#include "tools/finding/findings.h"

/* Adds findings for cycles of the lock order.  Predicted: with another timing, the cycle could have become a deadlock.
 * Inversion: something in this run rules a deadlock out. */
void deadlock_predicted(struct lock_analysis *locks, struct finding_list *findings, const struct u64_map *reported);
/* Adds the realised deadlocks: those that deadlock_keep has kept, and those of the end.  Each hang is reported once.
 * waits: the waits of all of them are added, as by deadlock_note_waits. */
void deadlock_realised_and_kept(struct lock_analysis *locks, struct finding_list *findings, struct u64_map *reported,
                                struct u64_map *waits);

/* A hash of the distinct (held, wanted) pairs of stacks: the same for all cycles of the same code.  Sorts pairs. */
uint64_t deadlock_signature(uint64_t *pairs, size_t count);
struct finding_object deadlock_object(const struct lock *lock);
/* The thread that could end this wait: the owner, or the thread that is joined; 0: none is known. */
uint32_t deadlock_waits_for(const struct lock_analysis *locks, const struct lock_thread *thread);

#endif
