/* Races that the recorded calls alone show (freed_use.h, libc_state.h): each pair of stacks is one finding.  And races
 * that the tracer caught (caught.c): each pair of accesses is one. */
#ifndef RINGTAIL_ANALYSE_RACES_H
#define RINGTAIL_ANALYSE_RACES_H

#include "tools/analyse/locks/lock_threads.h"
#include "tools/base/u64_map.h"
#include "tools/finding/findings.h"

struct lock_analysis;

struct races { /* zeroed: empty */
	struct finding_list found;
	struct u64_map by_pair; /* index + 1 */
	struct u64_map proven;  /* the pairs of races that are no predictions */
	struct finding_list caught;
};

void races_free(struct races *races);
/* Adds a race, or counts it for one with the same class, stacks and subject.  NULL: it was there, or there are too
 * many. */
struct finding *races_add(struct lock_analysis *locks, enum finding_class class, const struct finding_race *race,
                          const char *const labels[2]);
/* Moves all of them to the list, without predictions that were proven. */
void races_report(struct races *races, struct finding_list *findings);

/* The side of the thread of an event, with the locks that the thread holds now; `except` is an address that does not
 * count. */
struct finding_side race_side(const struct lock_thread *thread, const struct event *event, const char *does,
                              uint64_t except);
/* Puts the locks that the thread holds now into the side. */
void race_side_add_locks(struct finding_side *side, const struct lock_thread *thread, uint64_t except);

#endif
