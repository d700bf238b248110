/*
 * The lock order graph: which lock a thread wanted while it held which other lock.
 *
 * An edge is one (held, wanted) pair of locks, with both stacks, both modes (shared or exclusive) and the set of all
 * locks held.  Its witnesses tell which threads did that, and when.  Memory grows with distinct edges, and not with how
 * often they occur.  A lock that has ended, and that no cycle can pass through any more, takes its edges with it.
 *
 * A read-write lock that lets writers go first has two more tables, because a waiting writer can stand between two
 * readers: who wants to write it, and who read-locks it again while it reads it.  Both are made of edges too: a writer
 * is an edge that nothing is held for, a second read lock is an edge from the lock to itself.
 */
#ifndef RINGTAIL_ANALYSE_LOCK_ORDER_H
#define RINGTAIL_ANALYSE_LOCK_ORDER_H

#include <uthash.h>

#include "tools/analyse/locks/lock_threads.h"

struct order_witness {
	uint32_t thread, segment;
	uint64_t held_since, wanted_at;
};

/* The most witnesses of an edge.  Half of them are the first ones seen, the others the latest.  When there are more,
 * the ones in the middle are forgotten. */
#define ORDER_WITNESSES 32

struct order_key {
	uint32_t held, wanted; /* ids of the locks */
	uint32_t held_stack, wanted_stack;
	uint32_t set; /* id of the set of all locks held */
	uint32_t held_shared : 1, wanted_shared : 1, zero : 30;
};

struct lock_set;

struct order_edge {
	struct order_key key;
	struct lock *held, *wanted; /* held: NULL in the table of writers */
	struct lock_set *set;
	struct order_witness *witnesses;
	uint32_t witness_count, witness_room, witness_next;
	UT_hash_handle hh;
};

struct lock_set { /* locks held together */
	uint32_t id;
	uint32_t edges; /* number of edges that refer to it; the set is freed with the last of them */
	size_t count;
	UT_hash_handle hh;
	uint64_t members[]; /* lock id << 1 | shared, sorted */
};

struct lock_order { /* zeroed: empty */
	struct order_edge *edges;
	struct order_edge *writers; /* of locks that let writers go first: all that want to write, without a time-out */
	struct order_edge *rereads; /* of such locks: all that want to read them again */
	struct lock_set *sets;
	uint32_t last_set;
	size_t set_members;
	size_t cache_slots;                /* of the order_cache of all threads together */
	size_t prune_edges, prune_members; /* how many the last pruning left */
	bool truncated;                    /* some edges did not fit */
	struct heap_analysis *heap;        /* knows the blocks that contain locks; NULL: none are looked for */
	const struct lock_analysis *locks; /* of which this is a part */
};

void lock_order_free(struct lock_order *order);
/* The thread is about to block for `wanted`, or has acquired it by a call that could have blocked.  It does not hold it
 * yet. */
void lock_order_want(struct lock_order *order, struct lock_thread *thread, struct lock *wanted, bool shared,
                     const struct event *event);
/* The same for a thread that reads `held`, a lock that lets writers go first, and wants to read it again. */
void lock_order_reread(struct lock_order *order, struct lock_thread *thread, const struct held_lock *held,
                       const struct event *event);
/* Prefetches the memory that lock_order_want will need for this event. */
void lock_order_prefetch(const struct lock_thread *thread, const struct event *event);
/* True if the graph has grown so much that pruning is worth it. */
bool lock_order_full(const struct lock_order *order);
/* Drops edges that can be in no cycle any more.  Sets edges_in and edges_out of all locks. */
void lock_order_prune(struct lock_order *order, struct lock_table *table);
/* True if both sets have a lock that two threads cannot hold at a time in these modes: a gate lock. */
bool lock_order_exclude(const struct lock_set *left, const struct lock_set *right);

#endif
