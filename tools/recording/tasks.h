/* Combines what the kernel tells about the threads of a running process with what its events tell. */
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

/* Asks the kernel, and fills in evidence that the events do not give: which threads are at work, whether the process
 * has threads that the analysis does not know, and whether it handles signals.  Free the result with tasks_free. */
struct tasks tasks_ask(const struct recording *recording, struct deadlock_evidence *evidence);
void tasks_free(struct tasks *tasks);
const struct process_task *tasks_find(const struct tasks *tasks, uint32_t tid);

/* A wait that began at this stamp or before is old enough to be taken for a hang. */
uint64_t tasks_old_enough(const struct ring_file *ring);
/* For a report on the present state of a running process: hands what the kernel says to the analysis as evidence. */
void tasks_ask_for_report(struct recording *recording);

#endif
