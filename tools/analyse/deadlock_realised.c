/*
 * The wait-for graph: a thread waits for whoever holds what it wants, or for
 * the thread that it joins.  A cycle of waits without a time-out never ends.
 */
#include <stdlib.h>

#include "tools/analyse/deadlock.h"
#include "tools/memory.h"

#define MUTEX_RECURSIVE  1u /* PTHREAD_MUTEX_RECURSIVE, _ERRORCHECK: locking again never blocks */
#define MUTEX_ERRORCHECK 2u

struct wait_step { /* who is waited for, and what it has that is wanted; held NULL: the thread itself, by a
	              join */
	struct lock_thread *thread;
	const struct held_lock *held;
	size_t from; /* the step before it, as an index into the search's steps */
};

struct wait_search {
	const struct lock_analysis *locks;
	struct u64_map seen; /* thread ids */
	struct wait_step *steps;
	size_t count, room;
};

static bool relock_fails(const struct lock *lock)
{
	return lock->init_seen && lock->result.kind == RT_KIND_MUTEX &&
	       (lock->init_type == MUTEX_RECURSIVE || lock->init_type == MUTEX_ERRORCHECK);
}

static bool owned_kind(uint8_t kind)
{
	return kind == RT_KIND_MUTEX || kind == RT_KIND_RWLOCK || kind == RT_KIND_SPIN ||
	       kind == RT_KIND_ONCE;
}

static const struct lock *wanted_lock(const struct lock_analysis *locks, const struct lock_thread *thread)
{
	return owned_kind(thread->wait.kind)
	           ? lock_table_find(&locks->table, thread->wait.object, thread->wait.kind)
	           : NULL;
}

uint32_t deadlock_waits_for(const struct lock_analysis *locks, const struct lock_thread *thread)
{
	const struct lock *lock;

	if (!thread->wait.active)
		return 0;
	if (thread->wait.kind == RT_KIND_THREAD)
		return thread->wait.target;
	lock = wanted_lock(locks, thread);
	return lock ? lock->result.owner : 0;
}

/* ---- search -------------------------------------------------------------------------- */

static void push(struct wait_search *search, struct lock_thread *thread, const struct held_lock *held,
                 size_t from)
{
	GROW(search->steps, search->room, search->count + 1);
	search->steps[search->count++] = (struct wait_step){thread, held, from};
}

static const struct held_lock *holds(const struct lock_thread *thread, const struct lock *lock)
{
	const struct held_lock *held = held_find(thread, lock->result.address);

	return held && held->lock == lock ? held : NULL;
}

static void push_readers(struct wait_search *search, const struct lock *lock, size_t from)
{
	const struct lock_threads *threads = &search->locks->threads;

	for (size_t i = 0; i < threads->count; i++) {
		const struct held_lock *held =
		    threads->items[i]->count ? holds(threads->items[i], lock) : NULL;

		if (held)
			push(search, threads->items[i], held, from);
	}
}

static void push_owner(struct wait_search *search, const struct lock *lock, const struct lock_thread *waiter,
                       size_t from)
{
	struct lock_thread *owner = lock_threads_find(&search->locks->threads, lock->result.owner);
	const struct held_lock *held = owner ? holds(owner, lock) : NULL;

	if (held && !(owner == waiter && relock_fails(lock)))
		push(search, owner, held, from);
}

/* Everybody that this thread waits for; all of them have to let go. */
static void push_blockers(struct wait_search *search, const struct lock_thread *thread, size_t from)
{
	const struct lock_wait *wait = &thread->wait;
	const struct lock *lock;

	if (!wait->active || wait->flags & (RT_SYNC_TRY | RT_SYNC_TIMED))
		return;
	if (wait->kind == RT_KIND_THREAD) {
		struct lock_thread *joined = lock_threads_find(&search->locks->threads, wait->target);

		if (joined && !joined->ended)
			push(search, joined, NULL, from);
		return;
	}
	lock = wanted_lock(search->locks, thread);
	if (!lock)
		return;
	if (lock->result.owner)
		push_owner(search, lock, thread, from);
	else if (lock->holders && !(wait->flags & RT_SYNC_SHARED))
		push_readers(search, lock, from);
}

/* Breadth first: the index of the step that is back at the start by the shortest way, 0 where there is none.
 * Step 0 is the start itself. */
static size_t search_back(struct wait_search *search, struct lock_thread *start)
{
	search->count = 0;
	u64_map_free(&search->seen);
	push(search, start, NULL, 0);
	push_blockers(search, start, 0);
	for (size_t i = 1; i < search->count; i++) {
		struct lock_thread *thread = search->steps[i].thread;

		if (thread == start)
			return i;
		if (u64_map_get(&search->seen, thread->id))
			continue;
		u64_map_put(&search->seen, thread->id, 1);
		push_blockers(search, thread, i);
	}
	return 0;
}

/* ---- report -------------------------------------------------------------------------- */

static struct finding_object wanted_object(const struct lock_analysis *locks,
                                           const struct lock_thread *thread)
{
	const struct lock *lock = wanted_lock(locks, thread);

	if (lock)
		return deadlock_object(lock);
	return (struct finding_object){.kind = thread->wait.kind, .address = thread->wait.object};
}

/* The thread of this step holds what the step before it wants, and wants something itself. */
static void add_edge(struct finding *finding, const struct wait_search *search, const struct wait_step *step)
{
	const struct lock_thread *thread = step->thread, *before = search->steps[step->from].thread;
	const struct held_lock *held = step->held;
	struct finding_edge *edge = finding_add_edge(finding);

	*edge = (struct finding_edge){
	    .thread = thread->id,
	    .held = wanted_object(search->locks, before),
	    .wanted = wanted_object(search->locks, thread),
	    .held_shared = held && held->shared,
	    .wanted_shared = thread->wait.flags & RT_SYNC_SHARED,
	    .held_stack = held ? held->stack : thread->start_stack,
	    .wanted_stack = thread->wait.stack,
	    .held_since = held ? held->since : thread->started,
	    .wanted_at = thread->wait.since,
	};
	finding_add_object(finding, edge->held.kind, edge->held.address, edge->held.generation,
	                   edge->held.created_stack);
	finding_add_thread(finding, thread->id);
}

static void mark_reported(const struct finding *finding, struct u64_map *reported)
{
	uint64_t *pairs = memory_zeroed(finding->edge_count, sizeof *pairs);

	for (size_t i = 0; i < finding->edge_count; i++)
		pairs[i] = (uint64_t)finding->edges[i].held_stack << 32 | finding->edges[i].wanted_stack;
	u64_map_put(reported, deadlock_signature(pairs, finding->edge_count), 1);
	free(pairs);
}

static void report_cycle(const struct wait_search *search, size_t last, struct finding_list *findings,
                         struct u64_map *in_cycle, struct u64_map *reported)
{
	struct finding *finding = finding_add(findings, "deadlock", "realised");

	for (size_t i = last; i; i = search->steps[i].from) {
		add_edge(finding, search, &search->steps[i]);
		u64_map_put(in_cycle, search->steps[i].thread->id, 1);
	}
	/* The way back was followed: turn it round, so that each edge's wanted lock is the next one's held
	 * lock. */
	for (size_t i = 0, j = finding->edge_count - 1; i < j; i++, j--) {
		struct finding_edge swap = finding->edges[i];

		finding->edges[i] = finding->edges[j];
		finding->edges[j] = swap;
	}
	if (finding->edge_count == 1)
		finding_message(finding, "a thread waits for ever for %s",
		                finding->edges[0].wanted.kind == RT_KIND_THREAD
		                    ? "itself"
		                    : "a lock that it holds itself");
	else if (finding->edge_count == 2)
		finding_message(finding, "two threads wait for each other for ever");
	else
		finding_message(finding, "%zu threads wait for each other for ever, in a ring",
		                finding->edge_count);
	mark_reported(finding, reported);
}

void deadlock_realised(struct lock_analysis *locks, struct finding_list *findings, struct u64_map *reported)
{
	struct wait_search search = {.locks = locks};
	struct u64_map in_cycle = {0};

	for (size_t i = 0; i < locks->threads.count; i++) {
		struct lock_thread *thread = locks->threads.items[i];
		size_t last;

		if (!thread->wait.active || u64_map_get(&in_cycle, thread->id))
			continue;
		last = search_back(&search, thread);
		if (last)
			report_cycle(&search, last, findings, &in_cycle, reported);
	}
	u64_map_free(&search.seen);
	u64_map_free(&in_cycle);
	free(search.steps);
}
