#include "tools/analyse/locks/sync_order.h"

#include <stdlib.h>
#include <string.h>

#include "tools/base/memory.h"

#define POSTS_KEPT    64u /* posts that no wait has taken yet */
#define SEGMENTS_MOST (1u << 22)

struct sync_order {
	uint32_t link; /* number of the link in happens_before; 0: the object orders nothing */
	/* For semaphores: */
	uint32_t poster, waiter;
	uint64_t value; /* number of waits that succeed without a post */
	uint32_t posts[POSTS_KEPT];
	uint64_t posted, taken;
	/* For barriers: */
	uint32_t *users;
	size_t user_count, user_room;
	/* the segment that follows all threads that arrived in this round, and their number */
	uint32_t gathering, arrived;
	uint32_t gathered; /* gathering of the round that threads are leaving */
};

void sync_order_free(struct sync_order *order)
{
	if (order)
		free(order->users);
	free(order);
}

static struct sync_order *order_of(struct lock_analysis *locks, struct lock *lock)
{
	struct sync_state *state = lock_sync(lock);

	if (!state->order) {
		state->order = memory_zeroed(1, sizeof *state->order);
		state->order->link = happens_before_link(&locks->before);
		state->order->value = lock->init_value;
	}
	return state->order;
}

static void give_up(struct lock_analysis *locks, struct sync_order *order)
{
	happens_before_unlink(&locks->before, order->link);
	order->link = 0;
}

/* The thread's next segment follows `other`.  Of one link the latest segment is enough, as the posts of a thread are in
 * order. */
static void follow(struct lock_analysis *locks, struct lock_thread *thread, uint32_t other, uint32_t link)
{
	if (thread->follows && thread->follows_via != link)
		sync_order_segment(locks, thread);
	thread->follows = other;
	thread->follows_via = link;
}

/* Ends the present segment, which a segment of another thread will follow; returns it. */
static uint32_t end_segment(struct lock_analysis *locks, struct lock_thread *thread)
{
	uint32_t segment;

	if (thread->follows)
		sync_order_segment(locks, thread);
	segment = thread->segment;
	thread->segment_over = true;
	return segment;
}

uint32_t sync_order_segment(struct lock_analysis *locks, struct lock_thread *thread)
{
	if (thread->segment_over || thread->follows)
		thread->segment = happens_before_linked(&locks->before, thread->id, thread->segment, thread->follows,
		                                        thread->follows_via);
	thread->segment_over = false;
	thread->follows = thread->follows_via = 0;
	return thread->segment;
}

/* ---- semaphores -------------------------------------------------------------------------- */

static void on_post(struct lock_analysis *locks, struct lock_thread *thread, struct sync_order *order)
{
	if (!order->poster)
		order->poster = thread->id;
	if (order->poster != thread->id || order->posted - order->taken >= POSTS_KEPT) {
		give_up(locks, order);
		return;
	}
	order->posts[order->posted++ % POSTS_KEPT] = end_segment(locks, thread);
}

static void on_taken(struct lock_analysis *locks, struct lock_thread *thread, struct sync_order *order)
{
	if (!order->waiter)
		order->waiter = thread->id;
	if (order->waiter != thread->id) {
		give_up(locks, order);
	} else if (order->value) {
		order->value--;
	} else if (order->taken < order->posted) {
		follow(locks, thread, order->posts[order->taken++ % POSTS_KEPT], order->link);
	} else {
		give_up(locks, order); /* a wait took a post that was not recorded */
	}
}

static void sem_event(struct lock_analysis *locks, struct lock_thread *thread, struct sync_order *order,
                      const struct event *event)
{
	if (event->type == RT_RELEASE)
		on_post(locks, thread, order);
	else if (event->type == RT_ACQUIRE)
		on_taken(locks, thread, order);
	else if (event->type == RT_FAILED && event->flags & RT_SYNC_UNLOCK)
		give_up(locks, order);
}

/* ---- barriers ----------------------------------------------------------------------------- */

static bool is_user(struct sync_order *order, uint32_t thread)
{
	for (size_t i = 0; i < order->user_count; i++)
		if (order->users[i] == thread)
			return true;
	return false;
}

static void on_arrival(struct lock_analysis *locks, struct lock_thread *thread, struct sync_order *order,
                       uint32_t count)
{
	if (!is_user(order, thread->id)) {
		if (order->user_count == count) {
			give_up(locks, order);
			return;
		}
		GROW(order->users, order->user_room, order->user_count + 1);
		order->users[order->user_count++] = thread->id;
	}
	order->gathering = happens_before_segment(&locks->before, 0, order->gathering, end_segment(locks, thread));
	if (++order->arrived < count)
		return;
	order->gathered = order->gathering;
	order->gathering = order->arrived = 0;
}

/* A thread may arrive in the next round before the last thread has left this one.  That is harmless: `gathered` stays
 * that of this round until the next one is complete. */
static void barrier_event(struct lock_analysis *locks, struct lock_thread *thread, struct sync_order *order,
                          uint32_t count, const struct event *event)
{
	if (event->type == RT_WAIT && !(event->flags & RT_SYNC_LEAVE))
		on_arrival(locks, thread, order, count);
	else if (event->type == RT_ACQUIRE && order->gathered)
		follow(locks, thread, order->gathered, order->link);
}

void sync_order_event(struct lock_analysis *locks, struct lock_thread *thread, struct lock *lock,
                      const struct event *event)
{
	struct sync_order *order;

	if (!lock->init_seen || lock->maybe_foreign)
		return;
	order = order_of(locks, lock);
	if (!order->link)
		return;
	if (locks->before.count >= SEGMENTS_MOST) {
		give_up(locks, order);
		return;
	}
	if (event->kind == RT_KIND_SEM)
		sem_event(locks, thread, order, event);
	else if (lock->init_value)
		barrier_event(locks, thread, order, lock->init_value, event);
}
