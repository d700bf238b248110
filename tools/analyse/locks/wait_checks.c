/*
 * Checks on condition variables, semaphores and barriers.
 *
 * It is not known exactly which threads are blocked: a signal is recorded before it is sent, and a woken thread records
 * its return only when it has the mutex again.  sync_state counts the threads that are certainly blocked: if a signal
 * may have reached a waiter, that waiter no longer counts.
 */
#include <stdlib.h>
#include <string.h>

#include "tools/analyse/locks/lock_checks.h"
#include "tools/base/memory.h"

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

/* ---- conditions ------------------------------------------------------------------------------- */

static void wake(struct sync_state *state, bool all)
{
	uint32_t count = all ? state->blocked : state->blocked > 0;

	state->blocked -= count;
	state->woken += count;
}

/* The signal that the thread's last event announced has been sent by now.  It may have reached threads that began to
 * wait in between. */
static void signal_sent(const struct check *check)
{
	struct lock_thread *thread = check->thread;
	struct lock *cond = lock_table_find(&check->locks->table, thread->signalling.cond, RT_KIND_COND);

	thread->signalling.cond = 0;
	if (cond && cond->sync)
		wake(cond->sync, thread->signalling.all);
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
	wake(state, event->type == RT_BROADCAST);
	check->thread->released_count = 0;
}

static void check_two_mutexes(const struct check *check, const struct sync_state *state, uint64_t mutex)
{
	struct sync_misuse misuse;

	if (!state->blocked || !state->mutex || state->mutex == mutex)
		return;
	misuse = check_misuse(check, FINDING_MISUSE_COND_TWO_MUTEXES,
	                      "threads wait for one condition variable at the same time with different mutexes",
	                      "waits here with one mutex");
	misuse_add(&misuse, "waits here with another mutex", state->thread, state->since, state->stack);
	check_note(check, &misuse);
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
	if (event->flags & RT_SYNC_TIMED)
		return;
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

static void note_waiters(const struct check *check, enum finding_class class, const char *message)
{
	const struct sync_state *state = check->lock->sync;
	struct sync_misuse misuse = check_misuse(check, class, message, "destroyed here");

	misuse_add(&misuse, "waits here", state->thread, state->since, state->stack);
	check_note(check, &misuse);
}

static bool is_ours(const struct check *check)
{
	return check->lock && check->lock->sync && !check->lock->maybe_foreign;
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
		break;
	case RT_DESTROY:
		if (is_ours(check) && check->lock->sync->blocked)
			note_waiters(check, FINDING_MISUSE_COND_DESTROY_WAITERS,
			             "a condition variable is destroyed while a thread waits for it");
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
		if (!(event->flags & RT_SYNC_TIMED))
			blocks(state, event);
		break;
	case RT_RELEASE:
		state->value++;
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
		if ((int64_t)state->blocked > (state->value > 0 ? state->value : 0) && check->lock->opens <= 1)
			note_waiters(check, FINDING_MISUSE_SEM_DESTROY_WAITERS,
			             "a semaphore is destroyed while a thread waits for it");
		break;
	default:
		break;
	}
}

/* ---- barriers --------------------------------------------------------------------------------------- */

static void barrier_event(const struct check *check)
{
	struct sync_state *state;

	if (!check->lock || !check->lock->init_seen || check->lock->maybe_foreign || !check->lock->init_value)
		return;
	state = lock_sync(check->lock);
	if (check->event->type == RT_WAIT) {
		blocks(state, check->event);
		state->arrivals = (state->arrivals + 1) % check->lock->init_value;
	} else if (check->event->type == RT_DESTROY && state->arrivals) {
		note_waiters(check, FINDING_MISUSE_BARRIER_DESTROY_WAITERS,
		             "a barrier is destroyed while a thread waits at it");
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

		if (!thread->ended && thread->wait.active && thread->wait.kind == RT_KIND_COND)
			check_lost_wakeup(locks, thread);
	}
}
