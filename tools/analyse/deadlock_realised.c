/*
 * Threads that wait for ever.
 *
 * A thread is stuck if its wait has no time-out and all that could end it are stuck too: the owner of a lock,
 * one of the readers that a writer waits for, the thread that is joined.  For a condition, a semaphore, a
 * barrier or a futex nobody is sure to be the one; two answers are worked out, from all blocked threads
 * downwards:
 * - strictly, any thread that goes on could end the wait;
 * - inferred, only those that ended such waits before, where there are any.
 * Among the stuck ones, a cycle of waits is reported if all of it is known, if its inferred parts are tied to
 * a lock that is really held, or if it holds strictly.  Where there is no cycle, and no thread at all goes
 * on, that is reported instead.
 */
#include <stdio.h>
#include <stdlib.h>

#include "tools/analyse/deadlock.h"
#include "tools/memory.h"

#define MUTEX_RECURSIVE  1u /* PTHREAD_MUTEX_RECURSIVE, _ERRORCHECK: locking again never blocks */
#define MUTEX_ERRORCHECK 2u
#define MAX_SHOWN        50u /* threads of a process in which none goes on */

struct wait_step { /* who is waited for, and what it has that is wanted; held NULL: the thread itself, by a
	              join, or by inference */
	struct lock_thread *thread;
	const struct held_lock *held;
	size_t from; /* the step before it, as an index into the search's steps */
	bool inferred;
};

struct wait_search {
	const struct lock_analysis *locks;
	const struct deadlock_world *world;
	bool inferring;  /* past wakers count as those to come */
	bool anybody;    /* where there are none, every thread does */
	size_t going_on;     /* living threads that are not stuck */
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

static struct lock *waited_for(const struct lock_analysis *locks, const struct lock_thread *thread)
{
	return lock_table_find(&locks->table, thread->wait.object, thread->wait.kind);
}

static const struct lock *wanted_lock(const struct lock_analysis *locks, const struct lock_thread *thread)
{
	return owned_kind(thread->wait.kind) ? waited_for(locks, thread) : NULL;
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

static const struct held_lock *holds(const struct lock_thread *thread, const struct lock *lock)
{
	const struct held_lock *held = held_find(thread, lock->result.address);

	return held && held->lock == lock ? held : NULL;
}

/* ---- who is stuck ----------------------------------------------------------------------- */

/* A thread that ends wakes those that join it, and nobody else. */
static bool goes_on(const struct lock_thread *thread) { return thread && !thread->ended && !thread->stuck; }

static bool lives(const struct lock_thread *thread) { return !thread->ended && thread->started; }

/* The nth thread that ended waits for this lock before and lives; NULL where there are no more. */
static struct lock_thread *past_waker(const struct wait_search *search, const struct lock *lock,
                                      const struct lock_thread *waiter, unsigned nth)
{
	const struct sync_state *state = lock ? lock->sync : NULL;

	if (!state || state->waker_count > WAKERS_KNOWN)
		return NULL;
	for (uint32_t i = 0; i < state->waker_count; i++) {
		struct lock_thread *waker = lock_threads_find(&search->locks->threads, state->wakers[i]);

		if (waker && waker != waiter && lives(waker) && nth-- == 0)
			return waker;
	}
	return NULL;
}

static bool any_past_waker_goes_on(const struct wait_search *search, const struct lock *lock,
                                   const struct lock_thread *waiter)
{
	const struct lock_thread *waker;

	for (unsigned i = 0; (waker = past_waker(search, lock, waiter, i)); i++)
		if (goes_on(waker))
			return true;
	return false;
}

static bool woken_by_anybody(const struct wait_search *search, const struct lock_thread *thread)
{
	const struct lock *lock = waited_for(search->locks, thread);
	bool by_handler = thread->wait.kind == RT_KIND_SEM || thread->wait.kind == RT_KIND_FUTEX;

	if (thread->wait.since > search->world->settled)
		return true;
	if (search->inferring && past_waker(search, lock, thread, 0))
		return any_past_waker_goes_on(search, lock, thread);
	return search->going_on || search->world->strangers || (by_handler && search->world->handlers);
}

static bool all_readers_go_on(const struct wait_search *search, const struct lock *lock)
{
	const struct lock_threads *threads = &search->locks->threads;

	for (size_t i = 0; i < threads->count; i++)
		if (threads->items[i]->count && holds(threads->items[i], lock) && !goes_on(threads->items[i]))
			return false;
	return true;
}

static bool lock_comes_free(const struct wait_search *search, const struct lock_thread *thread)
{
	const struct lock *lock = wanted_lock(search->locks, thread);
	const struct lock_thread *owner;

	if (!lock)
		return true;
	if (!lock->result.owner) /* readers keep out writers alone */
		return !lock->holders || thread->wait.flags & RT_SYNC_SHARED ||
		       all_readers_go_on(search, lock);
	owner = lock_threads_find(&search->locks->threads, lock->result.owner);
	if (!owner || !holds(owner, lock) || (owner == thread && relock_fails(lock)))
		return true;
	if (owner->ended)
		return lock->maybe_foreign || (lock->init_seen && lock->init_flags & RT_INIT_ROBUST);
	return goes_on(owner);
}

static bool can_end(const struct wait_search *search, const struct lock_thread *thread)
{
	const struct lock_thread *joined;

	if (owned_kind(thread->wait.kind))
		return lock_comes_free(search, thread);
	if (thread->wait.kind != RT_KIND_THREAD)
		return woken_by_anybody(search, thread);
	joined = lock_threads_find(&search->locks->threads, thread->wait.target);
	return !joined || joined->ended || goes_on(joined);
}

static bool blocked(const struct wait_search *search, const struct lock_thread *thread)
{
	const struct lock_wait *wait = &thread->wait;

	return lives(thread) && wait->active && !thread->awake && wait->since <= search->world->before &&
	       !(wait->flags & (RT_SYNC_TRY | RT_SYNC_TIMED | RT_SYNC_PSHARED));
}

/* From all that are blocked, those are taken out whose wait can end, until there are no more. */
static void find_stuck(struct wait_search *search, bool inferring)
{
	const struct lock_threads *threads = &search->locks->threads;
	bool changed = true;

	search->inferring = inferring;
	search->going_on = 0;
	for (size_t i = 0; i < threads->count; i++) {
		threads->items[i]->stuck = blocked(search, threads->items[i]);
		search->going_on += lives(threads->items[i]) && !threads->items[i]->stuck;
	}
	while (changed) {
		changed = false;
		for (size_t i = 0; i < threads->count; i++) {
			if (!threads->items[i]->stuck || !can_end(search, threads->items[i]))
				continue;
			threads->items[i]->stuck = false;
			search->going_on++;
			changed = true;
		}
	}
}

/* ---- cycles --------------------------------------------------------------------------- */

static void push(struct wait_search *search, struct lock_thread *thread, const struct held_lock *held,
                 size_t from, bool inferred)
{
	GROW(search->steps, search->room, search->count + 1);
	search->steps[search->count++] = (struct wait_step){thread, held, from, inferred};
}

static void push_readers(struct wait_search *search, const struct lock *lock, size_t from)
{
	const struct lock_threads *threads = &search->locks->threads;

	for (size_t i = 0; i < threads->count; i++) {
		const struct held_lock *held =
		    threads->items[i]->count ? holds(threads->items[i], lock) : NULL;

		if (held)
			push(search, threads->items[i], held, from, false);
	}
}

static void push_owner(struct wait_search *search, const struct lock *lock, const struct lock_thread *waiter,
                       size_t from)
{
	struct lock_thread *owner = lock_threads_find(&search->locks->threads, lock->result.owner);
	const struct held_lock *held = owner ? holds(owner, lock) : NULL;

	if (held && !(owner == waiter && relock_fails(lock)))
		push(search, owner, held, from, false);
}

static void push_wakers(struct wait_search *search, const struct lock_thread *thread, size_t from)
{
	const struct lock_threads *threads = &search->locks->threads;
	const struct lock *lock = waited_for(search->locks, thread);
	struct lock_thread *waker;
	unsigned known = 0;

	for (; (waker = past_waker(search, lock, thread, known)); known++)
		push(search, waker, NULL, from, true);
	for (size_t i = 0; !known && search->anybody && i < threads->count; i++)
		if (threads->items[i] != thread && threads->items[i]->stuck)
			push(search, threads->items[i], NULL, from, true);
}

/* Those that this stuck thread waits for. */
static void push_blockers(struct wait_search *search, const struct lock_thread *thread, size_t from)
{
	const struct lock_wait *wait = &thread->wait;
	struct lock_thread *joined;
	const struct lock *lock;

	if (!thread->stuck)
		return;
	if (wait->kind == RT_KIND_THREAD) {
		joined = lock_threads_find(&search->locks->threads, wait->target);
		if (joined && !joined->ended)
			push(search, joined, NULL, from, false);
	} else if (!owned_kind(wait->kind)) {
		push_wakers(search, thread, from);
	} else if ((lock = wanted_lock(search->locks, thread))) {
		if (lock->result.owner)
			push_owner(search, lock, thread, from);
		else if (lock->holders && !(wait->flags & RT_SYNC_SHARED))
			push_readers(search, lock, from);
	}
}

/* Breadth first: the index of the step that is back at the start by the shortest way, 0 where there is none.
 * Step 0 is the start itself. */
static size_t search_back(struct wait_search *search, struct lock_thread *start)
{
	search->count = 0;
	u64_map_free(&search->seen);
	push(search, start, NULL, 0, false);
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

/* Whether what is inferred in the cycle is tied to a lock that is held. */
static bool is_tied(const struct wait_search *search, size_t last)
{
	bool inferred = false, held = false;

	for (size_t i = last; i; i = search->steps[i].from) {
		inferred |= search->steps[i].inferred;
		held |= search->steps[i].held != NULL;
	}
	return !inferred || held;
}

/* ---- report -------------------------------------------------------------------------- */

static struct finding_object wanted_object(const struct lock_analysis *locks,
                                           const struct lock_thread *thread)
{
	const struct lock *lock = thread->wait.kind == RT_KIND_THREAD ? NULL : waited_for(locks, thread);

	if (lock)
		return deadlock_object(lock);
	return (struct finding_object){.kind = thread->wait.kind, .address = thread->wait.object};
}

/* Where the thread last did what another waits for is not kept: where it was made says who it is. */
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
	    .inferred = step->inferred,
	    .wanted_shared = owned_kind(thread->wait.kind) && thread->wait.flags & RT_SYNC_SHARED,
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

static void describe_cycle(struct finding *finding, bool inferred)
{
	const char *conclusion = inferred ? ", as far as past signals and posts tell" : "";

	if (finding->edge_count == 1)
		finding_message(finding, "a thread waits for ever for %s",
		                finding->edges[0].wanted.kind == RT_KIND_THREAD
		                    ? "itself"
		                    : "a lock that it holds itself");
	else if (finding->edge_count == 2)
		finding_message(finding, "two threads wait for each other for ever%s", conclusion);
	else
		finding_message(finding, "%zu threads wait for each other for ever, in a ring%s",
		                finding->edge_count, conclusion);
}

static void report_cycle(const struct wait_search *search, size_t last, struct finding_list *findings,
                         struct u64_map *in_cycle, struct u64_map *reported)
{
	struct finding *finding = finding_add(findings, "deadlock", "realised");
	bool inferred = false;

	for (size_t i = last; i; i = search->steps[i].from) {
		add_edge(finding, search, &search->steps[i]);
		inferred |= search->steps[i].inferred;
		u64_map_put(in_cycle, search->steps[i].thread->id, 1);
	}
	/* The way back was followed: turn it round, so that each edge's wanted lock is the next one's held
	 * lock. */
	for (size_t i = 0, j = finding->edge_count - 1; i < j; i++, j--) {
		struct finding_edge swap = finding->edges[i];

		finding->edges[i] = finding->edges[j];
		finding->edges[j] = swap;
	}
	describe_cycle(finding, inferred);
	mark_reported(finding, reported);
}

/* Whether there was one. */
static bool report_cycles(struct wait_search *search, bool all, struct finding_list *findings,
                          struct u64_map *in_cycle, struct u64_map *reported)
{
	const struct lock_threads *threads = &search->locks->threads;
	bool any = false;

	for (size_t i = 0; i < threads->count; i++) {
		struct lock_thread *thread = threads->items[i];
		size_t last;

		if (!thread->stuck || u64_map_get(in_cycle, thread->id))
			continue;
		last = search_back(search, thread);
		if (!last || !(all || is_tied(search, last)))
			continue;
		report_cycle(search, last, findings, in_cycle, reported);
		any = true;
	}
	return any;
}

/* ---- nobody goes on ---------------------------------------------------------------------- */

static void add_sleeper(struct finding *finding, const struct lock_analysis *locks,
                        const struct lock_thread *thread)
{
	struct finding_object object = wanted_object(locks, thread);
	char label[96];

	snprintf(label, sizeof label, "waits for a %s here", event_kind_name(thread->wait.kind));
	finding_add_stack(finding, label, thread->id, thread->wait.since, thread->wait.stack);
	finding_add_thread(finding, thread->id);
	if (object.kind != RT_KIND_THREAD)
		finding_add_object(finding, object.kind, object.address, object.generation,
		                   object.created_stack);
}

static void report_all_asleep(const struct wait_search *search, struct finding_list *findings)
{
	const struct lock_threads *threads = &search->locks->threads;
	struct finding *finding = finding_add(findings, "deadlock", "realised");
	size_t count = 0;

	for (size_t i = 0; i < threads->count; i++)
		if (threads->items[i]->stuck && count++ < MAX_SHOWN)
			add_sleeper(finding, search->locks, threads->items[i]);
	if (count == 1)
		finding_message(finding, "the only thread is blocked and nothing can wake it");
	else
		finding_message(finding, "all threads are blocked and nothing can wake them");
}

/* A thread that waits for a lock of a thread that has ended. */
static void report_orphans(const struct wait_search *search, struct finding_list *findings,
                           const struct u64_map *in_cycle)
{
	const struct lock_threads *threads = &search->locks->threads;

	for (size_t i = 0; i < threads->count; i++) {
		const struct lock_thread *thread = threads->items[i], *owner;
		const struct lock *lock = thread->stuck ? wanted_lock(search->locks, thread) : NULL;
		struct finding *finding;

		if (!lock || u64_map_get(in_cycle, thread->id))
			continue;
		owner = lock_threads_find(&search->locks->threads, lock->result.owner);
		if (!owner || !owner->ended)
			continue;
		finding = finding_add(findings, "deadlock", "realised");
		add_sleeper(finding, search->locks, thread);
		finding_add_stack(finding, "locked here, by a thread that has ended", owner->id,
		                  holds(owner, lock)->since, holds(owner, lock)->stack);
		finding_message(finding, "a thread waits for ever for a lock whose owner has ended");
	}
}

void deadlock_realised(struct lock_analysis *locks, const struct deadlock_world *world,
                       struct finding_list *findings, struct u64_map *reported)
{
	struct wait_search search = {.locks = locks, .world = world};
	struct u64_map in_cycle = {0};
	bool any, asleep;

	find_stuck(&search, true);
	any = report_cycles(&search, false, findings, &in_cycle, reported);
	if (!world->exited)
		report_orphans(&search, findings, &in_cycle);
	find_stuck(&search, false);
	asleep = !search.going_on && !world->strangers && !world->exited;
	if (asleep && locks->threads.count) {
		any |= report_cycles(&search, true, findings, &in_cycle, reported);
		search.anybody = true;
		any |= report_cycles(&search, false, findings, &in_cycle, reported);
		if (!any)
			report_all_asleep(&search, findings);
	}
	u64_map_free(&search.seen);
	u64_map_free(&in_cycle);
	free(search.steps);
}

/* ---- from moment to moment ------------------------------------------------------------------- */

uint64_t deadlock_moment(const struct finding *finding)
{
	uint64_t moment = finding->edge_count + 1;

	for (size_t i = 0; i < finding->edge_count; i++)
		moment += u64_mix(finding->edges[i].thread + u64_mix(finding->edges[i].wanted_at));
	for (size_t i = 0; i < finding->stack_count; i++)
		moment += u64_mix(finding->stacks[i].thread + u64_mix(finding->stacks[i].stamp + 1));
	return moment;
}

void deadlock_keep(struct lock_analysis *locks, struct finding finding)
{
	*finding_add(&locks->kept, finding.kind, finding.class) = finding;
}

static bool is_there(const struct finding_list *findings, const struct finding *kept)
{
	for (size_t i = 0; i < findings->count; i++)
		if (deadlock_moment(&findings->items[i]) == deadlock_moment(kept))
			return true;
	return false;
}

/* Threads are the same in one that grew, as by a third thread that came to wait for the other two: it is told once. */
void deadlock_report_kept(struct lock_analysis *locks, struct finding_list *findings, struct u64_map *reported)
{
	for (size_t i = 0; i < locks->kept.count; i++) {
		struct finding *kept = &locks->kept.items[i];

		if (is_there(findings, kept))
			continue;
		mark_reported(kept, reported);
		*finding_add(findings, kept->kind, kept->class) = *kept;
		*kept = (struct finding){0};
	}
}
