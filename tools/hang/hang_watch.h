/*
 * Notices deadlocks of a process that runs.
 *
 * What the events say is a moment old, and a wait that looks endless may be about to end.  So a deadlock is confirmed
 * only when each of its waits is older than a quarter of a second, the kernel says that none of its threads runs (but
 * for those that spin), there is no thread that is not known, and a tenth of a second later all is the same and none
 * of them has run in between.  A program that is slow for all its threads never looks like that: somebody runs, or
 * waits for something else.
 */
#ifndef RINGTAIL_HANG_WATCH_H
#define RINGTAIL_HANG_WATCH_H

#include "tools/finding/findings.h"
#include "tools/base/u64_map.h"
#include "tools/recording/recording.h"

struct hang_watch { /* of one process; zeroed: new */
	uint64_t looked, seen;       /* CLOCK_MONOTONIC ns */
	uint64_t state;              /* of all that hung when it was seen first; 0: nothing did */
	struct u64_map told;         /* deadlock_fingerprint of those that are confirmed */
};

/* Looks, when it is time to.  The number of newly confirmed deadlocks, which are in *findings until they are given to
 * the analysis by hang_watch_keep. */
size_t hang_watch_look(struct hang_watch *watch, struct recording *recording, uint64_t now, struct finding_list *findings);
/* They will be in the final report; the list is empty after that. */
void hang_watch_keep(struct recording *recording, struct finding_list *findings);
void hang_watch_free(struct hang_watch *watch);

#endif
