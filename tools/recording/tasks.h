/* What the kernel says of the threads of a process that runs, brought together with what its events say. */
#ifndef RINGTAIL_RECORDING_TASKS_H
#define RINGTAIL_RECORDING_TASKS_H

#include "tools/analyse/locks/deadlock.h"
#include "tools/base/proc.h"
#include "tools/base/u64_map.h"
#include "tools/recording/recording.h"

struct tasks {
	struct process_task *items;
	size_t count;
	struct u64_map by_tid; /* index + 1 */
};

/* Asks the kernel, and fills in what it knows and the events do not tell: which threads are at work, whether there are
 * others than the analysis knows, whether signals are handled. */
struct tasks tasks_ask(const struct recording *recording, struct deadlock_evidence *evidence);
void tasks_free(struct tasks *tasks);
const struct process_task *tasks_find(const struct tasks *tasks, uint32_t tid);

/* Waits since this stamp or before are old enough to be looked at. */
uint64_t tasks_old_enough(const struct ring_file *ring);
/* For a report on how the process is now: what the kernel says becomes evidence of the analysis. */
void tasks_ask_for_report(struct recording *recording);

#endif
