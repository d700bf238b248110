/* Finds the threads that could end the wait of a blocked thread. */
#include <stdlib.h>

#include "tools/analyse/locks/deadlock_parts.h"
#include "tools/base/memory.h"

struct blockers {
	struct blocker *items;
	size_t count, room;
};

static void add(struct blockers *blockers, struct blocker blocker)
{
	GROW(blockers->items, blockers->room, blockers->count + 1);
	blockers->items[blockers->count++] = blocker;
}

static void add_holder(struct blockers *blockers, const struct lock_thread *thread, const struct lock *lock)
{
	const struct held_lock *held = thread && thread->count ? held_find(thread, lock->result.address) : NULL;

	if (held && held->lock == lock)
		add(blockers, (struct blocker){thread->id, held->shared ? BLOCKER_READS : BLOCKER_HOLDS, held->stack,
		                               held->since});
}

/* A reader waits behind these, at a lock that lets writers go first. */
static void add_writers_ahead(struct blockers *blockers, const struct lock_analysis *locks,
                              const struct lock_thread *reader, const struct lock *lock)
{
	for (size_t i = 0; i < locks->threads.count; i++) {
		const struct lock_thread *thread = locks->threads.items[i];
		const struct lock_wait *wait = &thread->wait;

		if (thread != reader && wait->active && wait->kind == RT_KIND_RWLOCK &&
		    wait->object == lock->result.address && !(wait->flags & RT_SYNC_SHARED))
			add(blockers, (struct blocker){thread->id, BLOCKER_AHEAD, wait->stack, wait->since});
	}
}

static void add_holders(struct blockers *blockers, const struct lock_analysis *locks, const struct lock *lock)
{
	const struct lock_threads *threads = &locks->threads;

	if (lock->result.owner) {
		add_holder(blockers, lock_threads_find(threads, lock->result.owner), lock);
		return;
	}
	for (size_t i = 0; lock->holders && i < threads->count; i++)
		add_holder(blockers, threads->items[i], lock);
}

/* Adds the living threads that ended waits for this object before. */
static void add_wakers(struct blockers *blockers, const struct lock_analysis *locks, const struct lock_thread *waiter,
                       const struct sync_state *state)
{
	for (uint32_t i = 0; i < state->waker_count && i < WAKERS_KNOWN; i++) {
		const struct lock_thread *waker = lock_threads_find(&locks->threads, state->wakers[i]);
		struct blocker blocker = {state->wakers[i], BLOCKER_WAKES, RT_STACK_NONE, 0};

		if (!waker || waker == waiter || waker->ended)
			continue;
		if (state->waker.thread == waker->id) {
			blocker.stack = state->waker.stack;
			blocker.since = state->waker.stamp;
		}
		add(blockers, blocker);
	}
}

static void add_inside(struct blockers *blockers, const struct lock_analysis *locks,
                       const struct lock_thread *destroyer)
{
	for (size_t i = 0; i < locks->threads.count; i++) {
		const struct lock_thread *thread = locks->threads.items[i];
		const struct lock_wait *wait = &thread->wait;

		if (thread != destroyer && wait->active && wait->kind == destroyer->wait.kind &&
		    wait->object == destroyer->wait.object && !lock_wait_is_to_leave(wait))
			add(blockers, (struct blocker){thread->id, BLOCKER_INSIDE, wait->stack, wait->since});
	}
}

static void add_joined(struct blockers *blockers, const struct lock_thread *joined)
{
	if (joined && !joined->ended)
		add(blockers, (struct blocker){joined->id, BLOCKER_LIVES, joined->start_stack, joined->started});
}

struct blocker *locks_blockers(const struct lock_analysis *locks, uint32_t thread_id, size_t *count)
{
	const struct lock_thread *thread = lock_threads_find(&locks->threads, thread_id);
	struct blockers blockers = {0};
	const struct lock *lock = NULL;

	*count = 0;
	if (!thread || !thread->wait.active)
		return NULL;
	if (thread->wait.kind == RT_KIND_THREAD)
		add_joined(&blockers, lock_threads_find(&locks->threads, thread->wait.target));
	else
		lock = lock_table_find(&locks->table, thread->wait.object, thread->wait.kind);
	if (lock && !lock->result.owner && lock_lets_writers_first(lock) && thread->wait.flags & RT_SYNC_SHARED)
		add_writers_ahead(&blockers, locks, thread, lock);
	else if (lock)
		add_holders(&blockers, locks, lock);
	if (lock_wait_is_to_leave(&thread->wait))
		add_inside(&blockers, locks, thread);
	else if (lock && lock->sync)
		add_wakers(&blockers, locks, thread, lock->sync);
	*count = blockers.count;
	return blockers.items;
}
