/*
 * Decides which threads count as leaks at the end of the process:
 * - unjoined: the thread ended, and no thread joined or detached it.  A process that was killed, crashed or exec'ed may
 *   have been about to join it: then the thread counts only if no thread was waiting in a join.  A process that still
 *   runs may join it yet: there no thread counts.
 * - blocked, running: only after an exit, which ends threads in the middle of their work.  A killed process stops all
 *   its threads anywhere; the deadlock findings report the ones that hung.
 * - a wait with a time-out ends by itself: its thread counts as running.  Pools let idle workers end in that way.
 * - detached threads need no join: one that runs at the end is no leak.  One that is blocked has been left behind, and
 *   is reported with the object that it waits for.
 *
 * Never leaks: the main thread, threads not made by pthread_create, and threads of a runtime's pool that live at the
 * end.
 */
#include "tools/analyse/thread_leaks.h"

#include "shim/atomics.h"

#include <string.h>

#include "tools/analyse/threads/runtime_pool.h"
#include "tools/analyse/threads/thread_sites.h"
#include "tools/base/u64_map.h"
#include "tools/finding/findings.h"

#define MAX_LISTED  1000u /* threads named in one finding */
#define MAX_OBJECTS 8u    /* and what they wait for, where each waits for another object */

static void set_blocked(struct thread_result *thread, const struct lock_analysis *locks)
{
	struct blocked blocked;

	if (thread->ended || !locks_blocked(locks, thread->id, &blocked))
		return;
	thread->state_at_end = THREAD_BLOCKED;
	thread->blocked_kind = blocked.kind;
	thread->blocked_object = blocked.object;
	thread->blocked_since = blocked.since;
	thread->blocked_stack = blocked.stack;
	thread->blocked_owner = blocked.owner;
	thread->blocked_timed = blocked.timed;
	thread->blocked_generation = blocked.generation;
	thread->blocked_init_stack = blocked.init_stack;
	thread->blockers = locks_blockers(locks, thread->id, &thread->blocker_count);
}

/* The threads that other threads wait for in a join. */
static struct u64_map joined_threads(const struct thread_result *threads, size_t count)
{
	struct u64_map joined = {0};

	for (size_t i = 0; i < count; i++) {
		const struct thread_result *thread = &threads[i];

		if (thread->state_at_end == THREAD_BLOCKED && thread->blocked_kind == RT_KIND_THREAD)
			u64_map_put(&joined, thread->blocked_owner, 1);
	}
	return joined;
}

static bool is_blocked_for_good(const struct thread_result *thread)
{
	return thread->state_at_end == THREAD_BLOCKED && !thread->blocked_timed;
}

/* The class of the leak; FINDING_NONE: the thread is no leak. */
static enum finding_class leak_class(const struct thread_result *thread, const struct u64_map *joined,
                                     const struct process_end *end)
{
	bool exited = end->how == END_EXIT;

	if (end->how == END_RUNNING || thread->main || thread->adopted || thread->joined)
		return FINDING_NONE;
	if (thread->state_at_end == THREAD_ENDED)
		return !thread->detached && (exited || !joined->count) ? FINDING_THREAD_LEAK_UNJOINED : FINDING_NONE;
	if (!exited)
		return FINDING_NONE;
	if (is_blocked_for_good(thread))
		return FINDING_THREAD_LEAK_BLOCKED;
	return !thread->detached && !u64_map_get(joined, thread->id) ? FINDING_THREAD_LEAK_RUNNING : FINDING_NONE;
}

struct leak_groups {
	struct u64_map by_stacks; /* index of the finding + 1 */
	struct finding_list *findings;
	const struct ring_file *ring;
	uint64_t missing_until;
};

/* The thread's join or detach may be among the missing events. */
static void say_in_doubt(struct finding *finding)
{
	finding->information = true;
	finding_message(finding, "a thread created here" FINDING_RUNS
	                         " has ended and, as far as is known, was never joined: events were lost");
}

static void say(struct finding *finding, const struct thread_result *thread, bool doubtful)
{
	if (doubtful)
		say_in_doubt(finding);
	else if (finding->class == FINDING_THREAD_LEAK_UNJOINED)
		finding_message(finding, "a thread created here" FINDING_RUNS
		                         " has ended and was never joined; join or detach it");
	else if (finding->class == FINDING_THREAD_LEAK_RUNNING)
		finding_message(finding, "a thread created here" FINDING_RUNS
		                         " was still running at exit and no thread waited for it");
	else if (thread->blocked_kind == RT_KIND_THREAD)
		finding_message(finding,
		                "a thread created here" FINDING_RUNS " was still waiting for another thread at exit");
	else
		finding_message(finding,
		                "usual for idle workers: a thread created here" FINDING_RUNS
		                " was still blocked on a %s" FINDING_NAMED " at exit",
		                event_kind_name(thread->blocked_kind));
}

static void add_stacks(struct finding *finding, const struct thread_result *thread, const struct ring_file *ring)
{
	finding_add_stack(finding, "created here", thread->created_by, thread->created, thread->created_stack);
	if (thread->runs_stack && !runtime_starts_it(ring, thread->runs_stack))
		finding_add_stack(finding, "begins here", thread->id, thread->started, thread->runs_stack)->key =
		    STACK_PLACED;
	if (is_blocked_for_good(thread))
		finding_add_stack(finding, "blocked here", thread->id, thread->blocked_since, thread->blocked_stack);
	else if (thread->state_at_end == THREAD_BLOCKED)
		finding_add_stack(finding, "waits here, with a time-out", thread->id, thread->blocked_since,
		                  thread->blocked_stack)
		    ->key = STACK_ASIDE;
	else if (thread->state_at_end == THREAD_RUNNING && thread->last_stack)
		finding_add_stack(finding, "last seen here", thread->id, thread->last_seen, thread->last_stack)->key =
		    STACK_ASIDE;
}

static void add_object(struct finding *finding, const struct thread_result *thread)
{
	if (thread->state_at_end == THREAD_BLOCKED && thread->blocked_kind != RT_KIND_THREAD &&
	    finding->object_count < MAX_OBJECTS)
		finding_add_object(finding, thread->blocked_kind, thread->blocked_object, thread->blocked_generation,
		                   thread->blocked_init_stack);
}

/* No missing event is of a thread that was created later. */
static bool is_doubtful(const struct leak_groups *groups, const struct thread_result *thread, enum finding_class class)
{
	return class == FINDING_THREAD_LEAK_UNJOINED && groups->missing_until &&
	       thread->created <= groups->missing_until;
}

/* Threads that were created at one place, run one routine, and are stuck at one place, make one finding. */
static void report(struct leak_groups *groups, const struct thread_result *thread, enum finding_class class)
{
	uint32_t blocked_stack = is_blocked_for_good(thread) ? thread->blocked_stack : RT_STACK_NONE;
	uint64_t key = (uint64_t)thread->created_stack << 32 | blocked_stack, found;
	bool doubtful = is_doubtful(groups, thread, class);
	struct finding *finding;

	key = u64_mix(key) + u64_mix((uint64_t)thread->runs_stack << 32 | (uint64_t) class << 8 | thread->blocked_kind);
	key += doubtful;
	found = u64_map_get(&groups->by_stacks, key);
	if (!found) {
		finding = finding_add(groups->findings, class);
		say(finding, thread, doubtful);
		add_stacks(finding, thread, groups->ring);
		u64_map_put(&groups->by_stacks, key, found = groups->findings->count);
	}
	finding = &groups->findings->items[found - 1];
	add_object(finding, thread);
	if (finding->times++ < MAX_LISTED)
		finding_add_thread(finding, thread->id);
}

/* A library with a libc of its own may have joined or detached the thread. */
static bool may_be_joined_unseen(const struct ring_file *ring, enum finding_class class)
{
	return class == FINDING_THREAD_LEAK_UNJOINED && ring->shared &&
	       load_relaxed(&ring->shared->unseen[RT_UNSEEN_LIBC]);
}

void thread_leaks_find(struct thread_analysis *threads, const struct lock_analysis *locks, const struct ring_file *ring,
                       const struct process_end *end, uint64_t missing_until, struct finding_list *findings)
{
	struct leak_groups groups = {.findings = findings, .ring = ring, .missing_until = missing_until};
	size_t count, site_count;
	struct thread_result *list = threads_to_judge(threads, &count);

	for (size_t i = 0; i < count; i++)
		set_blocked(&list[i], locks);
	struct u64_map joined = joined_threads(list, count);
	for (size_t i = 0; i < count; i++) {
		const struct thread_result *thread = &list[i];
		enum finding_class class = leak_class(thread, &joined, end);

		if (may_be_joined_unseen(ring, class))
			continue;
		if (class != FINDING_NONE && thread->id != threads_exit_caller(threads) &&
		    (thread->ended || !runtime_pool_made(ring, thread->created_stack)))
			report(&groups, thread, class);
	}
	u64_map_free(&joined);
	u64_map_free(&groups.by_stacks);
	const struct thread_site *sites = threads_sites(threads, &site_count);
	thread_sites_report(sites, site_count, findings);
}
