/*
 * Notices deadlocks over several processes of a run, whose threads wait for what lies in memory that they share: as
 * hang_watch does for one, with the same bounds.
 */
#ifndef RINGTAIL_HANG_AMONG_H
#define RINGTAIL_HANG_AMONG_H

#include "tools/finding/findings.h"
#include "tools/base/u64_map.h"
#include "tools/recording/recording.h"

struct hang_among { /* of a run; zeroed: new */
	uint64_t looked, seen; /* CLOCK_MONOTONIC ns */
	uint64_t state;        /* of all that hung when it was seen first; 0: nothing did */
	struct u64_map told;
};

/* Looks, when it is time to.  Whether there is a newly confirmed deadlock: it is in findings[i] of each process that has
 * a part in it, until hang_watch_keep. */
bool hang_among_look(struct hang_among *among, struct recording *const *recordings, size_t count, uint64_t now,
                     struct finding_list *findings);
void hang_among_free(struct hang_among *among);
/* For a report on how it is now: adds what there is to the findings of processes that run, after recording_finish. */
void hang_among_now(struct recording *const *recordings, size_t count);

#endif
