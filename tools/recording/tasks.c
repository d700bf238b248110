#include "tools/recording/tasks.h"

#include <stdlib.h>

#include "tools/analyse/locks/locks.h"

#define WAIT_AGE_NS UINT64_C(250000000)

static struct tasks tasks_of(pid_t pid)
{
	struct tasks tasks = {0};

	tasks.items = process_tasks(pid, &tasks.count);
	for (size_t i = 0; i < tasks.count; i++)
		u64_map_put(&tasks.by_tid, (uint64_t)tasks.items[i].inside, i + 1);
	return tasks;
}

void tasks_free(struct tasks *tasks)
{
	free(tasks->items);
	u64_map_free(&tasks->by_tid);
}

const struct process_task *tasks_find(const struct tasks *tasks, uint32_t tid)
{
	uint64_t found = u64_map_get(&tasks->by_tid, tid);

	return found ? &tasks->items[found - 1] : NULL;
}

/* True for a thread that is running or waits for a disk.  A thread that waits for a spin lock runs too, and does not
 * count as awake. */
static bool is_awake(const struct living_thread *thread, const struct process_task *task)
{
	bool spins = thread->waits && thread->kind == RT_KIND_SPIN;

	return (task->state == 'R' && !spins) || task->state == 'D';
}

struct tasks tasks_ask(const struct recording *recording, struct deadlock_evidence *evidence)
{
	pid_t pid = recording->ring.pid;
	struct tasks tasks = tasks_of(pid);
	size_t count, known = 0;
	struct living_thread *threads = locks_living_threads(recording->analysis->locks, &count);

	for (size_t i = 0; i < count; i++) {
		const struct process_task *task = tasks_find(&tasks, threads[i].tid);

		known += task != NULL;
		if (task && is_awake(&threads[i], task))
			u64_map_put(&evidence->awake, threads[i].id, 1);
	}
	free(threads);
	evidence->handlers = process_handles_signals(pid);
	evidence->strangers = known < tasks.count || !tasks.count;
	return tasks;
}

uint64_t tasks_old_enough(const struct ring_file *ring)
{
	uint64_t now = ring_file_now(ring), age = (uint64_t)((double)WAIT_AGE_NS / ring->ns_per_tick);

	return now > age ? now - age : 0;
}

void tasks_ask_for_report(struct recording *recording)
{
	struct deadlock_evidence evidence = {.before = UINT64_MAX, .settled = tasks_old_enough(&recording->ring)};
	struct tasks tasks = tasks_ask(recording, &evidence);

	locks_set_evidence(recording->analysis->locks, evidence);
	tasks_free(&tasks);
}
