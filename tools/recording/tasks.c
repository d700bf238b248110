#include "tools/recording/tasks.h"

#include <stdlib.h>

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

/* Running, or waiting for a disk.  Who spins is meant to run. */
static bool is_awake(const struct lock_thread *thread, const struct process_task *task)
{
	if (!task)
		return false;
	return (task->state == 'R' && thread->wait.kind != RT_KIND_SPIN) || task->state == 'D';
}

/* Marks the threads that run; whether there are others than those that are known. */
static bool mark_awake(struct lock_analysis *locks, const struct tasks *tasks)
{
	size_t known = 0;

	for (size_t i = 0; i < locks->threads.count; i++) {
		struct lock_thread *thread = locks->threads.items[i];
		const struct process_task *task = thread->ended ? NULL : tasks_find(tasks, thread->tid);

		thread->awake = is_awake(thread, task);
		known += task != NULL;
	}
	return known < tasks->count;
}

void tasks_unmark(struct lock_analysis *locks)
{
	for (size_t i = 0; i < locks->threads.count; i++)
		locks->threads.items[i]->awake = false;
}

struct tasks tasks_ask(struct recording *recording, struct deadlock_world *world)
{
	pid_t pid = recording->ring.pid;
	struct tasks tasks = tasks_of(pid);

	world->handlers = process_handles_signals(pid);
	world->strangers = mark_awake(recording->analysis->locks, &tasks) || !tasks.count;
	return tasks;
}

uint64_t tasks_old_enough(const struct ring_file *ring)
{
	uint64_t now = ring_file_now(ring), age = (uint64_t)((double)WAIT_AGE_NS / ring->ns_per_tick);

	return now > age ? now - age : 0;
}

void tasks_ask_for_report(struct recording *recording)
{
	struct deadlock_world world = {.before = UINT64_MAX, .settled = tasks_old_enough(&recording->ring)};
	struct tasks tasks = tasks_ask(recording, &world);

	recording->analysis->locks->world = world;
	tasks_free(&tasks);
}
