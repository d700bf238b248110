/*
 * A lock held while a thread is joined that takes it: the one waits for the other's end, the other for the lock.  That it
 * went well means that the joined thread was done with the lock before.
 */
#ifndef RINGTAIL_ANALYSE_JOIN_ORDER_H
#define RINGTAIL_ANALYSE_JOIN_ORDER_H

#include "tools/analyse/locks/lock_analysis.h"

/* The thread takes the lock, or waits for it. */
void join_order_want(struct lock_analysis *locks, struct lock_thread *thread, const struct lock *lock,
                     const struct event *event);
/* A join without a time-out has succeeded; what the joiner holds it held all the while. */
void join_order_joined(struct lock_analysis *locks, struct lock_thread *joiner, const struct lock_thread *joined,
                       const struct event *event);
void join_order_report(struct lock_analysis *locks, struct finding_list *findings, const struct u64_map *reported);

#endif
