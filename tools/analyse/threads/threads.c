/*
 * The thread stage, the first of the analysis.  It knows which threads exist, which thread created which, how each
 * ended, and which thread a pthread_t stands for.
 */
#include "tools/analyse/threads/threads.h"

#include <stdlib.h>
#include <string.h>

#include "tools/analyse/id_index.h"
#include "tools/base/memory.h"
#include "tools/analyse/threads/pthread_index.h"
#include "tools/analyse/threads/thread_sites.h"

struct thread_analysis {
	struct id_index by_id;
	struct thread_result *items;
	size_t count, room;
	struct pthread_index pthreads;
	struct thread_groups groups;
	uint32_t regrouped; /* the thread that the last event put into another group; 0: none */
	uint32_t meant;     /* the thread that the last event's pthread_t stood for; 0: not known */
	uint32_t exit_caller;
	bool exit_in_order; /* by exit or a return from main */
	uint64_t exit_stamp;
	struct thread_site *sites;
	size_t site_count;
};

struct thread_analysis *threads_new(void) { return memory_zeroed(1, sizeof(struct thread_analysis)); }

void threads_free(struct thread_analysis *threads)
{
	if (!threads)
		return;
	id_index_free(&threads->by_id);
	pthread_index_free(&threads->pthreads);
	for (size_t i = 0; i < threads->count; i++)
		free(threads->items[i].blockers);
	thread_groups_free(&threads->groups);
	free(threads->items);
	free(threads->sites);
	free(threads);
}

struct thread_analysis *threads_copy(const struct thread_analysis *threads)
{
	struct thread_analysis *copy = memory_zeroed(1, sizeof *copy);

	copy->items = memory_zeroed(threads->count, sizeof *copy->items);
	for (size_t i = 0; i < threads->count; i++)
		if (threads->items[i].id)
			copy->items[copy->count++] = threads->items[i];
	return copy;
}

static struct thread_result *find(const struct thread_analysis *threads, uint32_t id)
{
	uint32_t found = id_index_get(&threads->by_id, id);

	return found ? &threads->items[found - 1] : NULL;
}

static struct thread_result *get(struct thread_analysis *threads, uint32_t id)
{
	struct thread_result *thread = find(threads, id);

	if (thread)
		return thread;
	GROW(threads->items, threads->room, threads->count + 1);
	threads->items[threads->count] = (struct thread_result){.id = id};
	id_index_put(&threads->by_id, id, (uint32_t)++threads->count);
	return &threads->items[threads->count - 1];
}

/* ---- events ------------------------------------------------------------------------------- */

static void regroup(struct thread_analysis *threads, struct thread_result *thread)
{
	thread->group = thread_groups_get(&threads->groups, thread->name, thread->main, thread->created_stack);
	threads->regrouped = thread->id;
}

bool threads_regrouped(const struct thread_analysis *threads, uint32_t *thread, uint32_t *group)
{
	if (!threads->regrouped)
		return false;
	*thread = threads->regrouped;
	*group = find(threads, *thread)->group;
	return true;
}

uint32_t threads_on_stack(const struct thread_analysis *threads, uint64_t address)
{
	for (size_t i = 0; i < threads->count; i++) {
		const struct thread_result *thread = &threads->items[i];

		if (thread->id && !thread->ended && address >= thread->stack_low && address < thread->stack_high)
			return thread->id;
	}
	return 0;
}

uint32_t threads_created_stack(const struct thread_analysis *threads, uint32_t id)
{
	const struct thread_result *thread = find(threads, id);

	return thread ? thread->created_stack : RT_STACK_NONE;
}

uint32_t threads_meant(const struct thread_analysis *threads) { return threads->meant; }

/*
 * A signal handler may run in a new thread before the thread's own first event.  The thread then has two ids: the id of
 * an adopted thread, until the id that its creator knows begins.  All calls mean the latter.  Returns false if this
 * thread, which begins now, is the adopted thread of such a pair.
 */
static bool calls_mean(struct thread_analysis *threads, const struct thread_result *thread, uint64_t pthread)
{
	uint32_t id = pthread_index_settled(&threads->pthreads, pthread);
	const struct thread_result *other = id && id != thread->id ? find(threads, id) : NULL;

	if (!other)
		return true;
	if (thread->adopted)
		return other->tid; /* 0: it was created, and has yet to begin */
	if (other->adopted && other->tid == thread->tid)
		pthread_index_gone(&threads->pthreads, id);
	return true;
}

static void on_begin(struct thread_analysis *threads, const struct event *event)
{
	struct thread_result *thread = get(threads, event->thread);

	thread->tid = (uint32_t)(event->arg >> 32);
	thread->stack_high = event->arg2 & RT_OBJECT_MASK;
	thread->stack_low = thread->stack_high - (event->arg2 >> RT_AUX_SHIFT << RT_STACK_UNIT_SHIFT);
	thread->pthread = event->object;
	thread->started = event->stamp;
	if (event->stack)
		thread->runs_stack = event->stack;
	thread->main |= (event->aux & RT_THREAD_MAIN) != 0;
	thread->adopted |= (event->aux & RT_THREAD_ADOPTED) != 0;
	thread->detached |= (event->aux & RT_THREAD_DETACHED) != 0;
	if (!thread->created)
		thread->created = event->stamp;
	if (calls_mean(threads, thread, event->object))
		pthread_index_add(&threads->pthreads, thread->id, event->object);
	regroup(threads, thread);
}

static void on_create(struct thread_analysis *threads, const struct event *event)
{
	struct thread_result *thread;

	if (!(uint32_t)event->arg)
		return;
	thread = get(threads, (uint32_t)event->arg);
	thread->created = event->stamp;
	thread->created_by = event->thread;
	thread->created_stack = event->stack;
	thread->start_routine = event->object;
	thread->detached |= (event->aux & RT_THREAD_DETACHED) != 0;
	regroup(threads, thread);
}

/* Removes a thread that pthread_create failed to make.  It leaves no result, and its id is not given out again. */
static void forget(struct thread_analysis *threads, uint32_t id)
{
	struct thread_result *thread = find(threads, id);

	if (!thread || thread->started)
		return;
	thread->id = 0;
	id_index_remove(&threads->by_id, id);
}

static void on_created(struct thread_analysis *threads, const struct event *event)
{
	uint32_t id = (uint32_t)event->arg;
	struct thread_result *thread;

	if (event->aux) {
		forget(threads, id);
		return;
	}
	if (!id)
		return;
	thread = get(threads, id);
	thread->pthread = event->object;
	pthread_index_add(&threads->pthreads, id, event->object);
}

static void on_end(struct thread_analysis *threads, uint32_t id, uint64_t stamp)
{
	struct thread_result *thread = get(threads, id);

	thread->ended = stamp;
	pthread_index_ended(&threads->pthreads, id);
	if (thread->detached) /* its pthread_t may be the next thread's now */
		pthread_index_gone(&threads->pthreads, id);
}

static void on_joined(struct thread_analysis *threads, const struct event *event)
{
	uint32_t id = pthread_index_join_ends(&threads->pthreads, event->thread, event->object);
	struct thread_result *thread = id ? find(threads, id) : NULL;

	threads->meant = id;
	if (event->aux || !thread)
		return;
	thread->joined = true;
	if (!thread->ended) /* the event of its end was lost */
		on_end(threads, id, event->stamp);
	pthread_index_gone(&threads->pthreads, id);
}

static void on_detach(struct thread_analysis *threads, const struct event *event)
{
	uint32_t id = pthread_index_settled(&threads->pthreads, event->object);
	struct thread_result *thread = id ? find(threads, id) : NULL;

	threads->meant = id;
	if (event->aux || !thread)
		return;
	thread->detached = true;
	pthread_index_gone(&threads->pthreads, id);
}

static void on_name(struct thread_analysis *threads, const struct event *event)
{
	uint32_t id = pthread_index_find(&threads->pthreads, event->object);
	struct thread_result *thread = id ? find(threads, id) : NULL;

	if (!thread)
		return;
	memcpy(thread->name, &event->arg, 8);
	memcpy(thread->name + 8, &event->arg2, 8);
	thread->name[16] = '\0';
	regroup(threads, thread);
}

static void note_activity(struct thread_result *thread, const struct event *event)
{
	thread->events++;
	if (!thread->started)
		thread->started = event->stamp;
	if (event->stack && event->type != RT_THREAD_BEGIN) {
		thread->last_stack = event->stack;
		thread->last_seen = event->stamp;
	}
}

void threads_event(struct thread_analysis *threads, const struct event *event)
{
	threads->regrouped = threads->meant = 0;
	if (event->thread && event->type != RT_LOSS)
		note_activity(get(threads, event->thread), event);
	if (event->type >= RT_ALLOC_FIRST && event->type < RT_WAIT)
		return;
	switch (event->type) {
	case RT_THREAD_BEGIN:
		if (event->thread)
			on_begin(threads, event);
		break;
	case RT_THREAD_END:
		if (event->thread)
			on_end(threads, event->thread, event->stamp);
		break;
	case RT_WAIT:
		if (event->kind == RT_KIND_THREAD)
			threads->meant = pthread_index_join_begins(&threads->pthreads, event->thread, event->object);
		break;
	case RT_THREAD_NAME:
		on_name(threads, event);
		break;
	case RT_THREAD_CREATE:
		on_create(threads, event);
		break;
	case RT_THREAD_CREATED:
		on_created(threads, event);
		break;
	case RT_JOINED:
		on_joined(threads, event);
		break;
	case RT_DETACH:
		on_detach(threads, event);
		break;
	case RT_EXIT:
		threads->exit_caller = event->thread;
		threads->exit_in_order = event->aux == RT_END_EXIT;
		threads->exit_stamp = event->stamp;
		break;
	default:
		break;
	}
}

/* ---- results ------------------------------------------------------------------------------ */

static void drop_forgotten(struct thread_analysis *threads)
{
	size_t kept = 0;

	for (size_t i = 0; i < threads->count; i++)
		if (threads->items[i].id)
			threads->items[kept++] = threads->items[i];
	threads->count = kept;
}

void threads_finish(struct thread_analysis *threads, const struct process_end *end)
{
	drop_forgotten(threads);
	for (size_t i = 0; i < threads->count; i++) {
		struct thread_result *thread = &threads->items[i];

		if (!thread->ended && threads->exit_caller && thread->id == threads->exit_caller)
			thread->ended = threads->exit_stamp;
		thread->state_at_end = thread->ended ? THREAD_ENDED : THREAD_RUNNING;
	}
	threads->sites = thread_sites_find(threads->items, threads->count, end->stamp, &threads->site_count);
}

struct thread_result *threads_to_judge(struct thread_analysis *threads, size_t *count)
{
	*count = threads->count;
	return threads->items;
}

uint32_t threads_main_exit(const struct thread_analysis *threads)
{
	const struct thread_result *thread = threads->exit_in_order ? find(threads, threads->exit_caller) : NULL;

	return thread && thread->main ? thread->id : 0;
}

uint32_t threads_exit_caller(const struct thread_analysis *threads) { return threads->exit_caller; }

const struct thread_site *threads_sites(const struct thread_analysis *threads, size_t *count)
{
	*count = threads->site_count;
	return threads->sites;
}

const struct thread_group *threads_groups(const struct thread_analysis *threads, size_t *count)
{
	*count = threads->groups.count;
	return threads->groups.items;
}

const struct thread_result *threads_results(const struct thread_analysis *threads, size_t *count)
{
	*count = threads->count;
	return threads->items;
}
