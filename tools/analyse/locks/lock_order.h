/*
 * The lock order graph: who wanted which lock while holding which.
 *
 * An edge is one (held, wanted) pair of locks with the stacks, the modes and
 * the set of all locks held; who did it, and when, are its witnesses.  Memory
 * grows with distinct edges, not with how often they are walked; a lock that is
 * gone and that no cycle can pass through any more takes its edges with it.
 */
#ifndef RINGTAIL_ANALYSE_LOCK_ORDER_H
#define RINGTAIL_ANALYSE_LOCK_ORDER_H

#include <uthash.h>

#include "tools/analyse/locks/lock_threads.h"

struct order_witness {
	uint32_t thread, segment;
	uint64_t held_since, wanted_at;
};

/* The first half are the first ones seen, the others the latest: with more threads than these, some of those in
 * the middle are forgotten. */
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
	struct lock *held, *wanted;
	struct lock_set *set;
	struct order_witness *witnesses;
	uint32_t witness_count, witness_room, witness_next;
	UT_hash_handle hh;
};

struct lock_set { /* locks held together */
	uint32_t id;
	uint32_t edges; /* that refer to it: with the last of them it goes */
	size_t count;
	UT_hash_handle hh;
	uint64_t members[]; /* lock id << 1 | shared, sorted */
};

struct lock_order { /* zeroed: empty */
	struct order_edge *edges;
	struct lock_set *sets;
	uint32_t last_set;
	size_t set_members;
	size_t cache_slots; /* of all threads */
	size_t prune_edges, prune_members; /* that the last pruning left */
	bool truncated; /* there were more edges than fit */
};

void lock_order_free(struct lock_order *order);
/* thread is about to block for `wanted`, or has got it by a call that would have blocked. */
void lock_order_want(struct lock_order *order, struct lock_thread *thread, struct lock *wanted, bool shared,
                     const struct event *event);
/* Fetches what that will need for a call of this event's. */
void lock_order_prefetch(const struct lock_thread *thread, const struct event *event);
/* Whether it has grown enough for pruning to be worth it. */
bool lock_order_full(const struct lock_order *order);
/* Drops edges that can be in no cycle any more; leaves the numbers of edges in the locks. */
void lock_order_prune(struct lock_order *order, struct lock_table *table);
/* Whether a lock is in both sets that cannot be held by two at a time. */
bool lock_order_exclude(const struct lock_set *left, const struct lock_set *right);

#endif
