/*
 * The synchronisation objects of a process, called locks here.  A lock is (address, generation).  Initialising it
 * again, destroying it, freeing the block that contains it, or another lock that has bytes in common with it, ends the
 * generation; the next lock at the address is another one.
 */
#ifndef RINGTAIL_ANALYSE_LOCK_TABLE_H
#define RINGTAIL_ANALYSE_LOCK_TABLE_H

#include <pthread.h>
#include <stddef.h>

#include "tools/analyse/locks/lock_classes.h"
#include "tools/analyse/locks/lock_uses.h"
#include "tools/analyse/locks/locks.h"
#include "tools/base/u64_map.h"

/* A tombstone: how the last generation at an address ended. */
struct lock_tombstone {
	enum { TOMBSTONE_NONE, TOMBSTONE_DESTROYED, TOMBSTONE_FREED, TOMBSTONE_LEFT, TOMBSTONE_TOLD } how;
	uint8_t kind;
	uint32_t thread, stack; /* of the call that ended it */
	uint64_t stamp;
};

struct lock_use { /* a thread's call on a lock */
	uint32_t thread, stack;
	uint64_t stamp; /* 0: there was none */
};

#define WAKERS_KNOWN 6

struct sync_order;

struct timed_wait { /* a wait with a time-out */
	uint32_t thread, stack;
	uint64_t since;
	uint64_t ns;    /* from `since` to the time-out; 0: there is no such wait, or its time-out is not known */
	uint64_t mutex; /* of a wait for a condition: that it released */
};

/* State of the waits for a condition, a semaphore or a barrier.  `blocked` counts threads that are certainly blocked:
 * the waits without a time-out, less all calls that may have ended one.  A record is written before its call is made,
 * so a signal may still be on its way until the thread's next event. */
struct sync_state {
	struct sync_order *order;      /* semaphores and barriers: sync_order.h */
	uint32_t wakers[WAKERS_KNOWN]; /* threads that signalled, posted, or came to the barrier so far */
	uint32_t waker_count;          /* more than WAKERS_KNOWN: there were further wakers */
	struct lock_use waker;         /* the latest call of a waker */
	uint32_t blocked, woken;
	uint32_t thread, stack; /* of the latest wait */
	uint64_t since;
	uint64_t mutex;          /* condition: the mutex that its waiters released */
	struct timed_wait timed; /* the one whose time-out comes last */
	uint64_t roused;         /* stamp of the latest call that may have ended a wait */
	uint32_t arrivals;       /* barrier: in this round */
	int64_t value;           /* semaphore: upper bound of its value, counted from its initialisation on */
	struct {                 /* condition: the last signal for which no thread waited */
		uint32_t thread, stack;
		uint64_t stamp;
		uint64_t mutexes[8]; /* that the signalling thread held, or had released since its signal before */
	} wasted;
};

#define DESTROYED_SETS 256
#define DESTROYED_WAYS 8

#define LOCK_HOT_BYTES 128

struct lock {
	/* Every event touches the fields from here to the first half of `result`. */
	struct lock_class *class; /* NULL until needed */
	struct sync_state *sync;  /* NULL until needed */
	struct lock_use taken;    /* its latest acquisition */
	bool init_seen;
	bool maybe_foreign;           /* process-shared: another process may hold it, or end a wait for it */
	bool used;                    /* by a call other than its initialisation */
	bool ended;                   /* its generation has ended */
	uint32_t holders;             /* number of threads that hold it, in any mode */
	uint32_t init_type;           /* PTHREAD_MUTEX_*, PTHREAD_RWLOCK_* */
	uint32_t init_flags;          /* RT_INIT_* */
	uint32_t init_value;          /* of a semaphore or barrier */
	uint32_t opens;               /* named semaphore: how often it was opened */
	uint32_t edges_in, edges_out; /* edges of the lock order, counted by the last lock_order_prune */
	struct lock_result result;    /* result.owner: the thread that holds it exclusively now */
	struct lock *page_next, *page_previous;
	uint32_t frame_thread, frame_base; /* lock_frames.h: it lies on that thread's stack; 0: not known to */
	uint8_t marks;                     /* of lock_order_prune */
	bool memory_known;                 /* lock_uses_begin was called */
	struct lock_uses *uses;            /* NULL: none matter */
	bool given_up; /* unlocked, though it was not seen locked: what its process inherited is over */
};
_Static_assert(offsetof(struct lock, result.contended) == LOCK_HOT_BYTES, "what every event touches");

struct lock_place {           /* an address */
	struct lock *lock;    /* the present generation; NULL between two generations */
	struct lock *latest;  /* the last generation, so that its end can be undone */
	uint32_t generations; /* number of them so far */
	struct lock_tombstone tombstone;
};

struct lock_last {           /* the place that was looked up last */
	uint64_t key, place; /* index + 1; 0: none */
};

struct lock_table { /* zeroed: empty */
	struct lock_last last;
	struct u64_map by_address; /* index + 1 into places */
	struct lock_place *places;
	size_t place_count, place_room;
	struct u64_map by_page;   /* first lock of a page of 4096 bytes */
	uint64_t page_filter[64]; /* a bit for each hash of a page that ever held a lock */
	/* The keys of the places whose locks were destroyed last, by page: the newest first. */
	uint64_t destroyed[DESTROYED_SETS][DESTROYED_WAYS];
	struct lock **locks; /* sorted by id; folded locks are removed */
	size_t count, room;
	size_t ended; /* how many of these have ended */
	uint32_t last_id;
	struct lock_classes classes;
};

/* A waiting writer keeps new readers out of this lock, so that a reader can wait without an owner. */
static inline bool lock_lets_writers_first(const struct lock *lock)
{
	return lock->result.kind == RT_KIND_RWLOCK && lock->init_type == PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP;
}

void lock_table_free(struct lock_table *table);
/* Prefetch the memory that an event on this object will need some events later.  Call them in this order, some events
 * apart: each needs the memory that the one before has fetched. */
void lock_table_prefetch(const struct lock_table *table, uint64_t address, uint8_t kind);
void lock_table_prefetch_place(const struct lock_table *table, uint64_t address, uint8_t kind);
void lock_table_prefetch_lock(const struct lock_table *table, uint64_t address, uint8_t kind);
/* The lock at this address; NULL if none is known there. */
struct lock *lock_table_find(const struct lock_table *table, uint64_t address, uint8_t kind);
/* The lock's state of waits, which is made if it is new. */
struct sync_state *lock_sync(struct lock *lock);
/* The lock at this address, which is made if it is new.  stack: of the event. */
struct lock *lock_table_get(struct lock_table *table, uint64_t address, uint8_t kind, uint32_t stack);
/* The lock of a call that began before the present generation: the last generation; NULL if that is forgotten. */
struct lock *lock_table_latest(const struct lock_table *table, uint64_t address, uint8_t kind);
struct lock *lock_table_init(struct lock_table *table, const struct event *event);
void lock_table_end(struct lock_table *table, struct lock *lock, struct lock_tombstone tombstone);
/* How the generation before the present one ended; TOMBSTONE_NONE once the place was initialised anew. */
struct lock_tombstone lock_table_tombstone(const struct lock_table *table, uint64_t address, uint8_t kind);
/* That its memory was freed has been reported with a use of it: the tombstone is TOMBSTONE_TOLD from now on. */
void lock_table_told(struct lock_table *table, uint64_t address, uint8_t kind);
/* Undoes the end of the last generation: the call that would have ended it has failed. */
void lock_table_revive(struct lock_table *table, uint64_t address, uint8_t kind);
typedef void lock_sink(void *context, struct lock *lock);
/* Ends all locks in the block, notes that they lay there, and calls sink for each of them before.  A lock there that
 * was destroyed shortly before counts as ended with the block.  True: there was either. */
bool lock_table_block_ended(struct lock_table *table, const struct ended_block *block, struct lock_tombstone tombstone,
                            lock_sink *sink, void *context);
/* Adds the counts of ended locks, if nothing refers to them, to another lock of their class, and forgets them.
 * edges_in and edges_out must be up to date. */
void lock_table_fold(struct lock_table *table);

#endif
