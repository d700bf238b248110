/*
 * Checks for wrong calls, which decide from the calls alone.  They see each event before it changes the state.
 *
 * A call that may be right is never reported:
 * - A lock that was neither initialised nor locked since the process began may have been inherited locked, by fork.
 * - A mutex of unknown type (with a static initialiser) may be recursive or error-checking.  To lock it again is wrong
 *   only if that call never returns; to unlock it, only if that call succeeds.
 * - A program may use an error-checking mutex to ask whether it owns it: an error that it returns is no misuse.
 * - Robust mutexes and process-shared objects may have owners in other processes, or none.
 * - Memory may hold another lock each time that its block, or its stack frame, is allocated.
 *
 * Once events are missing, nothing is reported.
 */
#ifndef RINGTAIL_ANALYSE_LOCK_CHECKS_H
#define RINGTAIL_ANALYSE_LOCK_CHECKS_H

#include "tools/analyse/locks/lock_analysis.h"

struct check { /* one event, and the state before it */
	struct lock_analysis *locks;
	struct lock_thread *thread;
	const struct event *event;
	struct lock *lock;      /* the event's lock; NULL: no lock is known at its address */
	struct held_lock *held; /* this thread's entry for it; NULL: the thread does not hold it */
};

/* An event on a synchronisation object. */
void lock_checks_event(struct lock_analysis *locks, struct lock_thread *thread, const struct event *event);
/* The thread begins to wait for the end of target; its join of target has returned; it has detached a thread.  target
 * 0: not known.  tried: the join did not wait. */
void lock_checks_join(struct lock_analysis *locks, struct lock_thread *thread, const struct event *event,
                      uint32_t target);
void lock_checks_joined(struct lock_analysis *locks, struct lock_thread *thread, const struct event *event,
                        uint32_t target, bool tried);
void lock_checks_detach(struct lock_analysis *locks, struct lock_thread *thread, const struct event *event);
/* The event says that the thread has made another thread, or failed to. */
void lock_checks_created(struct lock_analysis *locks, struct lock_thread *thread, const struct event *event);
/* The event frees the block that contains this lock. */
void lock_checks_freed(struct lock_analysis *locks, const struct lock *lock, const struct event *event);
/* The event is a call that a signal handler must not make. */
void lock_checks_handler(struct lock_analysis *locks, const struct event *event);
void lock_checks_finish(struct lock_analysis *locks, const struct process_end *end);

/* ---- for the parts ------------------------------------------------------------------------- */

/* Condition variables, semaphores and barriers: wait_checks.c. */
void wait_checks_event(const struct check *check);
/* If the thread's last event was a signal to a condition: the call has sent it by now. */
void wait_checks_signal_sent(const struct check *check);
void wait_checks_finish(struct lock_analysis *locks);

/* The event's call failed with event->result. */
void check_error(const struct check *check);

struct sync_misuse check_misuse(const struct check *check, enum finding_class class, const char *message,
                                const char *label);
struct finding_object check_object(const struct lock *lock);
/* True if the thread may hold the lock although no event says so: calls of some modules have passed unseen, and since
 * then the thread has not been seen to lock it. */
bool check_may_hold_unseen(const struct check *check, const struct lock *lock);
/* Adds a second or third stack. */
void misuse_add(struct sync_misuse *misuse, const char *label, uint32_t thread, uint64_t stamp, uint32_t stack);
void check_note(const struct check *check, const struct sync_misuse *misuse);

#endif
