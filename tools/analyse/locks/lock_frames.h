/*
 * Locks on stacks.  A frame that was left takes its locks with it, and no call says so: the next frame at that place
 * may hold another lock at the same address, with a static initialiser.
 *
 * When a thread takes or initialises a lock on its own stack, RT_ON_STACK tells the stack of the frames that called the
 * frame in which the lock lies: its *base*.  That frame is alive for as long as all that its thread does lies above
 * the base.  An event of the thread that does not, or a lock at the same address with another base, ends the lock.  A
 * lock that only other threads have used before belongs to the frame if the thread was above the base when they did.
 *
 * A frame that is entered again from the same call, with no event of the thread in between, cannot be told from one
 * that was never left.
 */
#ifndef RINGTAIL_ANALYSE_LOCK_FRAMES_H
#define RINGTAIL_ANALYSE_LOCK_FRAMES_H

#include "tools/analyse/locks/lock_analysis.h"

/* RT_ON_STACK. */
void lock_frames_told(struct lock_analysis *locks, struct lock_thread *thread, const struct event *event);
/* Any other event of the thread, before it changes the state: ends locks in frames that the thread has left, and notes
 * where the thread is. */
void lock_frames_event(struct lock_analysis *locks, struct lock_thread *thread, const struct event *event);
/* The event on a lock has been handled: what it used lies in that frame. */
void lock_frames_used(struct lock_analysis *locks, struct lock_thread *thread, const struct event *event);

#endif
