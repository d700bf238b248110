/*
 * race:libc-state and race:predicted: functions of libc with hidden state (shim/libc_state.def) in two threads.
 *
 * A race is proven if a thread was within a call when another thread began a call on the same state, and both calls
 * returned and used it (shim/libc_state.h says why nothing orders such calls).  The record of one call's end may come
 * before that of the other call's beginning.
 *
 * A race is predicted if two threads made such calls, held no common lock, and no synchronisation that is seen orders
 * the calls.  Other synchronisation may do so: that is information.
 */
#ifndef RINGTAIL_ANALYSE_LIBC_STATE_H
#define RINGTAIL_ANALYSE_LIBC_STATE_H

#include "tools/analyse/locks/lock_analysis.h"

/* RT_LIBC_ENTER or RT_LIBC_LEAVE. */
void libc_state_event(struct lock_analysis *locks, struct lock_thread *thread, const struct event *event);
void libc_uses_free(struct libc_uses *uses);

#endif
