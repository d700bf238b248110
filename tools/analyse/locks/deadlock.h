/*
 * Deadlocks.  Realised: threads that wait for each other at the end.
 * Predicted: a cycle of the lock order that could have closed in another
 * timing.  Inversion: a cycle that something in this run rules out.
 */
#ifndef RINGTAIL_ANALYSE_DEADLOCK_H
#define RINGTAIL_ANALYSE_DEADLOCK_H

#include "tools/finding/findings.h"
#include "tools/analyse/locks/lock_analysis.h"
#include "tools/analyse/locks/shared_memory.h"

/* Signatures of the cycles that are reported already; keys of a u64_map. */
void deadlock_realised(struct lock_analysis *locks, const struct deadlock_world *world,
                       struct finding_list *findings, struct u64_map *reported);
/* A process of those that may wait for each other. */
struct deadlock_process {
	struct lock_analysis *locks;
	const struct deadlock_world *world;
	const struct shared_memory *memory; /* NULL: not known, waits for what is shared take no part */
	uint32_t pid;
	struct finding_list *findings;
	struct u64_map *reported; /* as above */
};

/* Only cycles through what processes share, with each process that has a thread in it. */
void deadlock_realised_among(struct deadlock_process *processes, size_t count);
/* Whether a thread waits for something shared, since before that stamp; *holds_something: whether one that waits
 * has a lock.  Without both in some process there is no such cycle. */
bool deadlock_may_be_among(const struct lock_analysis *locks, uint64_t before, bool *holds_something);
/* The same for the same threads in the same waits. */
uint64_t deadlock_moment(const struct finding *finding);
/* What was confirmed while the process hung is reported at its end, also if something ended it meanwhile.  The finding
 * is the analysis's from here on. */
void deadlock_keep(struct lock_analysis *locks, struct finding finding);
void deadlock_report_kept(struct lock_analysis *locks, struct finding_list *findings, struct u64_map *reported);
void deadlock_predicted(struct lock_analysis *locks, struct finding_list *findings,
                        const struct u64_map *reported);

/* The same for all cycles of the same code: a hash of the distinct (held, wanted) pairs of stacks.  Sorts
 * pairs. */
uint64_t deadlock_signature(uint64_t *pairs, size_t count);
struct finding_object deadlock_object(const struct lock *lock);
/* Who could end this wait: the owner, 0 where nobody is known. */
uint32_t deadlock_waits_for(const struct lock_analysis *locks, const struct lock_thread *thread);

#endif
