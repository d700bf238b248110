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
 *
 * Several processes are searched as one where threads of theirs wait for what lies in memory that they share: such an
 * object has an entry in each process's table, found by the place in the file behind the memory.  Who else may end a wait
 * for it is not known, so only owners and past wakers that are known count.
 */
#include <stdio.h>
#include <stdlib.h>

#include "tools/analyse/locks/deadlock.h"
#include "tools/base/memory.h"

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
	struct deadlock_process *processes;
	size_t process_count;
	bool shared_only; /* only cycles with a wait for a shared object */
	bool inferring;  /* past wakers count as those to come */
	bool anybody;    /* where there are none, every thread does */
	size_t going_on;     /* living threads that are not stuck */
	struct u64_map seen; /* addresses of threads */
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

static bool waits_for_shared(const struct lock_thread *thread) { return thread->wait.flags & RT_SYNC_PSHARED; }

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

/* What the thread waits for, as this process knows it; NULL where it does not. */
static const struct lock *instance_of(const struct lock_thread *thread, const struct deadlock_process *process)
{
	const struct lock_wait *wait = &thread->wait;
	uint64_t address;

	if (wait->kind == RT_KIND_THREAD || (process != thread->home && !waits_for_shared(thread)))
		return NULL;
	if (process == thread->home)
		return waited_for(process->locks, thread);
	address = shared_memory_same(thread->home->memory, wait->object, process->memory);
	return address ? lock_table_find(&process->locks->table, address, wait->kind) : NULL;
}

/* Who holds what the thread wants, for itself alone: the latest, should two seem to. */
static struct lock_thread *owner_of(const struct wait_search *search, const struct lock_thread *thread,
                                    const struct held_lock **held)
{
	struct lock_thread *found = NULL;

	*held = NULL;
	for (size_t i = 0; i < search->process_count; i++) {
		const struct lock *lock = instance_of(thread, &search->processes[i]);
		struct lock_thread *owner =
		    lock && lock->result.owner
		        ? lock_threads_find(&search->processes[i].locks->threads, lock->result.owner)
		        : NULL;
		const struct held_lock *holding = owner ? holds(owner, lock) : NULL;

		if (!holding || (*held && holding->since < (*held)->since))
			continue;
		found = owner;
		*held = holding;
	}
	return found;
}

/* ---- who is stuck ----------------------------------------------------------------------- */

/* A thread that ends wakes those that join it, and nobody else. */
static bool goes_on(const struct lock_thread *thread) { return thread && !thread->ended && !thread->stuck; }

static bool lives(const struct lock_thread *thread) { return !thread->ended && thread->started; }

/* Those of one process; nth counts down over all of them. */
static struct lock_thread *past_waker_in(const struct deadlock_process *process, const struct lock *lock,
                                         const struct lock_thread *waiter, unsigned *nth)
{
	const struct sync_state *state = lock ? lock->sync : NULL;

	for (uint32_t i = 0; state && i < state->waker_count && i < WAKERS_KNOWN; i++) {
		struct lock_thread *waker = lock_threads_find(&process->locks->threads, state->wakers[i]);

		if (waker && waker != waiter && lives(waker) && (*nth)-- == 0)
			return waker;
	}
	return NULL;
}

static bool wakers_are_known(const struct wait_search *search, const struct lock_thread *waiter)
{
	for (size_t i = 0; i < search->process_count; i++) {
		const struct lock *lock = instance_of(waiter, &search->processes[i]);

		if (lock && lock->sync && lock->sync->waker_count > WAKERS_KNOWN)
			return false;
	}
	return true;
}

/* The nth thread that ended waits for what this one waits for before and lives; NULL where there are no more. */
static struct lock_thread *past_waker(const struct wait_search *search, const struct lock_thread *waiter, unsigned nth)
{
	struct lock_thread *waker = NULL;

	if (!wakers_are_known(search, waiter))
		return NULL;
	for (size_t i = 0; i < search->process_count && !waker; i++) {
		const struct deadlock_process *process = &search->processes[i];

		waker = past_waker_in(process, instance_of(waiter, process), waiter, &nth);
	}
	return waker;
}

static bool any_past_waker_goes_on(const struct wait_search *search, const struct lock_thread *waiter)
{
	const struct lock_thread *waker;

	for (unsigned i = 0; (waker = past_waker(search, waiter, i)); i++)
		if (goes_on(waker))
			return true;
	return false;
}

static bool woken_by_anybody(const struct wait_search *search, const struct lock_thread *thread)
{
	bool by_handler = thread->wait.kind == RT_KIND_SEM || thread->wait.kind == RT_KIND_FUTEX;
	const struct deadlock_world *world = thread->home->world;

	if (thread->wait.since > world->settled)
		return true;
	if (search->inferring && past_waker(search, thread, 0))
		return any_past_waker_goes_on(search, thread);
	return waits_for_shared(thread) || search->going_on || world->strangers || (by_handler && world->handlers);
}

static bool readers_go_on(const struct deadlock_process *process, const struct lock *lock)
{
	const struct lock_threads *threads = &process->locks->threads;

	for (size_t i = 0; lock && i < threads->count; i++)
		if (threads->items[i]->count && holds(threads->items[i], lock) && !goes_on(threads->items[i]))
			return false;
	return true;
}

static bool all_readers_go_on(const struct wait_search *search, const struct lock_thread *thread)
{
	for (size_t i = 0; i < search->process_count; i++)
		if (!readers_go_on(&search->processes[i], instance_of(thread, &search->processes[i])))
			return false;
	return true;
}

static bool lock_comes_free(const struct wait_search *search, const struct lock_thread *thread)
{
	const struct lock *lock = wanted_lock(thread->home->locks, thread);
	const struct held_lock *held;
	const struct lock_thread *owner;

	if (!lock)
		return true;
	owner = owner_of(search, thread, &held);
	if (!owner) /* readers keep out writers alone */
		return lock->result.owner || thread->wait.flags & RT_SYNC_SHARED || all_readers_go_on(search, thread);
	if (owner == thread && relock_fails(lock))
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
	joined = lock_threads_find(&thread->home->locks->threads, thread->wait.target);
	return !joined || joined->ended || goes_on(joined);
}

static bool blocked(const struct lock_thread *thread)
{
	const struct lock_wait *wait = &thread->wait;

	return lives(thread) && wait->active && !thread->awake && wait->since <= thread->home->world->before &&
	       !(wait->flags & (RT_SYNC_TRY | RT_SYNC_TIMED)) && (!waits_for_shared(thread) || thread->home->memory);
}

/* Thread by thread over all processes; NULL after the last. */
static struct lock_thread *nth_thread(const struct wait_search *search, size_t *process, size_t *index)
{
	while (*process < search->process_count) {
		const struct lock_threads *threads = &search->processes[*process].locks->threads;

		if (*index < threads->count)
			return threads->items[(*index)++];
		++*process;
		*index = 0;
	}
	return NULL;
}

#define EACH_THREAD(search, thread) \
	for (size_t each_process = 0, each_index = 0; ((thread) = nth_thread(search, &each_process, &each_index));)

static void begin_search(struct wait_search *search, bool inferring)
{
	struct lock_thread *thread;

	search->inferring = inferring;
	search->going_on = 0;
	for (size_t i = 0; i < search->process_count; i++)
		for (size_t j = 0; j < search->processes[i].locks->threads.count; j++)
			search->processes[i].locks->threads.items[j]->home = &search->processes[i];
	EACH_THREAD(search, thread) {
		thread->stuck = blocked(thread);
		search->going_on += lives(thread) && !thread->stuck;
	}
}

/* From all that are blocked, those are taken out whose wait can end, until there are no more. */
static void find_stuck(struct wait_search *search, bool inferring)
{
	struct lock_thread *thread;
	bool changed = true;

	begin_search(search, inferring);
	while (changed) {
		changed = false;
		EACH_THREAD(search, thread) {
			if (!thread->stuck || !can_end(search, thread))
				continue;
			thread->stuck = false;
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

static void push_readers(struct wait_search *search, const struct lock_thread *waiter, size_t from)
{
	struct lock_thread *thread;

	EACH_THREAD(search, thread) {
		const struct lock *lock = thread->count ? instance_of(waiter, thread->home) : NULL;
		const struct held_lock *held = lock ? holds(thread, lock) : NULL;

		if (held)
			push(search, thread, held, from, false);
	}
}

/* Of a lock: its owner, or the readers that keep a writer out. */
static void push_holders(struct wait_search *search, const struct lock_thread *waiter, size_t from)
{
	const struct lock *lock = wanted_lock(waiter->home->locks, waiter);
	const struct held_lock *held;
	struct lock_thread *owner = lock ? owner_of(search, waiter, &held) : NULL;

	if (owner && !(owner == waiter && relock_fails(lock)))
		push(search, owner, held, from, false);
	else if (lock && !owner && !(waiter->wait.flags & RT_SYNC_SHARED))
		push_readers(search, waiter, from);
}

static void push_wakers(struct wait_search *search, const struct lock_thread *thread, size_t from)
{
	struct lock_thread *waker;
	unsigned known = 0;

	for (; (waker = past_waker(search, thread, known)); known++)
		push(search, waker, NULL, from, true);
	if (known || !search->anybody)
		return;
	EACH_THREAD(search, waker)
		if (waker != thread && waker->stuck)
			push(search, waker, NULL, from, true);
}

/* Those that this stuck thread waits for. */
static void push_blockers(struct wait_search *search, const struct lock_thread *thread, size_t from)
{
	const struct lock_wait *wait = &thread->wait;
	struct lock_thread *joined;

	if (!thread->stuck)
		return;
	if (wait->kind == RT_KIND_THREAD) {
		joined = lock_threads_find(&thread->home->locks->threads, wait->target);
		if (joined && !joined->ended)
			push(search, joined, NULL, from, false);
	} else if (owned_kind(wait->kind)) {
		push_holders(search, thread, from);
	} else {
		push_wakers(search, thread, from);
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
		if (u64_map_get(&search->seen, (uintptr_t)thread))
			continue;
		u64_map_put(&search->seen, (uintptr_t)thread, 1);
		push_blockers(search, thread, i);
	}
	return 0;
}

/* Whether the cycle goes through what processes share, if that is asked for. */
static bool is_wanted(const struct wait_search *search, size_t last)
{
	if (!search->shared_only)
		return true;
	for (size_t i = last; i; i = search->steps[i].from)
		if (waits_for_shared(search->steps[i].thread))
			return true;
	return false;
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

static struct finding_object wanted_object(const struct lock_thread *thread)
{
	const struct lock *lock =
	    thread->wait.kind == RT_KIND_THREAD ? NULL : waited_for(thread->home->locks, thread);

	if (lock)
		return deadlock_object(lock);
	return (struct finding_object){.kind = thread->wait.kind, .address = thread->wait.object};
}

/* Where the thread last did what another waits for is not kept: where it was made says who it is. */
static void add_edge(struct finding *finding, const struct deadlock_process *process, const struct wait_search *search,
                     const struct wait_step *step)
{
	const struct lock_thread *thread = step->thread, *before = search->steps[step->from].thread;
	const struct held_lock *held = step->held;
	struct finding_edge *edge = finding_add_edge(finding);

	*edge = (struct finding_edge){
	    .thread = thread->id,
	    .pid = thread->home == process ? 0 : thread->home->pid,
	    .held = wanted_object(before),
	    .wanted = wanted_object(thread),
	    .held_shared = held && held->shared,
	    .inferred = step->inferred,
	    .wanted_shared = owned_kind(thread->wait.kind) && thread->wait.flags & RT_SYNC_SHARED,
	    .held_stack = held ? held->stack : thread->start_stack,
	    .wanted_stack = thread->wait.stack,
	    .held_since = held ? held->since : thread->started,
	    .wanted_at = thread->wait.since,
	};
	if (before->home == process)
		finding_add_object(finding, edge->held.kind, edge->held.address, edge->held.generation,
		                   edge->held.created_stack);
	else
		edge->held.created_stack = RT_STACK_NONE;
	if (thread->home == process)
		finding_add_thread(finding, thread->id);
	else
		edge->wanted.created_stack = RT_STACK_NONE;
}

static void mark_reported(const struct finding *finding, struct u64_map *reported)
{
	uint64_t *pairs = memory_zeroed(finding->edge_count, sizeof *pairs);

	for (size_t i = 0; i < finding->edge_count; i++)
		pairs[i] = (uint64_t)finding->edges[i].held_stack << 32 | finding->edges[i].wanted_stack;
	u64_map_put(reported, deadlock_signature(pairs, finding->edge_count), 1);
	free(pairs);
}

static bool is_of_many(const struct finding *finding)
{
	for (size_t i = 0; i < finding->edge_count; i++)
		if (finding->edges[i].pid)
			return true;
	return false;
}

static void describe_cycle(struct finding *finding, bool inferred)
{
	const char *many = is_of_many(finding) ? " of different processes" : "";
	const char *conclusion = inferred ? ", as far as past signals and posts tell" : "";

	if (finding->edge_count == 1)
		finding_message(finding, "a thread waits for ever for %s",
		                finding->edges[0].wanted.kind == RT_KIND_THREAD
		                    ? "itself"
		                    : "a lock that it holds itself");
	else if (finding->edge_count == 2)
		finding_message(finding, "two threads%s wait for each other for ever%s", many, conclusion);
	else
		finding_message(finding, "%zu threads%s wait for each other for ever, in a ring%s",
		                finding->edge_count, many, conclusion);
}

static void report_cycle_to(struct deadlock_process *process, const struct wait_search *search, size_t last)
{
	struct finding *finding = finding_add(process->findings, "deadlock", "realised");
	bool inferred = false;

	for (size_t i = last; i; i = search->steps[i].from) {
		add_edge(finding, process, search, &search->steps[i]);
		inferred |= search->steps[i].inferred;
	}
	/* The way back was followed: turn it round, so that each edge's wanted lock is the next one's held
	 * lock. */
	for (size_t i = 0, j = finding->edge_count - 1; i < j; i++, j--) {
		struct finding_edge swap = finding->edges[i];

		finding->edges[i] = finding->edges[j];
		finding->edges[j] = swap;
	}
	describe_cycle(finding, inferred);
	mark_reported(finding, process->reported);
}

/* To each process that has a part in it, as a whole. */
static void report_cycle(const struct wait_search *search, size_t last, struct u64_map *in_cycle)
{
	for (size_t p = 0; p < search->process_count; p++) {
		bool has_part = false;

		for (size_t i = last; i; i = search->steps[i].from)
			has_part |= search->steps[i].thread->home == &search->processes[p];
		if (has_part)
			report_cycle_to(&search->processes[p], search, last);
	}
	for (size_t i = last; i; i = search->steps[i].from)
		u64_map_put(in_cycle, (uintptr_t)search->steps[i].thread, 1);
}

/* Whether there was one. */
static bool report_cycles(struct wait_search *search, bool all, struct u64_map *in_cycle)
{
	struct lock_thread *thread;
	bool any = false;

	EACH_THREAD(search, thread) {
		size_t last;

		if (!thread->stuck || u64_map_get(in_cycle, (uintptr_t)thread))
			continue;
		last = search_back(search, thread);
		if (!last || !(all || is_tied(search, last)) || !is_wanted(search, last))
			continue;
		report_cycle(search, last, in_cycle);
		any = true;
	}
	return any;
}

/* ---- nobody goes on ---------------------------------------------------------------------- */

static void add_sleeper(struct finding *finding, const struct lock_thread *thread)
{
	struct finding_object object = wanted_object(thread);
	char label[96];

	snprintf(label, sizeof label, "waits for a %s here", event_kind_name(thread->wait.kind));
	finding_add_stack(finding, label, thread->id, thread->wait.since, thread->wait.stack);
	finding_add_thread(finding, thread->id);
	if (object.kind != RT_KIND_THREAD)
		finding_add_object(finding, object.kind, object.address, object.generation,
		                   object.created_stack);
}

static void report_all_asleep(const struct deadlock_process *process)
{
	const struct lock_threads *threads = &process->locks->threads;
	struct finding *finding = finding_add(process->findings, "deadlock", "realised");
	size_t count = 0;

	for (size_t i = 0; i < threads->count; i++)
		if (threads->items[i]->stuck && count++ < MAX_SHOWN)
			add_sleeper(finding, threads->items[i]);
	if (count == 1)
		finding_message(finding, "the only thread is blocked and nothing can wake it");
	else
		finding_message(finding, "all threads are blocked and nothing can wake them");
}

/* A thread that waits for a lock of a thread that has ended. */
static void report_orphans(const struct deadlock_process *process, const struct u64_map *in_cycle)
{
	const struct lock_threads *threads = &process->locks->threads;

	for (size_t i = 0; i < threads->count; i++) {
		const struct lock_thread *thread = threads->items[i], *owner;
		const struct lock *lock = thread->stuck ? wanted_lock(process->locks, thread) : NULL;
		struct finding *finding;

		if (!lock || u64_map_get(in_cycle, (uintptr_t)thread))
			continue;
		owner = lock_threads_find(threads, lock->result.owner);
		if (!owner || !owner->ended)
			continue;
		finding = finding_add(process->findings, "deadlock", "realised");
		add_sleeper(finding, thread);
		finding_add_stack(finding, "locked here, by a thread that has ended", owner->id,
		                  holds(owner, lock)->since, holds(owner, lock)->stack);
		finding_message(finding, "a thread waits for ever for a lock whose owner has ended");
	}
}

void deadlock_realised(struct lock_analysis *locks, const struct deadlock_world *world,
                       struct finding_list *findings, struct u64_map *reported)
{
	struct deadlock_process process = {
	    .locks = locks, .world = world, .findings = findings, .reported = reported};
	struct wait_search search = {.processes = &process, .process_count = 1};
	struct u64_map in_cycle = {0};
	bool any, asleep;

	find_stuck(&search, true);
	any = report_cycles(&search, false, &in_cycle);
	if (!world->exited)
		report_orphans(&process, &in_cycle);
	find_stuck(&search, false);
	asleep = !search.going_on && !world->strangers && !world->exited;
	if (asleep && locks->threads.count) {
		any |= report_cycles(&search, true, &in_cycle);
		search.anybody = true;
		any |= report_cycles(&search, false, &in_cycle);
		if (!any)
			report_all_asleep(&process);
	}
	u64_map_free(&search.seen);
	u64_map_free(&in_cycle);
	free(search.steps);
}

void deadlock_realised_among(struct deadlock_process *processes, size_t count)
{
	struct wait_search search = {.processes = processes, .process_count = count, .shared_only = true};
	struct u64_map in_cycle = {0};

	find_stuck(&search, true);
	report_cycles(&search, false, &in_cycle);
	u64_map_free(&search.seen);
	u64_map_free(&in_cycle);
	free(search.steps);
}

bool deadlock_may_be_among(const struct lock_analysis *locks, uint64_t before, bool *holds_something)
{
	bool waits = false;

	for (size_t i = 0; i < locks->threads.count; i++) {
		const struct lock_thread *thread = locks->threads.items[i];

		if (thread->ended || !thread->wait.active || thread->wait.since > before)
			continue;
		waits |= waits_for_shared(thread) && !(thread->wait.flags & RT_SYNC_TIMED);
		*holds_something |= thread->count > 0;
	}
	return waits;
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
