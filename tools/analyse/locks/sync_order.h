/*
 * What semaphores and barriers say about what must come before what.
 *
 * Only what holds in every run is used:
 * - A semaphore that one thread posts and one other waits for, from a known value on: its n-th wait comes after its
 *   post n less that value.  With a second poster or waiter another post, or another wait, could have been the one.
 * - A barrier that as many threads use as it is made for: nobody leaves a round before all have come to it.
 * A condition variable orders nothing: a waiter may wake for no reason, and a test of what it waits for may be true
 * without a wait.
 */
#ifndef RINGTAIL_ANALYSE_SYNC_ORDER_H
#define RINGTAIL_ANALYSE_SYNC_ORDER_H

#include "tools/analyse/locks/lock_analysis.h"

/* An event on a semaphore or barrier, before it changes the state. */
void sync_order_event(struct lock_analysis *locks, struct lock_thread *thread, struct lock *lock,
                      const struct event *event);
/* The segment of what the thread does now. */
uint32_t sync_order_segment(struct lock_analysis *locks, struct lock_thread *thread);
void sync_order_free(struct sync_order *order);

#endif
