/*
 * Wrong calls, decided from the calls alone.  Each event is looked at before it changes the state.
 *
 * What may be right is never claimed:
 * - A lock that was neither initialised nor locked since the process began may have come locked, from the process
 *   that it was forked from.
 * - A mutex of unknown type (a static initialiser) may be recursive or error-checking: locking it again is wrong only
 *   if that never returns, and unlocking it only if that succeeds.
 * - An error-checking mutex answers questions: asking is no error.
 * - Robust mutexes and process-shared objects may have owners elsewhere, or none.
 * - Memory may hold another lock each time that its block, or its stack frame, is handed out.
 * Once events are missing, nothing is claimed.
 */
#ifndef RINGTAIL_ANALYSE_LOCK_CHECKS_H
#define RINGTAIL_ANALYSE_LOCK_CHECKS_H

#include "tools/analyse/locks/lock_analysis.h"

struct check { /* one event, and what is known before it */
	struct lock_analysis *locks;
	struct lock_thread *thread;
	const struct event *event;
	struct lock *lock;      /* that it is about; NULL: nothing is known there */
	struct held_lock *held; /* by this thread; NULL: not held */
};

/* An event on a synchronisation object. */
void lock_checks_event(struct lock_analysis *locks, struct lock_thread *thread, const struct event *event);
/* thread begins to wait for target (0: not known) / its join has returned / it detached somebody. */
void lock_checks_join(struct lock_analysis *locks, struct lock_thread *thread, const struct event *event,
                      uint32_t target);
void lock_checks_joined(struct lock_analysis *locks, struct lock_thread *thread, const struct event *event,
                        uint32_t target);
void lock_checks_detach(struct lock_analysis *locks, struct lock_thread *thread, const struct event *event);
/* The block around this lock is freed by event. */
void lock_checks_freed(struct lock_analysis *locks, const struct lock *lock, const struct event *event);
/* A call in a signal handler that is not allowed there. */
void lock_checks_handler(struct lock_analysis *locks, const struct event *event);
void lock_checks_finish(struct lock_analysis *locks, const struct process_end *end);

/* ---- for the parts ------------------------------------------------------------------------- */

/* Condition variables, semaphores and barriers: wait_checks.c. */
void wait_checks_event(const struct check *check);
/* The thread's signal, if its last event was one, has been sent. */
void wait_checks_signal_sent(const struct check *check);
void wait_checks_finish(struct lock_analysis *locks);

struct sync_misuse check_misuse(const struct check *check, enum finding_class class, const char *message,
                                const char *label);
struct finding_object check_object(const struct lock *lock);
/* Adds a second or third stack. */
void misuse_add(struct sync_misuse *misuse, const char *label, uint32_t thread, uint64_t stamp, uint32_t stack);
void check_note(const struct check *check, const struct sync_misuse *misuse);

#endif
