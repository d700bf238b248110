/*
 * Whether what was locked at one address at two times was one lock.
 *
 * A mutex that is unlocked has the bytes of a new one.  A program that divides a large block or a mapping by itself may
 * make another lock of a lock's memory, by a store that is no call.  Such a lock is the same one at two times if its
 * code did not change in between: a function that took it before takes it after, too.  Its memory is then at most used
 * for another lock of the same class.
 *
 * All other locks are one for as long as their generation: those that an initialisation was seen of, since whatever is
 * made there next is initialised, too; those in static data, on stacks (lock_frames.h) and in small blocks, which are
 * freed with the object that they are in.
 */
#ifndef RINGTAIL_ANALYSE_LOCK_USES_H
#define RINGTAIL_ANALYSE_LOCK_USES_H

#include <stdbool.h>
#include <stdint.h>

#define USES_KNOWN 8u

struct use_span { /* by one call stack */
	uint32_t stack;
	uint64_t first, last; /* stamps of the first and latest use */
};

struct lock_uses {
	uint32_t count;                        /* call stacks that have a span of their own */
	struct use_span spans[USES_KNOWN + 1]; /* the last: of all further call stacks, which count as one code */
};

struct lock;
struct lock_analysis;

/* The lock is part of the lock order from now on: its uses matter if its memory may be used again. */
void lock_uses_begin(const struct lock_analysis *locks, struct lock *lock, uint64_t stamp);
/* A thread uses the lock, or still holds what it took at this stack. */
void lock_uses_note(struct lock_uses *uses, uint32_t stack, uint64_t stamp);
/* True if the lock was the same at both times, in any order, as far as can be known: certainly, or by its code. */
bool lock_uses_are_of_one(const struct lock_analysis *locks, const struct lock *lock, uint64_t one, uint64_t other);

#endif
