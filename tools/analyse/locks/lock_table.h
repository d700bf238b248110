/*
 * The synchronisation objects of a process.  An object is (address,
 * generation): initialising it again, destroying it or freeing the block it
 * lies in ends a generation, and what comes at the address next is another.
 */
#ifndef RINGTAIL_ANALYSE_LOCK_TABLE_H
#define RINGTAIL_ANALYSE_LOCK_TABLE_H

#include <stddef.h>

#include "tools/analyse/locks/lock_classes.h"
#include "tools/analyse/locks/locks.h"
#include "tools/base/u64_map.h"

/* How the last generation at an address ended. */
struct lock_tombstone {
	enum { TOMBSTONE_NONE, TOMBSTONE_DESTROYED, TOMBSTONE_FREED } how;
	uint8_t kind;
	uint32_t thread, stack; /* of the call that ended it */
	uint64_t stamp;
};

struct lock_use { /* a call of a thread on it */
	uint32_t thread, stack;
	uint64_t stamp; /* 0: there was none */
};

/* Who is blocked for certain on a condition, a semaphore or a barrier: waits without a time-out less all that
 * may have ended one.  A signal counts until its thread's next event, since the call itself comes after its
 * record. */
#define WAKERS_KNOWN 6

struct sync_order;

struct sync_state {
	struct sync_order *order; /* semaphores and barriers: sync_order.h */
	uint32_t wakers[WAKERS_KNOWN]; /* threads that signalled, posted, or came to the barrier so far */
	uint32_t waker_count;          /* more than WAKERS_KNOWN: there were others too */
	struct lock_use waker;         /* the latest of them */
	uint32_t blocked, woken;
	uint32_t thread, stack; /* of the latest of them to wait */
	uint64_t since;
	uint64_t mutex;     /* condition: that they gave back */
	uint32_t arrivals;  /* barrier: of this round */
	int64_t value;      /* semaphore: at most; counted from its initialisation on */
	struct {            /* condition: the last signal that nobody waited for */
		uint32_t thread, stack;
		uint64_t stamp;
		uint64_t mutexes[8]; /* that the signaller held, or had held since its signal before */
	} wasted;
};

#define LOCK_HOT_BYTES 128

struct lock {
	/* Of every event, to the first half of the result. */
	struct lock_class *class;  /* NULL until asked for */
	struct sync_state *sync;   /* NULL until needed */
	struct lock_use taken;     /* the last time that it was */
	bool init_seen;
	bool maybe_foreign; /* process-shared: others may hold it, or end a wait for it */
	bool used;  /* by anything but its initialisation */
	bool ended; /* its generation is over */
	uint32_t holders;          /* threads that hold it, in any mode */
	uint32_t init_type;        /* PTHREAD_MUTEX_* */
	uint32_t init_flags;       /* RT_INIT_* */
	uint32_t init_value;       /* of a semaphore or barrier */
	uint32_t opens;            /* a named semaphore: times opened */
	uint32_t edges_in, edges_out; /* of the lock order, as last counted */
	struct lock_result result; /* owner: who holds it exclusively now */
	struct lock *page_next, *page_previous;
};
_Static_assert(offsetof(struct lock, result.contended) == LOCK_HOT_BYTES, "what every event touches");

struct lock_place { /* an address */
	struct lock *lock;      /* the present generation, NULL between two */
	struct lock *latest;    /* the last one, for undoing its end */
	uint32_t generations;   /* so far */
	struct lock_tombstone tombstone;
};

struct lock_last { /* the place that was asked for last */
	uint64_t key, place; /* index + 1; 0: none */
};

struct lock_table { /* zeroed: empty */
	struct lock_last last;
	struct u64_map by_address; /* index + 1 into places */
	struct lock_place *places;
	size_t place_count, place_room;
	struct u64_map by_page;    /* first lock of a page of 4096 bytes */
	uint64_t page_filter[64];  /* a bit for each hash of a page that ever held a lock */
	struct lock **locks;       /* in the order of their ids, but for those folded */
	size_t count, room;
	size_t ended;              /* of these */
	uint32_t last_id;
	struct lock_classes classes;
};

void lock_table_free(struct lock_table *table);
/* Fetch what an event on this object will need some events later, one after the other: each needs what the one before
 * has fetched. */
void lock_table_prefetch(const struct lock_table *table, uint64_t address, uint8_t kind);
void lock_table_prefetch_place(const struct lock_table *table, uint64_t address, uint8_t kind);
void lock_table_prefetch_lock(const struct lock_table *table, uint64_t address, uint8_t kind);
/* NULL where nothing is known there. */
struct lock *lock_table_find(const struct lock_table *table, uint64_t address, uint8_t kind);
/* What is known of the waits for it; made where it is new. */
struct sync_state *lock_sync(struct lock *lock);
/* The lock that event is about; made where it is new. */
struct lock *lock_table_get(struct lock_table *table, uint64_t address, uint8_t kind, uint32_t stack);
/* That of a call which began before the present generation: the last one, NULL where it is forgotten. */
struct lock *lock_table_latest(const struct lock_table *table, uint64_t address, uint8_t kind);
struct lock *lock_table_init(struct lock_table *table, const struct event *event);
void lock_table_end(struct lock_table *table, struct lock *lock, struct lock_tombstone tombstone);
/* How the generation before the present one ended; TOMBSTONE_NONE once the place was initialised anew. */
struct lock_tombstone lock_table_tombstone(const struct lock_table *table, uint64_t address, uint8_t kind);
/* Its end did not happen after all. */
void lock_table_revive(struct lock_table *table, uint64_t address, uint8_t kind);
typedef void lock_sink(void *context, struct lock *lock);
/* Ends all locks in [address, address + size), each of which sink is told of before. */
void lock_table_block_ended(struct lock_table *table, uint64_t address, uint64_t size,
                            struct lock_tombstone tombstone, lock_sink *sink, void *context);
/* Adds up the ended locks that nothing refers to with others of the same place in the code, and forgets them.
 * edges_in and edges_out must be up to date. */
void lock_table_fold(struct lock_table *table);

#endif
