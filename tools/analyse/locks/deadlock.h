/*
 * Realised deadlocks: threads that wait for each other, at the end or while the process runs.
 *
 * The functions ask the lock analysis and change nothing in it, so that a process that runs can be asked again and again.
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

/* What the events do not tell. */
struct deadlock_evidence {
	uint64_t before;  /* stamp: only waits that began before it, or at it */
	uint64_t settled; /* stamp: of a wait that began after it, and that no thread is known to end, any running thread might be
	                     about to end it */
	bool strangers;   /* there may be threads that were never seen, and go on */
	bool handlers;    /* a signal handler may post a semaphore */
	bool exited;      /* the process went on to its exit: what its other threads waited for was no matter */
	struct u64_map awake; /* ids of threads that the kernel sees at work: not blocked, whatever their last events say */
};
void deadlock_evidence_free(struct deadlock_evidence *evidence);

/* Adds what is found to findings.  reported: signatures of the cycles (deadlock_parts.h) that are reported already. */
void deadlock_realised(const struct lock_analysis *locks, const struct deadlock_evidence *evidence,
                       struct finding_list *findings, struct u64_map *reported);

/* A process of those that may wait for each other. */
struct deadlock_process {
	const struct lock_analysis *locks;
	const struct deadlock_evidence *evidence;
	const struct shared_memory *memory; /* NULL: not known, waits for what is shared take no part */
	uint32_t pid;
	struct finding_list *findings;
	struct u64_map *reported; /* as above */
};
/* Only cycles through what processes share, with each process that has a thread in it. */
void deadlock_realised_among(const struct deadlock_process *processes, size_t count);
/* Whether a thread waits for something shared, since before that stamp; *holds_something: whether one that waits
 * has a lock.  Without both in some process there is no such cycle. */
bool deadlock_may_be_among(const struct lock_analysis *locks, uint64_t before, bool *holds_something);

/* Equal for the same threads in the same waits. */
uint64_t deadlock_fingerprint(const struct finding *finding);
/* What was confirmed while the process hung is reported at its end, also if something ended it meanwhile.  The finding
 * is the analysis's from here on. */
void deadlock_keep(struct lock_analysis *locks, struct finding finding);

#endif
