/*
 * Notices deadlocks of a running process.
 *
 * The events are slightly out of date, and a wait that looks endless may be about to end.  So a deadlock is confirmed
 * only if all of these hold:
 *
 * - each of its waits is older than a quarter of a second;
 * - the kernel says that none of its threads runs, except threads that wait for a spin lock;
 * - the process has no thread that is not known;
 * - a tenth of a second later all this is unchanged, and none of the threads has run in between.
 *
 * A program in which all threads are merely slow never looks like that: one of them runs, or waits for something else.
 */
#ifndef RINGTAIL_HANG_WATCH_H
#define RINGTAIL_HANG_WATCH_H

#include "tools/finding/findings.h"
#include "tools/base/u64_map.h"
#include "tools/recording/recording.h"

struct hang_watch {            /* of one process; zeroed: new */
	uint64_t looked, seen; /* the last look; when `state` was first seen: CLOCK_MONOTONIC ns */
	uint64_t state;        /* hang_state when it was first seen; 0: nothing hung */
	struct u64_map told;   /* deadlock_note_waits of the confirmed deadlocks */
};

/* Looks for deadlocks, if the time for the next look has come.  Returns the number of newly confirmed ones.  They stay
 * in *findings until hang_watch_keep hands them to the analysis. */
size_t hang_watch_look(struct hang_watch *watch, struct recording *recording, uint64_t now,
                       struct finding_list *findings);
/* Hands the findings to the analysis, for the final report.  The list is empty after that. */
void hang_watch_keep(struct recording *recording, struct finding_list *findings);
void hang_watch_free(struct hang_watch *watch);

#endif
