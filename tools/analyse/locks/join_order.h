/*
 * Predicts deadlocks of a lock and a join: a thread holds a lock while it joins a thread that takes the same lock.  The
 * first waits for the end of the second, and the second waits for the lock.  In this run it went well, because the
 * joined thread had released the lock before.
 */
#ifndef RINGTAIL_ANALYSE_JOIN_ORDER_H
#define RINGTAIL_ANALYSE_JOIN_ORDER_H

#include "tools/analyse/locks/lock_analysis.h"

/* The thread takes the lock, or waits for it. */
void join_order_want(struct lock_analysis *locks, struct lock_thread *thread, const struct lock *lock,
                     const struct event *event);
/* A join without a time-out has succeeded.  The joiner held all its present locks during the whole join. */
void join_order_joined(struct lock_analysis *locks, struct lock_thread *joiner, const struct lock_thread *joined,
                       const struct event *event);
void join_order_report(struct lock_analysis *locks, struct finding_list *findings, const struct u64_map *reported);

#endif
