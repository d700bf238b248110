/*
 * Notices deadlocks over several processes of a run, whose threads wait for objects in memory that the processes share.
 * It confirms them as hang_watch does for one process, with the same time bounds.
 */
#ifndef RINGTAIL_HANG_AMONG_H
#define RINGTAIL_HANG_AMONG_H

#include "tools/finding/findings.h"
#include "tools/base/u64_map.h"
#include "tools/recording/recording.h"

struct hang_among {            /* of a run; zeroed: new */
	uint64_t looked, seen; /* the last look; when `state` was first seen: CLOCK_MONOTONIC ns */
	uint64_t state;        /* hang_state when it was first seen; 0: nothing hung */
	struct u64_map told;   /* deadlock_note_waits of the confirmed deadlocks */
};

/* Looks for deadlocks, if the time for the next look has come.  True if one is newly confirmed: it is in findings[i] of
 * each process that takes part in it, until hang_watch_keep. */
bool hang_among_look(struct hang_among *among, struct recording *const *recordings, size_t count, uint64_t now,
                     struct finding_list *findings);
void hang_among_free(struct hang_among *among);
/* For a report on the present state of running processes: adds such deadlocks to their findings.  After
 * recording_finish. */
void hang_among_now(struct recording *const *recordings, size_t count);

#endif
