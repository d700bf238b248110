/*
 * The locks that a forked process inherits.
 *
 * A child of fork has a copy of its parent's memory, and one thread: the copy of the thread that forked.  A lock that
 * another thread of the parent held at the fork stays locked in the child for ever.  What was held is known to the
 * analysis of the parent alone: at RT_FORKING it notes what all threads hold, and drops each lock that another event
 * touches before RT_FORK says that the child is there.  So it is certain of what is left.  The recording hands the
 * notes to the analysis of the child (tools/recording/fork_book.h).
 */
#ifndef RINGTAIL_ANALYSE_FORK_LOCKS_H
#define RINGTAIL_ANALYSE_FORK_LOCKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event;
struct lock;
struct lock_analysis;
struct lock_thread;

struct inherited_lock { /* stacks and threads are the parent's */
	uint64_t address, since;
	uint32_t thread, stack; /* that held it, and where it was taken */
	uint32_t init_type;     /* PTHREAD_MUTEX_*; PTHREAD_MUTEX_DEFAULT where no initialisation was seen */
	uint8_t kind;
	bool shared;
	bool by_forker; /* held by the thread that forked, and so by the child's own first thread */
};

struct fork_locks {             /* of one fork at which something was held */
	uint32_t parent, child; /* pids; parent: set by the fork book */
	uint32_t thread, stack; /* of the call of fork */
	uint64_t begun, done;   /* RT_FORKING, RT_FORK */
	struct inherited_lock *locks;
	size_t count;
};

struct fork_notes { /* of the parent's analysis; zeroed: empty */
	struct fork_locks *pending, *done;
	size_t pending_count, pending_room, done_count, done_room;
	uint32_t *stacks; /* of all forks, each once: a finding of a child may name them */
	size_t stack_count, stack_room;
};

#define FORK_STACKS_MOST 4096u
#define FORKS_KEPT       256u /* the latest forks are kept, until the fork book takes them */

void fork_locks_free(struct fork_locks *fork);
/* Moves all forks that are done to the caller, who owns the array and its forks.  NULL: there are none. */
struct fork_locks *locks_take_forks(struct lock_analysis *locks, size_t *count);
/* The stacks in the forks of this process, those that were taken too.  A finding of a child may name them. */
const uint32_t *locks_fork_stacks(const struct lock_analysis *locks, size_t *count);
/* What this process inherited.  The analysis copies it. */
void locks_inherit(struct lock_analysis *locks, const struct fork_locks *fork);
/* True if locks_inherit was called. */
bool locks_has_inherited(const struct lock_analysis *locks);

/* ---- for the parts ---------------------------------------------------------------------------- */

void fork_notes_free(struct fork_notes *notes);
/* RT_FORKING or RT_FORK. */
void fork_notes_event(struct lock_analysis *locks, const struct event *event);
/* An event on a lock between the two, which may have come before or after the fork. */
void fork_notes_touch(struct fork_notes *notes, uint64_t address);
/* The lock that the process inherited and that no call has changed since, if it keeps this thread waiting for ever;
 * else NULL.  The thread waits for it, and no thread of this process holds it. */
const struct inherited_lock *fork_locks_block(const struct lock_analysis *locks, const struct lock_thread *thread,
                                              const struct lock *lock);

#endif
