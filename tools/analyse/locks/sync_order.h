/*
 * Happens-before from semaphores and barriers.
 *
 * Only orders that hold in every run are used:
 * - Of a semaphore that one thread posts and one other thread waits for, from a known value v on: wait number n comes
 *   after post number n - v.  With a second poster or waiter, another post or another wait could take its place.
 * - Of a barrier that is used by as many threads as it was made for: no thread leaves a round before all have come to
 *   it.
 *
 * A condition variable orders nothing: a waiter may wake for no reason, and its condition may be true without a wait.
 */
#ifndef RINGTAIL_ANALYSE_SYNC_ORDER_H
#define RINGTAIL_ANALYSE_SYNC_ORDER_H

#include "tools/analyse/locks/lock_analysis.h"

/* An event on a semaphore or barrier.  Call this before the event changes the state of the lock. */
void sync_order_event(struct lock_analysis *locks, struct lock_thread *thread, struct lock *lock,
                      const struct event *event);
/* The thread's present segment.  It begins a new one where that is due. */
uint32_t sync_order_segment(struct lock_analysis *locks, struct lock_thread *thread);
void sync_order_free(struct sync_order *order);

#endif
