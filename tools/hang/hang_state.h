/* A number for the state of a hang, to tell whether it has changed since the last look: shared by hang_watch and
 * hang_among. */
#ifndef RINGTAIL_HANG_STATE_H
#define RINGTAIL_HANG_STATE_H

#include "tools/finding/findings.h"
#include "tools/recording/tasks.h"

#define HANG_LOOK_EVERY_NS UINT64_C(50000000)
#define HANG_CONFIRM_NS    UINT64_C(100000000) /* a hang is confirmed when its state stays the same for this long */

/* A sum over the deadlocks found and the context switches of their threads: while it stays the same, the same threads
 * hang and none of them has run.  0: nothing hangs. */
uint64_t hang_state(const struct lock_analysis *locks, const struct tasks *tasks, const struct finding_list *findings);
/* Drops the findings of hangs that were reported before, and notes the waits of all in told (deadlock_note_waits). */
void hang_drop_told(struct u64_map *told, uint64_t salt, struct finding_list *findings);

#endif
