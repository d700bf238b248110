#include "tools/hang/hang_tasks.h"

#include <stdlib.h>

#define WAIT_AGE_NS UINT64_C(250000000)

static struct hang_tasks tasks_of(pid_t pid)
{
	struct hang_tasks tasks = {0};

	tasks.items = process_tasks(pid, &tasks.count);
	for (size_t i = 0; i < tasks.count; i++)
		u64_map_put(&tasks.by_tid, (uint64_t)tasks.items[i].inside, i + 1);
	return tasks;
}

void hang_tasks_free(struct hang_tasks *tasks)
{
	free(tasks->items);
	u64_map_free(&tasks->by_tid);
}

static const struct process_task *task_of(const struct hang_tasks *tasks, uint32_t tid)
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
static bool mark_awake(struct lock_analysis *locks, const struct hang_tasks *tasks)
{
	size_t known = 0;

	for (size_t i = 0; i < locks->threads.count; i++) {
		struct lock_thread *thread = locks->threads.items[i];
		const struct process_task *task = thread->ended ? NULL : task_of(tasks, thread->tid);

		thread->awake = is_awake(thread, task);
		known += task != NULL;
	}
	return known < tasks->count;
}

void hang_tasks_unmark(struct lock_analysis *locks)
{
	for (size_t i = 0; i < locks->threads.count; i++)
		locks->threads.items[i]->awake = false;
}

struct hang_tasks hang_tasks_ask(struct recording *recording, struct deadlock_world *world)
{
	pid_t pid = recording->ring.pid;
	struct hang_tasks tasks = tasks_of(pid);

	world->handlers = process_handles_signals(pid);
	world->strangers = mark_awake(recording->analysis->locks, &tasks) || !tasks.count;
	return tasks;
}

uint64_t hang_old_enough(const struct ring_file *ring)
{
	uint64_t now = ring_file_now(ring), age = (uint64_t)((double)WAIT_AGE_NS / ring->ns_per_tick);

	return now > age ? now - age : 0;
}

uint64_t hang_state(const struct lock_analysis *locks, const struct hang_tasks *tasks,
                    const struct finding_list *findings)
{
	uint64_t state = findings->count > 0;

	for (size_t i = 0; i < findings->count; i++) {
		const struct finding *finding = &findings->items[i];

		state += deadlock_moment(finding);
		for (size_t j = 0; j < finding->thread_count; j++) {
			const struct lock_thread *thread =
			    lock_threads_find(&locks->threads, finding->threads[j]);
			const struct process_task *task = thread ? task_of(tasks, thread->tid) : NULL;

			if (task && thread->wait.kind != RT_KIND_SPIN)
				state += u64_mix(task->switches + thread->id);
		}
	}
	return state;
}

void hang_drop_told(struct u64_map *seen, uint64_t salt, struct finding_list *findings)
{
	struct finding_list fresh = {0}, told = {0};

	for (size_t i = 0; i < findings->count; i++) {
		const struct finding *finding = &findings->items[i];
		uint64_t moment = deadlock_moment(finding) + salt;
		bool is_told = u64_map_get(seen, moment) != 0;

		*finding_add(is_told ? &told : &fresh, finding->kind, finding->class) = *finding;
		u64_map_put(seen, moment, 1);
	}
	finding_list_free(&told);
	free(findings->items);
	*findings = fresh;
}
