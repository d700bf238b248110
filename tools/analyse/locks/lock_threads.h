/* What each thread holds and what it waits for. */
#ifndef RINGTAIL_ANALYSE_LOCK_THREADS_H
#define RINGTAIL_ANALYSE_LOCK_THREADS_H

#include "tools/analyse/id_index.h"
#include "tools/analyse/locks/lock_table.h"

struct held_lock {
	struct lock *lock;
	uint64_t since;
	uint32_t id; /* the lock's */
	uint32_t stack;
	uint32_t count; /* recursive locks and read locks: times held */
	uint32_t segment; /* of happens_before */
	bool shared;
	bool owner_died;  /* robust: the last owner died with it, and its state was not said to be consistent
	                     since */
};

struct lock_wait {
	bool active;
	uint8_t kind, flags;
	uint32_t stack;
	uint32_t target; /* a join's: the thread joined, 0 not known */
	uint64_t object, since;
	uint64_t mutex; /* a condition's: what it gave back, 0 none */
	struct lock_use holder; /* of what has an owner: who had it when the wait began */
};

/* A lock that the thread took or waited for, not by a try. */
struct wanted_lock {
	uint32_t lock; /* id */
	uint32_t stack, segment; /* of the latest time */
	uint64_t stamp;
	bool shared;
};

#define WANTED_MOST 1024 /* of a thread; the others are not looked at by join_order */

/* The last release or destruction, until the thread's next event says that it failed. */
struct lock_undo {
	uint8_t type; /* RT_RELEASE, RT_DESTROY, or 0: nothing to undo */
	uint8_t kind;
	uint64_t object;
	struct held_lock held;
	uint32_t owner;
};

/* What lock_order has seen of a thread, by hash: most of what a thread does it has done before.  It grows with how much is
 * missed, up to a bound. */
struct order_cache {
	uint64_t *hashes; /* in groups: the latest first; NULL until needed */
	uint32_t slots;
	uint32_t missed; /* since it has grown */
};

#define RELEASED_MUTEXES 8

struct sync_misuse;

struct lock_thread {
	uint32_t id, tid;
	bool awake; /* the kernel says that it runs: it is not blocked, whatever its last event said */
	bool stuck; /* of deadlock_realised: nothing that goes on can end its wait */
	struct deadlock_process *home; /* the same: the process that it is searched as a part of */
	uint32_t segment;      /* of happens_before */
	/* A new segment begins when it is needed, not with every post: threads that nest no locks need none.
	 */
	bool segment_over;         /* somebody follows the segment: what comes next is not in it */
	uint32_t follows,
	    follows_via;      /* what comes next follows that segment too, by that link; 0: nothing */
	uint32_t start_stack;  /* where it was created */
	uint64_t started;
	bool ended, detached, joined;
	uint32_t settled_by, settled_stack; /* who joined or detached it, and where */
	uint32_t joiner;                    /* who waits for it in a join, 0 nobody */
	struct {
		uint64_t cond; /* signalled by this thread's last event, 0 none */
		bool all;
	} signalling;
	uint64_t released[RELEASED_MUTEXES]; /* mutexes, since its last signal; the latest */
	uint32_t released_count;
	struct sync_misuse *suspicion; /* holds unless the next event says that the call failed; NULL: none */
	struct held_lock *held; /* in the order in which they were acquired */
	size_t count, room;
	struct wanted_lock *wanted;
	size_t wanted_count, wanted_room;
	struct u64_map wanted_by_lock; /* index + 1 */
	uint64_t *wanted_filter;       /* bits by hash of those, once there are WANTED_MOST: most others are none of them */
	struct lock_wait wait;
	struct lock_undo undo;
	struct order_cache order_cache;
};

struct lock_threads { /* zeroed: empty */
	struct id_index by_id;
	struct lock_thread **items;
	size_t count, room;
};

/* Nobody will join it any more. */
void lock_thread_forget_wanted(struct lock_thread *thread);
void lock_thread_ended(struct lock_thread *thread);
void lock_threads_free(struct lock_threads *threads);
struct lock_thread *lock_threads_find(const struct lock_threads *threads, uint32_t id);
/* Made where it is new. */
struct lock_thread *lock_threads_get(struct lock_threads *threads, uint32_t id);

/* The thread's entry for the lock at this address, NULL where it holds none. */
struct held_lock *held_find(const struct lock_thread *thread, uint64_t address);
void held_push(struct lock_thread *thread, struct held_lock held);
void held_remove(struct lock_thread *thread, struct held_lock *held);
void held_clear(struct lock_thread *thread);

#endif
