/*
 * The thread analyser: who made whom, and what became of each.
 *
 * What counts as a leak at the end of the process:
 * - unjoined: it ended, and nobody joined or detached it.  A process that was
 *   killed, crashed, exec'ed or still runs may have been about to: there it
 *   counts only when no thread was waiting in a join.
 * - blocked, running: only after an exit, which ends threads in the middle of
 *   what they do.  A killed process stops everywhere; what hung is for the
 *   deadlock findings to say.
 * - A detached thread is nobody's to wait for: daemon threads usually wait for
 *   work at the end, and running ones are theirs to run.  One that is blocked on a lock or
 *   in a join is not waiting for work, and is a leak all the same.
 * The main thread, and threads not made by pthread_create, are never leaks, nor are those of a runtime's pool that
 * live at the end.
 */
#include "tools/analyse/threads/threads.h"

#include <stdlib.h>
#include <string.h>

#include "tools/finding/findings.h"
#include "tools/analyse/id_index.h"
#include "tools/analyse/locks/locks.h"
#include "tools/base/memory.h"
#include "tools/analyse/threads/pthread_index.h"
#include "tools/analyse/threads/runtime_pool.h"
#include "tools/analyse/threads/thread_sites.h"

#define MAX_LISTED 1000u /* threads named in one finding */

struct thread_analysis {
	const struct ring_file *ring;
	struct id_index by_id;
	struct thread_result *items;
	size_t count, room;
	struct pthread_index pthreads;
	struct thread_groups groups;
	uint32_t regrouped; /* thread that the last event put into another group, 0: none */
	uint32_t exit_caller;
	uint64_t exit_stamp;
	struct thread_site *sites;
	size_t site_count;
};

struct thread_analysis *threads_new(struct ring_file *ring)
{
	struct thread_analysis *threads = memory_zeroed(1, sizeof *threads);

	threads->ring = ring;
	return threads;
}

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
	thread->group =
	    thread_groups_get(&threads->groups, thread->name, thread->main, thread->created_stack);
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

static void on_begin(struct thread_analysis *threads, const struct event *event)
{
	struct thread_result *thread = get(threads, event->thread);

	thread->tid = (uint32_t)(event->arg >> 32);
	thread->pthread = event->object;
	thread->started = event->stamp;
	thread->main |= (event->aux & RT_THREAD_MAIN) != 0;
	thread->adopted |= (event->aux & RT_THREAD_ADOPTED) != 0;
	thread->detached |= (event->aux & RT_THREAD_DETACHED) != 0;
	if (!thread->created)
		thread->created = event->stamp;
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

/* The thread that pthread_create did not make leaves no result; its id is not given out again. */
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
	get(threads, id)->ended = stamp;
	pthread_index_ended(&threads->pthreads, id);
}

static void on_joined(struct thread_analysis *threads, const struct event *event)
{
	uint32_t id = pthread_index_join_ends(&threads->pthreads, event->thread, event->object);
	struct thread_result *thread = id ? find(threads, id) : NULL;

	if (event->aux || !thread)
		return;
	thread->joined = true;
	if (!thread->ended) /* its own last word was lost */
		on_end(threads, id, event->stamp);
	pthread_index_gone(&threads->pthreads, id);
}

static void on_detach(struct thread_analysis *threads, const struct event *event)
{
	uint32_t id = pthread_index_settled(&threads->pthreads, event->object);
	struct thread_result *thread = id ? find(threads, id) : NULL;

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

void threads_event(struct thread_analysis *threads, const struct event *event)
{
	threads->regrouped = 0;
	if (event->thread && event->type != RT_LOSS) {
		struct thread_result *thread = get(threads, event->thread);

		thread->events++;
		if (!thread->started)
			thread->started = event->stamp;
	}
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
			pthread_index_join_begins(&threads->pthreads, event->thread, event->object);
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

static void set_state(struct thread_result *thread, const struct thread_analysis *threads,
                      const struct lock_analysis *locks)
{
	struct blocked blocked;

	if (!thread->ended && threads->exit_caller && thread->id == threads->exit_caller)
		thread->ended = threads->exit_stamp;
	if (thread->ended) {
		thread->state_at_end = THREAD_ENDED;
		return;
	}
	thread->state_at_end = THREAD_RUNNING;
	if (!locks_blocked(locks, thread->id, &blocked))
		return;
	thread->state_at_end = THREAD_BLOCKED;
	thread->blocked_kind = blocked.kind;
	thread->blocked_object = blocked.object;
	thread->blocked_since = blocked.since;
	thread->blocked_stack = blocked.stack;
	thread->blocked_owner = blocked.owner;
	thread->blockers = locks_blockers(locks, thread->id, &thread->blocker_count);
}

/* Who is being waited for in a join. */
static struct u64_map joined_threads(const struct thread_analysis *threads)
{
	struct u64_map joined = {0};

	for (size_t i = 0; i < threads->count; i++) {
		const struct thread_result *thread = &threads->items[i];

		if (thread->state_at_end == THREAD_BLOCKED && thread->blocked_kind == RT_KIND_THREAD)
			u64_map_put(&joined, thread->blocked_owner, 1);
	}
	return joined;
}

static bool on_lock_or_join(uint8_t kind)
{
	return kind == RT_KIND_MUTEX || kind == RT_KIND_RWLOCK || kind == RT_KIND_SPIN ||
	       kind == RT_KIND_ONCE || kind == RT_KIND_THREAD;
}

/* The class of leak that this thread is, NULL if it is none. */
static const char *leak_class(const struct thread_result *thread, const struct u64_map *joined, bool exited)
{
	if (thread->main || thread->adopted || thread->joined)
		return NULL;
	switch (thread->state_at_end) {
	case THREAD_ENDED:
		return !thread->detached && (exited || !joined->count) ? "unjoined" : NULL;
	case THREAD_BLOCKED:
		return exited && (!thread->detached || on_lock_or_join(thread->blocked_kind)) ? "blocked"
		                                                                              : NULL;
	default:
		return exited && !thread->detached && !u64_map_get(joined, thread->id) ? "running" : NULL;
	}
}

struct leak_groups {
	struct u64_map by_stacks; /* index of the finding + 1 */
	struct finding_list *findings;
};

static void describe(struct finding *finding, const struct thread_result *thread, const char *class)
{
	if (!strcmp(class, "unjoined"))
		finding_message(finding,
		                "a thread created here has ended and was never joined; join or detach it");
	else if (!strcmp(class, "running"))
		finding_message(finding,
		                "a thread created here was still running at exit and nobody waited for it");
	else if (thread->blocked_kind == RT_KIND_THREAD)
		finding_message(finding,
		                "a thread created here was still waiting for another thread at exit");
	else
		finding_message(finding, "a thread created here was still blocked on a %s at exit",
		                event_kind_name(thread->blocked_kind));
	finding_add_stack(finding, "created here", thread->created_by, thread->created,
	                  thread->created_stack);
	if (thread->state_at_end == THREAD_BLOCKED)
		finding_add_stack(finding, "blocked here", thread->id, thread->blocked_since,
		                  thread->blocked_stack);
}

/* Threads of one creation stack that are stuck at one place make one finding. */
static void report(struct leak_groups *groups, const struct thread_result *thread, const char *class)
{
	uint64_t key = (uint64_t)thread->created_stack << 32 | thread->blocked_stack, found;
	struct finding *finding;

	key = u64_mix(key) + u64_mix((uint64_t) class[0] << 8 | thread->blocked_kind);
	found = u64_map_get(&groups->by_stacks, key);
	if (!found) {
		describe(finding_add(groups->findings, "thread-leak", class), thread, class);
		u64_map_put(&groups->by_stacks, key, found = groups->findings->count);
	}
	finding = &groups->findings->items[found - 1];
	if (finding->times++ < MAX_LISTED)
		finding_add_thread(finding, thread->id);
}

void threads_finish(struct thread_analysis *threads, const struct lock_analysis *locks,
                    const struct process_end *end, struct finding_list *findings)
{
	struct leak_groups groups = {.findings = findings};
	struct u64_map joined;

	drop_forgotten(threads);
	for (size_t i = 0; i < threads->count; i++)
		set_state(&threads->items[i], threads, locks);
	joined = joined_threads(threads);
	for (size_t i = 0; i < threads->count; i++) {
		const struct thread_result *thread = &threads->items[i];
		const char *class = leak_class(thread, &joined, end->how == END_EXIT);

		if (class && thread->id != threads->exit_caller &&
		    (thread->ended || !runtime_pool_made(threads->ring, thread->created_stack)))
			report(&groups, thread, class);
	}
	u64_map_free(&joined);
	u64_map_free(&groups.by_stacks);
	threads->sites = thread_sites_find(threads->items, threads->count, end->stamp, &threads->site_count);
	thread_sites_report(threads->sites, threads->site_count, findings);
}

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
