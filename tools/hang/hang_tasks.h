/* What the kernel says of the threads of a process that may hang: hang_watch and hang_among ask it. */
#ifndef RINGTAIL_HANG_TASKS_H
#define RINGTAIL_HANG_TASKS_H

#include "tools/analyse/locks/deadlock.h"
#include "tools/base/proc.h"
#include "tools/recording/recording.h"

#define HANG_LOOK_EVERY_NS UINT64_C(50000000)
#define HANG_CONFIRM_NS    UINT64_C(100000000) /* all is the same for so long, and nobody has run */

struct hang_tasks {
	struct process_task *items;
	size_t count;
	struct u64_map by_tid; /* index + 1 */
};

/* Asks, marks the threads that run in the analysis, and fills in what the world does not know from events. */
struct hang_tasks hang_tasks_ask(struct recording *recording, struct deadlock_world *world);
void hang_tasks_free(struct hang_tasks *tasks);
/* Takes the marks away again. */
void hang_tasks_unmark(struct lock_analysis *locks);

/* Waits since this stamp or before are old enough to be looked at. */
uint64_t hang_old_enough(const struct ring_file *ring);
/* What hangs, and how often its threads have run: added up, and 0 where nothing does. */
uint64_t hang_state(const struct lock_analysis *locks, const struct hang_tasks *tasks, const struct finding_list *findings);
/* Leaves those in the list that were not told before; told: keys are deadlock_moment + salt. */
void hang_drop_told(struct u64_map *told, uint64_t salt, struct finding_list *findings);

#endif
