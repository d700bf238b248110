/* Whether all that hangs is as it was a moment ago: what hang_watch and hang_among share. */
#ifndef RINGTAIL_HANG_STATE_H
#define RINGTAIL_HANG_STATE_H

#include "tools/finding/findings.h"
#include "tools/recording/tasks.h"

#define HANG_LOOK_EVERY_NS UINT64_C(50000000)
#define HANG_CONFIRM_NS    UINT64_C(100000000) /* all is the same for so long, and nobody has run */

/* What hangs, and how often its threads have run: added up, and 0 where nothing does. */
uint64_t hang_state(const struct lock_analysis *locks, const struct tasks *tasks, const struct finding_list *findings);
/* Leaves those in the list that were not told before; told: keys are deadlock_fingerprint + salt. */
void hang_drop_told(struct u64_map *told, uint64_t salt, struct finding_list *findings);

#endif
