#include "tools/analyse/locks/wait_search.h"

#include <pthread.h>
#include <stdlib.h>

#include "tools/analyse/locks/shared_memory.h"
#include "tools/base/memory.h"

/* True if locking it again never blocks its owner. */
static bool relock_fails(const struct lock *lock)
{
	return lock->init_seen && lock->result.kind == RT_KIND_MUTEX &&
	       (lock->init_type == PTHREAD_MUTEX_RECURSIVE || lock->init_type == PTHREAD_MUTEX_ERRORCHECK);
}

static bool waits_for_shared(const struct lock_thread *thread) { return thread->wait.flags & RT_SYNC_PSHARED; }

bool wait_search_is_shared(const struct waiter *waiter) { return waits_for_shared(waiter->thread); }

struct lock *wait_search_object(const struct waiter *waiter)
{
	const struct lock_wait *wait = &waiter->thread->wait;

	return lock_table_find(&waiter->home->locks->table, wait->object, wait->kind);
}

const struct lock *wait_search_lock(const struct waiter *waiter)
{
	return event_kind_is_owned(waiter->thread->wait.kind) ? wait_search_object(waiter) : NULL;
}

const struct held_lock *wait_search_holds(const struct lock_thread *thread, const struct lock *lock)
{
	const struct held_lock *held = held_find(thread, lock->result.address);

	return held && held->lock == lock ? held : NULL;
}

/* ---- threads and objects over all processes ------------------------------------------------- */

/* The waiter of a thread; NULL: the process does not know the thread. */
static struct waiter *waiter_of(const struct wait_search *search, const struct deadlock_process *process,
                                uint32_t thread)
{
	uint32_t found = id_index_get(&process->locks->threads.by_id, thread);

	return found ? &search->waiters[search->first[process - search->processes] + found - 1] : NULL;
}

/* The object that the thread waits for, as this process knows it; NULL: this process does not know it. */
static const struct lock *instance_of(const struct waiter *waiter, const struct deadlock_process *process)
{
	const struct lock_wait *wait = &waiter->thread->wait;
	uint64_t address;

	if (wait->kind == RT_KIND_THREAD || (process != waiter->home && !wait_search_is_shared(waiter)))
		return NULL;
	if (process == waiter->home)
		return wait_search_object(waiter);
	address = shared_memory_same(waiter->home->memory, wait->object, process->memory);
	return address ? lock_table_find(&process->locks->table, address, wait->kind) : NULL;
}

/* The exclusive owner of the lock that this thread wants; if two threads seem to own it, the latest. */
static struct waiter *owner_of(const struct wait_search *search, const struct waiter *waiter,
                               const struct held_lock **held)
{
	struct waiter *found = NULL;

	*held = NULL;
	for (size_t i = 0; i < search->process_count; i++) {
		const struct lock *lock = instance_of(waiter, &search->processes[i]);
		struct waiter *owner =
		    lock && lock->result.owner ? waiter_of(search, &search->processes[i], lock->result.owner) : NULL;
		const struct held_lock *holding = owner ? wait_search_holds(owner->thread, lock) : NULL;

		if (!holding || (*held && holding->since < (*held)->since))
			continue;
		found = owner;
		*held = holding;
	}
	return found;
}

static struct waiter *joined_by(const struct wait_search *search, const struct waiter *waiter)
{
	return waiter_of(search, waiter->home, waiter->thread->wait.target);
}

/* ---- which threads are stuck ------------------------------------------------------------------ */

/* A thread that ends wakes the threads that join it, and no others. */
static bool goes_on(const struct waiter *waiter) { return waiter && !waiter->thread->ended && !waiter->stuck; }

static bool lives(const struct lock_thread *thread) { return !thread->ended && thread->started; }

/* The nth past waker in this process; counts nth down by the number of wakers there. */
static struct waiter *past_waker_in(const struct wait_search *search, const struct deadlock_process *process,
                                    const struct lock *lock, const struct waiter *waiter, unsigned *nth)
{
	const struct sync_state *state = lock ? lock->sync : NULL;

	for (uint32_t i = 0; state && i < state->waker_count && i < WAKERS_KNOWN; i++) {
		struct waiter *waker = waiter_of(search, process, state->wakers[i]);

		if (waker && waker != waiter && lives(waker->thread) && (*nth)-- == 0)
			return waker;
	}
	return NULL;
}

static bool wakers_are_known(const struct wait_search *search, const struct waiter *waiter)
{
	for (size_t i = 0; i < search->process_count; i++) {
		const struct lock *lock = instance_of(waiter, &search->processes[i]);

		if (lock && lock->sync && lock->sync->waker_count > WAKERS_KNOWN)
			return false;
	}
	return true;
}

/* The nth living thread that ended waits for this thread's object before; NULL: there are no more. */
static struct waiter *past_waker(const struct wait_search *search, const struct waiter *waiter, unsigned nth)
{
	struct waiter *waker = NULL;

	if (!wakers_are_known(search, waiter))
		return NULL;
	for (size_t i = 0; i < search->process_count && !waker; i++) {
		const struct deadlock_process *process = &search->processes[i];

		waker = past_waker_in(search, process, instance_of(waiter, process), waiter, &nth);
	}
	return waker;
}

static bool any_past_waker_goes_on(const struct wait_search *search, const struct waiter *waiter)
{
	const struct waiter *waker;

	for (unsigned i = 0; (waker = past_waker(search, waiter, i)); i++)
		if (goes_on(waker))
			return true;
	return false;
}

static bool woken_by_any_thread(const struct wait_search *search, const struct waiter *waiter)
{
	const struct lock_wait *wait = &waiter->thread->wait;
	const struct deadlock_evidence *evidence = waiter->home->evidence;
	bool by_handler = wait->kind == RT_KIND_SEM || wait->kind == RT_KIND_FUTEX;

	if (wait->since > evidence->settled)
		return true;
	if (search->inferring && past_waker(search, waiter, 0))
		return any_past_waker_goes_on(search, waiter);
	return wait_search_is_shared(waiter) || search->going_on || evidence->strangers ||
	       (by_handler && evidence->handlers);
}

static bool readers_go_on(const struct wait_search *search, size_t process, const struct lock *lock)
{
	size_t end = process + 1 < search->process_count ? search->first[process + 1] : search->waiter_count;

	for (size_t i = search->first[process]; lock && i < end; i++) {
		const struct waiter *reader = &search->waiters[i];

		if (reader->thread->count && wait_search_holds(reader->thread, lock) && !goes_on(reader))
			return false;
	}
	return true;
}

static bool all_readers_go_on(const struct wait_search *search, const struct waiter *waiter)
{
	for (size_t i = 0; i < search->process_count; i++)
		if (!readers_go_on(search, i, instance_of(waiter, &search->processes[i])))
			return false;
	return true;
}

/* True if `other` waits to write what `waiter` waits to read, and the lock lets it go first.  A reader waits at such a
 * lock only if a writer came before it.  A writer with a time-out gives up. */
static bool is_ahead(const struct waiter *waiter, const struct waiter *other)
{
	const struct lock_wait *wait = &other->thread->wait;
	const struct lock *lock;

	if (!wait->active || wait->kind != RT_KIND_RWLOCK || wait->since >= waiter->thread->wait.since ||
	    wait->flags & (RT_SYNC_SHARED | RT_SYNC_TRY | RT_SYNC_TIMED))
		return false;
	lock = instance_of(waiter, other->home);
	return lock && lock_lets_writers_first(lock) && lock->result.address == wait->object;
}

static bool all_writers_go_on(const struct wait_search *search, const struct waiter *reader)
{
	for (size_t i = 0; i < search->waiter_count; i++)
		if (is_ahead(reader, &search->waiters[i]) && !goes_on(&search->waiters[i]))
			return false;
	return true;
}

static bool lock_comes_free(const struct wait_search *search, const struct waiter *waiter)
{
	const struct lock *lock = wait_search_lock(waiter);
	const struct held_lock *held;
	const struct waiter *owner;

	if (!lock)
		return true;
	owner = owner_of(search, waiter, &held);
	if (!owner && fork_locks_block(waiter->home->locks, waiter->thread, lock))
		return false;
	if (!owner && waiter->thread->wait.flags & RT_SYNC_SHARED)
		return lock->result.owner || all_writers_go_on(search, waiter);
	if (!owner)
		return lock->result.owner || all_readers_go_on(search, waiter);
	if (owner == waiter && relock_fails(lock))
		return true;
	if (owner->thread->ended)
		return lock->maybe_foreign || (lock->init_seen && lock->init_flags & RT_INIT_ROBUST);
	return goes_on(owner);
}

/* True if `other` waits in what `destroyer` destroys. */
static bool is_inside(const struct waiter *destroyer, const struct waiter *other)
{
	const struct lock_wait *wait = &other->thread->wait, *destruction = &destroyer->thread->wait;

	return other != destroyer && other->home == destroyer->home && wait->active &&
	       wait->kind == destruction->kind && wait->object == destruction->object && !lock_wait_is_to_leave(wait);
}

/* A thread that was signalled, or whose round is complete, leaves the object: only what is certainly blocked counts. */
static bool all_leave(const struct wait_search *search, const struct waiter *destroyer)
{
	const struct lock *lock = wait_search_object(destroyer);
	const struct sync_state *state = lock ? lock->sync : NULL;

	if (!state || !(lock->result.kind == RT_KIND_BARRIER ? state->arrivals : state->blocked))
		return true;
	for (size_t i = 0; i < search->waiter_count; i++)
		if (is_inside(destroyer, &search->waiters[i]) && !goes_on(&search->waiters[i]))
			return false;
	return true;
}

static bool can_end(const struct wait_search *search, const struct waiter *waiter)
{
	uint8_t kind = waiter->thread->wait.kind;
	const struct waiter *joined;

	if (event_kind_is_owned(kind))
		return lock_comes_free(search, waiter);
	if (lock_wait_is_to_leave(&waiter->thread->wait))
		return all_leave(search, waiter);
	if (kind != RT_KIND_THREAD)
		return woken_by_any_thread(search, waiter);
	joined = joined_by(search, waiter);
	return !joined || joined->thread->ended || goes_on(joined);
}

static bool is_blocked(const struct waiter *waiter)
{
	const struct lock_thread *thread = waiter->thread;
	const struct lock_wait *wait = &thread->wait;
	const struct deadlock_evidence *evidence = waiter->home->evidence;

	return lives(thread) && wait->active && wait->since <= evidence->before &&
	       !u64_map_get(&evidence->awake, thread->id) && !(wait->flags & (RT_SYNC_TRY | RT_SYNC_TIMED)) &&
	       (!waits_for_shared(thread) || waiter->home->memory);
}

void wait_search_init(struct wait_search *search, const struct deadlock_process *processes, size_t count)
{
	size_t threads = 0;

	*search = (struct wait_search){.processes = processes, .process_count = count};
	for (size_t i = 0; i < count; i++)
		threads += processes[i].locks->threads.count;
	search->waiters = memory_zeroed(threads + 1, sizeof *search->waiters);
	search->first = memory_zeroed(count + 1, sizeof *search->first);
	for (size_t i = 0; i < count; i++) {
		const struct lock_threads *of_process = &processes[i].locks->threads;

		search->first[i] = search->waiter_count;
		for (size_t k = 0; k < of_process->count; k++)
			search->waiters[search->waiter_count++] =
			    (struct waiter){.thread = of_process->items[k], .home = &processes[i]};
	}
}

void wait_search_free(struct wait_search *search)
{
	free(search->waiters);
	free(search->first);
	free(search->steps);
	*search = (struct wait_search){0};
}

void wait_search_find_stuck(struct wait_search *search, bool inferring)
{
	bool changed = true;

	search->inferring = inferring;
	search->going_on = 0;
	for (size_t i = 0; i < search->waiter_count; i++) {
		struct waiter *waiter = &search->waiters[i];

		waiter->stuck = is_blocked(waiter);
		search->going_on += lives(waiter->thread) && !waiter->stuck;
	}
	while (changed) {
		changed = false;
		for (size_t i = 0; i < search->waiter_count; i++) {
			struct waiter *waiter = &search->waiters[i];

			if (!waiter->stuck || !can_end(search, waiter))
				continue;
			waiter->stuck = false;
			search->going_on++;
			changed = true;
		}
	}
}

/* ---- cycles --------------------------------------------------------------------------- */

static void push(struct wait_search *search, struct waiter *waiter, const struct held_lock *held, size_t from,
                 bool inferred)
{
	GROW(search->steps, search->step_room, search->step_count + 1);
	search->steps[search->step_count++] = (struct wait_step){waiter, held, from, inferred, false};
}

static void push_readers(struct wait_search *search, const struct waiter *waiter, size_t from)
{
	for (size_t i = 0; i < search->waiter_count; i++) {
		struct waiter *reader = &search->waiters[i];
		const struct lock *lock = reader->thread->count ? instance_of(waiter, reader->home) : NULL;
		const struct held_lock *held = lock ? wait_search_holds(reader->thread, lock) : NULL;

		if (held)
			push(search, reader, held, from, false);
	}
}

static void push_writers_ahead(struct wait_search *search, const struct waiter *reader, size_t from)
{
	for (size_t i = 0; i < search->waiter_count; i++) {
		if (!is_ahead(reader, &search->waiters[i]))
			continue;
		push(search, &search->waiters[i], NULL, from, false);
		search->steps[search->step_count - 1].ahead = true;
	}
}

/* Pushes the owner of the lock, or the readers that keep a writer out, or the writers that keep a reader out. */
static void push_holders(struct wait_search *search, const struct waiter *waiter, size_t from)
{
	const struct lock *lock = wait_search_lock(waiter);
	const struct held_lock *held;
	struct waiter *owner = lock ? owner_of(search, waiter, &held) : NULL;

	if (owner && !(owner == waiter && relock_fails(lock)))
		push(search, owner, held, from, false);
	else if (lock && !owner && waiter->thread->wait.flags & RT_SYNC_SHARED)
		push_writers_ahead(search, waiter, from);
	else if (lock && !owner)
		push_readers(search, waiter, from);
}

static void push_inside(struct wait_search *search, const struct waiter *destroyer, size_t from)
{
	for (size_t i = 0; i < search->waiter_count; i++)
		if (is_inside(destroyer, &search->waiters[i]))
			push(search, &search->waiters[i], NULL, from, false);
}

static void push_wakers(struct wait_search *search, const struct waiter *waiter, size_t from)
{
	struct waiter *waker;
	unsigned known = 0;

	for (; (waker = past_waker(search, waiter, known)); known++)
		push(search, waker, NULL, from, true);
	if (known || !search->anybody)
		return;
	for (size_t i = 0; i < search->waiter_count; i++)
		if (&search->waiters[i] != waiter && search->waiters[i].stuck)
			push(search, &search->waiters[i], NULL, from, true);
}

/* Pushes the threads that this stuck thread waits for. */
static void push_blockers(struct wait_search *search, const struct waiter *waiter, size_t from)
{
	uint8_t kind = waiter->thread->wait.kind;
	struct waiter *joined;

	if (!waiter->stuck)
		return;
	if (kind == RT_KIND_THREAD) {
		joined = joined_by(search, waiter);
		if (joined && !joined->thread->ended)
			push(search, joined, NULL, from, false);
	} else if (event_kind_is_owned(kind)) {
		push_holders(search, waiter, from);
	} else if (lock_wait_is_to_leave(&waiter->thread->wait)) {
		push_inside(search, waiter, from);
	} else {
		push_wakers(search, waiter, from);
	}
}

size_t wait_search_back(struct wait_search *search, struct waiter *start)
{
	search->step_count = 0;
	for (size_t i = 0; i < search->waiter_count; i++)
		search->waiters[i].seen = false;
	push(search, start, NULL, 0, false);
	push_blockers(search, start, 0);
	for (size_t i = 1; i < search->step_count; i++) {
		struct waiter *waiter = search->steps[i].waiter;

		if (waiter == start)
			return i;
		if (waiter->seen)
			continue;
		waiter->seen = true;
		push_blockers(search, waiter, i);
	}
	return 0;
}
