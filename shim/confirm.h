/*
 * `ringtail run --confirm`: threads are held up where an earlier run predicted a deadlock, to see whether it closes.
 *
 * The plan (format.h) has the predicted cycles as edges: a thread that holds a lock, which it took at one stack, comes
 * to another stack where it wants the next one.
 *
 * (1) A call that takes a lock compares its stack with the plan's: first the low bits of the caller's address, which
 *     loading at another place does not change, and then, rarely, frame by frame as module and offset.
 * (2) Where it is an edge's first stack, the thread notes the lock; where it is the second one, and the noted lock has
 *     not been given back, the thread waits, before it tries for the lock.
 * (3) A thread that comes to such a place checks whether the threads that are held up now make a cycle: the lock that
 * it wants is noted by a thread that is held up, and so on, back to itself.  Then all of them are let go.  Each holds
 * the lock that the one before it wants, so none gets its lock: the deadlock has closed.
 * (4) Else the thread goes on after hold_ms.  Each edge holds up hold_most times at most, so that the whole delay is
 * bounded by the plan.
 * (5) A reader that waits behind a waiting writer is held up until the writer waits, which only the lock itself says.
 * So the reader looks again every millisecond.  The writer is not held up: it waits by itself, since the readers of
 * the cycle have the lock.
 * (6) Cycles that have a lock or a place in common are a group, and take turns: a thread that is held up for one of
 * them may be the thread that another one needs, or hold the lock that it needs.  Only the cycle in turn holds threads
 * up.  The turn passes when a thread comes to another cycle of the group, and all edges of the cycle in turn have held
 * up hold_most times, or it has held up no thread for QUIET_HOLDS times hold_ms.
 *
 * A thread that is held up has published nothing: for the reader it still runs.  Calls with a time-out are never held
 * up, nor is anything in a signal handler that interrupted a hook.
 */
#ifndef RINGTAIL_CONFIRM_H
#define RINGTAIL_CONFIRM_H

#include <stdint.h>

#pragma GCC visibility push(hidden)

struct thread;
struct caller;

/* What hooks of locks do: nothing, record, or record and hold up.  One test tells the usual mode, LOCKS_RECORDED. */
enum confirm_mode { LOCKS_IGNORED, LOCKS_RECORDED, LOCKS_CONFIRMED };
extern uint32_t confirm_mode;

/* Maps the plan, where the options name one; once, before any thread. */
void confirm_start_up(void);
/* Holds the thread up if the plan says so.  Call it before a lock is taken, or a thread joined.  flags: RT_SYNC_*.
 * Returns self, or NULL where locks are not recorded. */
struct thread *confirm_take(struct thread *self, const struct caller *caller, const void *object, unsigned flags);
/* Forgets the lock, if it was noted.  Call it before the lock is given back.  Returns as confirm_take. */
struct thread *confirm_give(struct thread *self, const void *object);
/* Forgets all that was noted: the state is about to become another thread's. */
void confirm_forget(struct thread *thread);

#pragma GCC visibility pop

#endif
