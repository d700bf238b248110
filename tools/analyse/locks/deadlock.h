/*
 * Realised deadlocks: threads that wait for each other, at the end or while the process runs.
 *
 * The functions read the lock analysis and do not change it, so that they can be called for a running process again and
 * again.
 */
#ifndef RINGTAIL_ANALYSE_DEADLOCK_H
#define RINGTAIL_ANALYSE_DEADLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/base/u64_map.h"

struct finding;
struct finding_list;
struct lock_analysis;
struct shared_memory;

/* Evidence: facts that the events do not tell. */
struct deadlock_evidence {
	uint64_t before;  /* stamp: waits that began later are not looked at */
	uint64_t settled; /* stamp: if a wait began later, and no thread is known to end it, any running thread might be
	                     about to end it */
	bool strangers;   /* threads may be running that the analysis has never seen */
	bool handlers;    /* a signal handler may post a semaphore */
	bool exited;      /* the process ended by exit or exec, whatever its other threads waited for */
	struct u64_map awake; /* ids of threads that the kernel sees at work; their last events may say otherwise */
};
void deadlock_evidence_free(struct deadlock_evidence *evidence);

/* Adds the deadlocks of one process to findings.  reported: signatures (deadlock_parts.h) of the cycles that are
 * reported already; those of new ones are added. */
void deadlock_realised(const struct lock_analysis *locks, const struct deadlock_evidence *evidence,
                       struct finding_list *findings, struct u64_map *reported);

/* One of several processes whose threads may wait for each other. */
struct deadlock_process {
	const struct lock_analysis *locks;
	const struct deadlock_evidence *evidence;
	const struct shared_memory *memory; /* NULL: not known; its waits for shared objects are then left out */
	uint32_t pid;
	struct finding_list *findings;
	struct u64_map *reported; /* as above */
};
/* Finds cycles that pass through a shared object, and adds each to the findings of every process with a thread in
 * it. */
void deadlock_realised_among(const struct deadlock_process *processes, size_t count);
/* True if a thread waits for a shared object since before that stamp.  *holds_something: a waiting thread holds a lock.
 * A cycle over processes needs both, each in some process. */
bool deadlock_may_be_among(const struct lock_analysis *locks, uint64_t before, bool *holds_something);

/* A number that is equal for the same threads in the same waits. */
uint64_t deadlock_fingerprint(const struct finding *finding);
/* Adds the waits of a realised deadlock to waits, keyed by deadlock_wait_key + salt.  True if one of them was there
 * already: the finding describes a hang that was reported. */
bool deadlock_note_waits(struct u64_map *waits, uint64_t salt, const struct finding *finding);
/* A number for a thread's wait. */
uint64_t deadlock_wait_key(uint32_t thread, uint64_t since);
/* Keeps a deadlock that was confirmed while the process hung.  It is reported at the end, also if the hang has ended by
 * then.  The analysis owns the finding from here on. */
void deadlock_keep(struct lock_analysis *locks, struct finding finding);

#endif
