/*
 * Checks on condition variables, semaphores and barriers.
 *
 * It is not known exactly which threads are blocked: a signal is recorded before it is sent, and a woken thread records
 * its return only when it has the mutex again.  sync_state counts the threads that are certainly blocked: if a signal
 * may have reached a waiter, that waiter no longer counts.
 */
#include <stdlib.h>
#include <string.h>

#include "tools/analyse/heap/heap.h"
#include "tools/analyse/locks/lock_checks.h"
#include "tools/base/memory.h"

#define STACK_LEAST 16384u /* PTHREAD_STACK_MIN: no thread runs on a smaller stack */

static void blocks(struct sync_state *state, const struct event *event)
{
	state->blocked++;
	state->thread = event->thread;
	state->stack = event->stack;
	state->since = event->stamp;
}

static void unblocks(struct sync_state *state)
{
	if (state->woken)
		state->woken--;
	else if (state->blocked)
		state->blocked--;
}

/* ---- waits with a time-out ---------------------------------------------------------------------
 *
 * Such a wait certainly lasts until its time-out, if no call came that may have ended it.  It is over a little earlier
 * than its record says, as the record is written after the time is taken. */
#define TIME_OUT_MARGIN UINT64_C(10000000) /* nanoseconds */

/* The thread that waits for the event's object with a time-out and is certainly blocked; NULL: there is none. */
static const struct timed_wait *timed_waiter(const struct check *check, const struct sync_state *state)
{
	const struct timed_wait *timed = &state->timed;
	const struct lock_thread *thread =
	    timed->ns && timed->since > state->roused ? lock_threads_find(&check->locks->threads, timed->thread) : NULL;
	uint64_t lasted = ring_file_ns(check->locks->ring, check->event->stamp - timed->since);

	if (!thread || thread->ended || !thread->wait.active || thread->wait.since != timed->since)
		return NULL;
	return lasted + lasted / 1024 + TIME_OUT_MARGIN < timed->ns ? timed : NULL;
}

static void blocks_until(const struct check *check, struct sync_state *state, uint64_t ns, uint64_t mutex)
{
	const struct event *event = check->event;
	const struct timed_wait *other = timed_waiter(check, state);

	if (!other || ns > other->ns - ring_file_ns(check->locks->ring, event->stamp - other->since))
		state->timed = (struct timed_wait){event->thread, event->stack, event->stamp, ns, mutex};
}

/* ---- conditions ------------------------------------------------------------------------------- */

static void wake(struct sync_state *state, const struct event *event, bool all)
{
	uint32_t count = all ? state->blocked : state->blocked > 0;

	state->blocked -= count;
	state->woken += count;
	state->roused = event->stamp;
}

/* The signal that the thread's last event announced has been sent by now.  It may have reached threads that began to
 * wait in between. */
static void signal_sent(const struct check *check)
{
	struct lock_thread *thread = check->thread;
	struct lock *cond = lock_table_find(&check->locks->table, thread->signalling.cond, RT_KIND_COND);

	thread->signalling.cond = 0;
	if (cond && cond->sync)
		wake(cond->sync, check->event, thread->signalling.all);
}

static void remember_mutexes(const struct lock_thread *thread, uint64_t *mutexes, size_t room)
{
	size_t count = 0;

	memset(mutexes, 0, room * sizeof *mutexes);
	for (size_t i = thread->count; i > 0 && count < room / 2; i--)
		mutexes[count++] = thread->held[i - 1].lock->result.address;
	for (uint32_t i = 0; i < thread->released_count && i < RELEASED_MUTEXES && count < room; i++)
		mutexes[count++] = thread->released[(thread->released_count - 1 - i) % RELEASED_MUTEXES];
}

/* No thread waited for the signal. */
static void note_wasted(const struct check *check, struct sync_state *state)
{
	state->wasted.thread = check->event->thread;
	state->wasted.stack = check->event->stack;
	state->wasted.stamp = check->event->stamp;
	remember_mutexes(check->thread, state->wasted.mutexes,
	                 sizeof state->wasted.mutexes / sizeof *state->wasted.mutexes);
}

static void check_signal(const struct check *check)
{
	const struct event *event = check->event;
	struct sync_state *state;

	check->thread->signalling.cond = event->object;
	check->thread->signalling.all = event->type == RT_BROADCAST;
	state = lock_sync(lock_table_get(&check->locks->table, event->object, event->kind, event->stack));
	if (state->blocked || state->woken)
		state->wasted.stamp = 0;
	else
		note_wasted(check, state);
	wake(state, event, event->type == RT_BROADCAST);
	check->thread->released_count = 0;
}

static void note_two_mutexes(const struct check *check, uint32_t thread, uint64_t since, uint32_t stack)
{
	struct sync_misuse misuse =
	    check_misuse(check, FINDING_MISUSE_COND_TWO_MUTEXES,
	                 "threads wait for one condition variable at the same time with different mutexes",
	                 "waits here with one mutex");

	misuse_add(&misuse, "waits here with another mutex", thread, since, stack);
	check_note(check, &misuse);
}

static void check_two_mutexes(const struct check *check, const struct sync_state *state, uint64_t mutex)
{
	const struct timed_wait *timed = timed_waiter(check, state);

	if (state->blocked && state->mutex && state->mutex != mutex)
		note_two_mutexes(check, state->thread, state->since, state->stack);
	else if (timed && timed->mutex && timed->mutex != mutex)
		note_two_mutexes(check, timed->thread, timed->since, timed->stack);
}

/* Another thread holds the mutex; or no known thread does, although every call on it was recorded. */
static void check_mutex_held(const struct check *check, uint64_t mutex)
{
	const struct lock *lock = lock_table_find(&check->locks->table, mutex, RT_KIND_MUTEX);
	const struct held_lock *held = held_find(check->thread, mutex);

	if ((held && held->lock == lock) || !mutex)
		return;
	if ((check->locks->forked && !(lock && lock->result.acquisitions)) || (lock && lock->maybe_foreign))
		return;
	if (check_may_hold_unseen(check, lock))
		return;
	struct sync_misuse misuse =
	    check_misuse(check, FINDING_MISUSE_COND_WAIT_MUTEX_NOT_HELD,
	                 "a thread waits for a condition variable with a mutex that it does not hold", "waits here");
	if (lock)
		misuse.object = check_object(lock);
	check_note(check, &misuse);
}

static void check_cond_wait(const struct check *check)
{
	const struct event *event = check->event;
	uint64_t mutex = event->arg & RT_OBJECT_MASK;
	struct lock *lock = check->lock;
	struct sync_state *state;

	check_mutex_held(check, mutex);
	if (!lock)
		lock = lock_table_get(&check->locks->table, event->object, event->kind, event->stack);
	lock->maybe_foreign |= (event->flags & RT_SYNC_PSHARED) != 0;
	state = lock_sync(lock);
	if (!lock->maybe_foreign)
		check_two_mutexes(check, state, mutex);
	if (event->flags & RT_SYNC_TIMED) {
		blocks_until(check, state, event->arg2, mutex);
		return;
	}
	if (!state->blocked || state->mutex == mutex)
		state->mutex = mutex;
	blocks(state, event);
}

/* True if the wait that has ended was counted in sync_state. */
static bool counted(const struct check *check)
{
	const struct lock_wait *wait = &check->thread->wait;

	return check->lock && check->lock->sync && wait->active && wait->object == check->event->object &&
	       wait->kind == check->event->kind && !(wait->flags & RT_SYNC_TIMED);
}

static void note_waiters(const struct check *check, enum finding_class class, const char *message, const char *label)
{
	const struct sync_state *state = check->lock->sync;
	const struct timed_wait *timed = state->blocked ? NULL : timed_waiter(check, state);
	struct sync_misuse misuse = check_misuse(check, class, message, label);

	if (timed)
		misuse_add(&misuse, "waits here", timed->thread, timed->since, timed->stack);
	else
		misuse_add(&misuse, "waits here", state->thread, state->since, state->stack);
	check_note(check, &misuse);
}

static bool is_ours(const struct check *check)
{
	return check->lock && check->lock->sync && !check->lock->maybe_foreign;
}

/* A destruction has one event, or two where it waits until threads have left the object: the wait is judged then. */
static bool begins_destruction(const struct check *check)
{
	const struct lock_wait *wait = &check->thread->wait;

	if (check->event->type == RT_WAIT)
		return check->event->flags & RT_SYNC_LEAVE;
	return check->event->type == RT_DESTROY &&
	       !(lock_wait_is_to_leave(wait) && wait->object == check->event->object);
}

static void cond_event(const struct check *check)
{
	switch (check->event->type) {
	case RT_SIGNAL:
	case RT_BROADCAST:
		check_signal(check);
		break;
	case RT_COND_WAIT:
		check_cond_wait(check);
		break;
	case RT_COND_WAKE:
		if (counted(check))
			unblocks(check->lock->sync);
		check_error(check);
		break;
	case RT_DESTROY:
	case RT_WAIT:
		if (begins_destruction(check) && is_ours(check) &&
		    (check->lock->sync->blocked || timed_waiter(check, check->lock->sync)))
			note_waiters(check, FINDING_MISUSE_COND_DESTROY_WAITERS,
			             "a condition variable is destroyed while a thread waits for it", "destroyed here");
		break;
	default:
		break;
	}
}

/* ---- semaphores ---------------------------------------------------------------------------------- */

/* True for the end of a wait that a post ended before the semaphore was destroyed. */
static bool ends_wait(const struct check *check)
{
	const struct lock_wait *wait = &check->thread->wait;

	return check->event->type != RT_WAIT && wait->active && wait->object == check->event->object;
}

/* After sem_destroy only sem_init makes a semaphore valid again: there is no static initialiser. */
static void check_dead_sem(const struct check *check)
{
	const struct event *event = check->event;
	struct lock_tombstone tombstone = lock_table_tombstone(&check->locks->table, event->object, RT_KIND_SEM);
	struct sync_misuse misuse;

	if (check->lock || tombstone.how != TOMBSTONE_DESTROYED || ends_wait(check))
		return;
	misuse = check_misuse(check, FINDING_MISUSE_SEM_INVALID, "a semaphore is used after it was destroyed or closed",
	                      "used here");
	misuse_add(&misuse, "destroyed here", tombstone.thread, tombstone.stamp, tombstone.stack);
	check_note(check, &misuse);
}

/* Threads that are certainly blocked. */
static int64_t waiters(const struct check *check, const struct sync_state *state)
{
	return (int64_t)state->blocked + (timed_waiter(check, state) != NULL);
}

static void sem_event(const struct check *check)
{
	const struct event *event = check->event;
	struct sync_state *state = is_ours(check) ? lock_sync(check->lock) : NULL;

	if (event->type != RT_INIT && event->type != RT_DESTROY)
		check_dead_sem(check);
	if (check->lock && check->lock->init_seen && !check->lock->maybe_foreign)
		state = lock_sync(check->lock);
	if (!state)
		return;
	switch (event->type) {
	case RT_WAIT:
		if (event->flags & RT_SYNC_TIMED)
			blocks_until(check, state, event->arg, 0);
		else
			blocks(state, event);
		break;
	case RT_RELEASE:
		state->value++;
		state->roused = event->stamp;
		break;
	case RT_ACQUIRE:
		state->value--;
		/* fall through */
	case RT_FAILED:
		if (event->flags & RT_SYNC_UNLOCK)
			state->value--;
		else if (counted(check))
			unblocks(state);
		break;
	case RT_DESTROY:
		if (waiters(check, state) > (state->value > 0 ? state->value : 0) && check->lock->opens <= 1)
			note_waiters(check, FINDING_MISUSE_SEM_DESTROY_WAITERS,
			             "a semaphore is destroyed while a thread waits for it", "destroyed here");
		break;
	default:
		break;
	}
}

/* ---- barriers --------------------------------------------------------------------------------------- */

/* The barrier that the event is about, if all that was done to it was done by this process, and was seen. */
static struct lock *known_barrier(const struct check *check)
{
	struct lock *lock = check->lock;

	return lock && lock->result.kind == RT_KIND_BARRIER && lock->init_seen && !lock->maybe_foreign ? lock : NULL;
}

/* True if the memory at this address holds one object for as long as no call says otherwise: static data, or a block
 * that is too small for a stack.  Stack frames, stacks in blocks and large pools hold other objects in time. */
static bool memory_is_of_one_object(const struct check *check, uint64_t address)
{
	uint64_t start, size;

	if (ring_file_module_at(check->locks->ring, address, check->event->stamp))
		return true;
	return check->locks->sources.heap && heap_block_around(check->locks->sources.heap, address, &start, &size) &&
	       size < STACK_LEAST;
}

static void check_barrier_init(const struct check *check)
{
	const struct lock *lock = known_barrier(check);
	struct sync_misuse misuse;

	if (!lock || check->event->result)
		return;
	if (lock->sync && lock->sync->arrivals) {
		note_waiters(check, FINDING_MISUSE_BARRIER_REINIT,
		             "a barrier is initialised again while a thread waits at it", "initialised here");
	} else if (memory_is_of_one_object(check, check->event->object)) {
		misuse = check_misuse(check, FINDING_MISUSE_BARRIER_REINIT,
		                      "a barrier is initialised again without pthread_barrier_destroy in between",
		                      "initialised here");
		misuse_add(&misuse, "initialised here before", 0, 0, lock->result.init_stack);
		check_note(check, &misuse);
	}
}

/* What was never initialised, or was destroyed before.  A barrier has no static initialiser. */
static void check_unknown_barrier_destroy(const struct check *check)
{
	const struct event *event = check->event;
	struct lock_tombstone tombstone = lock_table_tombstone(&check->locks->table, event->object, RT_KIND_BARRIER);
	bool again = tombstone.how == TOMBSTONE_DESTROYED;
	struct sync_misuse misuse;

	if (check->locks->forked || check->locks->unseen_until || event->flags & RT_SYNC_PSHARED ||
	    (check->lock && check->lock->maybe_foreign))
		return;
	misuse =
	    check_misuse(check, FINDING_MISUSE_BARRIER_DESTROY_UNINITIALISED,
	                 again ? "a barrier is destroyed again" : "a barrier is destroyed that was never initialised",
	                 "destroyed here");
	if (again)
		misuse_add(&misuse, "destroyed here first", tombstone.thread, tombstone.stamp, tombstone.stack);
	check_note(check, &misuse);
}

static void check_barrier_destroy(const struct check *check)
{
	const struct lock *lock = known_barrier(check);

	if (!lock)
		check_unknown_barrier_destroy(check);
	else if (lock->sync && lock->sync->arrivals)
		note_waiters(check, FINDING_MISUSE_BARRIER_DESTROY_WAITERS,
		             "a barrier is destroyed while a thread waits at it", "destroyed here");
}

static void barrier_event(const struct check *check)
{
	struct lock *lock = known_barrier(check);

	if (check->event->type == RT_INIT) {
		check_barrier_init(check);
	} else if (begins_destruction(check)) {
		check_barrier_destroy(check);
	} else if (check->event->type == RT_WAIT && !(check->event->flags & RT_SYNC_LEAVE) && lock &&
	           lock->init_value) {
		struct sync_state *state = lock_sync(lock);

		blocks(state, check->event);
		state->arrivals = (state->arrivals + 1) % lock->init_value;
	}
}

/* ---- all -------------------------------------------------------------------------------------------- */

void wait_checks_event(const struct check *check)
{
	switch (check->event->kind) {
	case RT_KIND_COND:
		cond_event(check);
		break;
	case RT_KIND_SEM:
		sem_event(check);
		break;
	case RT_KIND_BARRIER:
		barrier_event(check);
		break;
	default:
		break;
	}
}

void wait_checks_signal_sent(const struct check *check)
{
	if (check->thread->signalling.cond)
		signal_sent(check);
}

/* ---- lost wake-ups ------------------------------------------------------------------------------------ */

static bool held_around(const struct sync_state *state, uint64_t mutex)
{
	for (size_t i = 0; i < sizeof state->wasted.mutexes / sizeof *state->wasted.mutexes; i++)
		if (state->wasted.mutexes[i] == mutex)
			return true;
	return false;
}

/*
 * A lost wakeup is suspected if the thread waits for ever, and the last signal came before it began to wait, when no
 * thread waited.  The signalling thread must not have held the mutex at the signal, nor at any time since its signal
 * before.  So it did not change the waiter's condition under the mutex, and the signal could come between the waiter's
 * test and its wait.
 */
static void check_lost_wakeup(struct lock_analysis *locks, struct lock_thread *thread)
{
	const struct lock_wait *wait = &thread->wait;
	struct lock *cond = lock_table_find(&locks->table, wait->object, RT_KIND_COND);
	struct sync_misuse misuse = {
	    .class = FINDING_MISUSE_COND_LOST_WAKEUP,
	    .message = "a thread waits for ever for a condition variable: the last signal came before the "
	               "wait began, from a thread that did not lock the mutex"};

	if (!cond || !cond->sync || !cond->sync->wasted.stamp || wait->flags & (RT_SYNC_TIMED | RT_SYNC_PSHARED) ||
	    cond->sync->wasted.stamp > wait->since || held_around(cond->sync, wait->mutex))
		return;
	misuse.object = check_object(cond);
	misuse_add(&misuse, "waits here", thread->id, wait->since, wait->stack);
	misuse_add(&misuse, "signalled here", cond->sync->wasted.thread, cond->sync->wasted.stamp,
	           cond->sync->wasted.stack);
	sync_misuse_note(&locks->misuses, &misuse);
}

void wait_checks_finish(struct lock_analysis *locks)
{
	for (size_t i = 0; i < locks->threads.count; i++) {
		struct lock_thread *thread = locks->threads.items[i];

		if (!thread->ended && thread->wait.active && thread->wait.kind == RT_KIND_COND &&
		    !lock_wait_is_to_leave(&thread->wait))
			check_lost_wakeup(locks, thread);
	}
}
