#include "tools/hang_watch.h"

#include <stdlib.h>

#include "tools/analyse/deadlock.h"
#include "tools/process.h"

#define MS         UINT64_C(1000000)
#define LOOK_EVERY (50 * MS)
#define WAIT_AGE   (250 * MS)
#define CONFIRM    (100 * MS)

struct tasks {
	struct process_task *items;
	size_t count;
	struct u64_map by_tid; /* index + 1 */
};

static struct tasks tasks_of(pid_t pid)
{
	struct tasks tasks = {0};

	tasks.items = process_tasks(pid, &tasks.count);
	for (size_t i = 0; i < tasks.count; i++)
		u64_map_put(&tasks.by_tid, (uint64_t)tasks.items[i].tid, i + 1);
	return tasks;
}

static void tasks_free(struct tasks *tasks)
{
	free(tasks->items);
	u64_map_free(&tasks->by_tid);
}

static const struct process_task *task_of(const struct tasks *tasks, uint32_t tid)
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
		const struct process_task *task = thread->ended ? NULL : task_of(tasks, thread->tid);

		thread->awake = is_awake(thread, task);
		known += task != NULL;
	}
	return known < tasks->count;
}

static void mark_none(struct lock_analysis *locks)
{
	for (size_t i = 0; i < locks->threads.count; i++)
		locks->threads.items[i]->awake = false;
}

static void realised(struct lock_analysis *locks, const struct deadlock_world *world,
                     struct finding_list *findings)
{
	struct u64_map reported = {0};

	deadlock_realised(locks, world, findings, &reported);
	u64_map_free(&reported);
}

static uint64_t old_enough(const struct ring_file *ring)
{
	uint64_t now = ring_file_now(ring), age = (uint64_t)((double)WAIT_AGE / ring->ns_per_tick);

	return now > age ? now - age : 0;
}

/* Whether anything looks like a deadlock, by the events alone: nearly always nothing does. */
static bool looks_hung(struct recording *recording, struct deadlock_world *world)
{
	struct finding_list findings = {0};

	*world = (struct deadlock_world){.before = old_enough(&recording->ring), .settled = UINT64_MAX};
	realised(recording->analysis->locks, world, &findings);
	bool hung = findings.count > 0;
	finding_list_free(&findings);
	return hung;
}

/* What hangs, and how often its threads have run. */
static uint64_t state_of(const struct lock_analysis *locks, const struct tasks *tasks,
                         const struct finding_list *findings)
{
	uint64_t state = 1;

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

/* Leaves those in the list that were not told before. */
static void drop_told(struct hang_watch *watch, struct finding_list *findings)
{
	struct finding_list fresh = {0}, told = {0};

	for (size_t i = 0; i < findings->count; i++) {
		const struct finding *finding = &findings->items[i];
		uint64_t moment = deadlock_moment(finding);
		bool is_told = u64_map_get(&watch->told, moment) != 0;

		*finding_add(is_told ? &told : &fresh, finding->kind, finding->class) = *finding;
		u64_map_put(&watch->told, moment, 1);
	}
	finding_list_free(&told);
	free(findings->items);
	*findings = fresh;
}

static void ask_kernel(struct recording *recording, struct deadlock_world *world, struct tasks *tasks)
{
	pid_t pid = (pid_t)recording->ring.header.pid;

	*tasks = tasks_of(pid);
	world->handlers = process_handles_signals(pid);
	world->strangers = mark_awake(recording->analysis->locks, tasks) || !tasks->count;
}

size_t hang_watch_look(struct hang_watch *watch, struct recording *recording, uint64_t now,
                       struct finding_list *findings)
{
	struct lock_analysis *locks = recording->analysis->locks;
	struct deadlock_world world;
	struct tasks tasks;

	*findings = (struct finding_list){0};
	if (now - watch->looked < LOOK_EVERY)
		return 0;
	watch->looked = now;
	analysis_flush(recording->analysis);
	if (!looks_hung(recording, &world)) {
		watch->state = 0;
		return 0;
	}
	ask_kernel(recording, &world, &tasks);
	realised(locks, &world, findings);
	uint64_t state = findings->count ? state_of(locks, &tasks, findings) : 0;
	bool same = state && state == watch->state, confirmed = same && now - watch->seen >= CONFIRM;
	if (!same)
		watch->seen = now;
	watch->state = state;
	if (confirmed)
		drop_told(watch, findings);
	else
		finding_list_free(findings);
	tasks_free(&tasks);
	mark_none(locks);
	return findings->count;
}

void hang_watch_keep(struct recording *recording, struct finding_list *findings)
{
	for (size_t i = 0; i < findings->count; i++)
		deadlock_keep(recording->analysis->locks, findings->items[i]);
	free(findings->items);
	*findings = (struct finding_list){0};
}

void hang_watch_free(struct hang_watch *watch) { u64_map_free(&watch->told); }

void hang_watch_ask_kernel(struct recording *recording)
{
	struct deadlock_world world = {.before = UINT64_MAX, .settled = old_enough(&recording->ring)};
	struct tasks tasks;

	analysis_flush(recording->analysis);
	ask_kernel(recording, &world, &tasks);
	recording->analysis->locks->world = world;
	tasks_free(&tasks);
}
