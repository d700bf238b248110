/* The locks that each thread holds, and the lock that it waits for. */
#ifndef RINGTAIL_ANALYSE_LOCK_THREADS_H
#define RINGTAIL_ANALYSE_LOCK_THREADS_H

#include "tools/analyse/id_index.h"
#include "tools/analyse/locks/lock_table.h"

struct held_lock {
	struct lock *lock;
	uint64_t since;
	uint32_t id; /* the lock's */
	uint32_t stack;
	uint32_t count;   /* how often it is held: recursive locks and read locks */
	uint32_t segment; /* of happens_before */
	bool shared;
	bool owner_died; /* robust: its last owner died while holding it, and no call has declared its state
	                    consistent since */
};

struct lock_wait {
	bool active;
	uint8_t kind, flags;
	uint32_t stack;
	uint32_t target; /* join: the thread that is joined; 0: not known */
	uint64_t object, since;
	uint64_t mutex;         /* condition: the mutex that the wait released; 0: none */
	struct lock_use holder; /* lock with an owner: the owner when the wait began */
};

/* The thread destroys a condition or barrier, and waits until the threads in it have left. */
static inline bool lock_wait_is_to_leave(const struct lock_wait *wait)
{
	return wait->active && (wait->kind == RT_KIND_COND || wait->kind == RT_KIND_BARRIER) &&
	       wait->flags & RT_SYNC_LEAVE;
}

/* A lock that the thread took or waited for, by a call other than a try. */
struct wanted_lock {
	uint32_t lock;           /* id */
	uint32_t stack, segment; /* of the latest such call */
	uint64_t stamp;
	bool shared;
};

#define WANTED_MOST 1024 /* the most such locks of a thread; join_order does not see further ones */

/* A thread's last release or destruction.  The thread's next event may say that it failed; then it is undone. */
struct lock_undo {
	uint8_t type; /* RT_RELEASE, RT_DESTROY, or 0: nothing to undo */
	uint8_t kind;
	uint64_t object;
	struct held_lock held;
	uint32_t owner;
};

/* A cache of hashes of the edges that lock_order has seen for a thread, as a thread mostly repeats what it did before.
 * The cache grows with its misses, up to a bound. */
struct order_cache {
	uint64_t *hashes; /* in groups, the latest first; NULL until needed */
	uint32_t slots;
	uint32_t missed; /* misses since it grew */
};

#define RELEASED_MUTEXES 8

struct sync_misuse;

#define PLACES_KEPT 64u
#define FRAMED_MOST 32u

struct thread_place { /* the stack of the thread's events from that time on */
	uint64_t stamp;
	uint32_t stack;
};

struct framed_lock { /* a lock in a frame of the thread: lock_frames.h */
	uint64_t address;
	uint32_t base;
};

struct lock_thread {
	uint32_t id, tid;
	bool awake; /* the kernel says that it runs: it is not blocked, whatever its last event said */
	bool stuck; /* of deadlock_realised: nothing that goes on can end its wait */
	struct deadlock_process *home; /* the same: the process that it is searched as a part of */
	uint32_t segment;              /* of happens_before */
	/* A new segment begins when it is needed, and not with every post: threads that nest no locks need none. */
	bool segment_over; /* another segment follows this one: the thread's next event is not in it any more */
	uint32_t follows,
	    follows_via;      /* the thread's next event also follows the segment `follows`, by this link; 0: none */
	uint32_t start_stack; /* where it was created */
	uint64_t started;
	bool ended, detached, joined;
	uint32_t settled_by, settled_stack; /* the thread that joined or detached it, and where */
	uint32_t joiner;                    /* the thread that waits for it in a join; 0: none */
	struct {
		uint64_t cond; /* the condition that this thread's last event signalled; 0: none */
		bool all;
	} signalling;
	uint64_t released[RELEASED_MUTEXES]; /* the latest mutexes that it released since its last signal */
	uint32_t released_count;
	struct sync_misuse *suspicion; /* a misuse, unless the next event says that the call failed; NULL: none */
	struct held_lock *held;        /* in the order in which they were acquired */
	size_t count, room;
	struct wanted_lock *wanted;
	size_t wanted_count, wanted_room;
	struct u64_map wanted_by_lock; /* index + 1 */
	uint64_t *wanted_filter;       /* Bloom filter over `wanted`, made when it has WANTED_MOST locks */
	struct lock_wait wait;
	struct lock_undo undo;
	struct thread_place places[PLACES_KEPT]; /* the latest */
	uint32_t place_count;                    /* that there ever were */
	struct framed_lock framed[FRAMED_MOST];
	uint32_t framed_count, framed_stack; /* framed_stack: for which frames that were left have been looked for */
	struct order_cache order_cache;
};

struct lock_threads { /* zeroed: empty */
	struct id_index by_id;
	struct lock_thread **items;
	size_t count, room;
};

/* The thread cannot be joined any more: frees `wanted`. */
void lock_thread_forget_wanted(struct lock_thread *thread);
void lock_thread_ended(struct lock_thread *thread);
void lock_threads_free(struct lock_threads *threads);
struct lock_thread *lock_threads_find(const struct lock_threads *threads, uint32_t id);
/* The thread's entry, which is made if it is new. */
struct lock_thread *lock_threads_get(struct lock_threads *threads, uint32_t id);

/* The thread's entry for the lock at this address; NULL if it holds no lock there. */
struct held_lock *held_find(const struct lock_thread *thread, uint64_t address);
void held_push(struct lock_thread *thread, struct held_lock held);
void held_remove(struct lock_thread *thread, struct held_lock *held);
void held_clear(struct lock_thread *thread);

#endif
