#include "tools/analyse/locks/lock_order.h"

#include <stdlib.h>
#include <string.h>

#include "tools/base/compare.h"
#include "tools/base/memory.h"
#include "tools/analyse/locks/lock_blocks.h"

#define MAX_EDGES       (1u << 20)
#define MAX_SET_MEMBERS (1u << 24)
#define FIRST_PRUNE     (1u << 16)
#define CACHE_LEAST     1024u /* hashes of a thread */
#define CACHE_GROUP     4u    /* hashes that are searched together: half a cache line */
#define CACHE_MOST      65536u
#define CACHE_MOST_ALL  (1u << 22) /* of all threads: 32 MiB */

static void set_drop(struct lock_order *order, struct lock_set *set)
{
	order->set_members -= set->count;
	HASH_DEL(order->sets, set);
	free(set);
}

static void edge_drop(struct lock_order *order, struct order_edge **table, struct order_edge *edge)
{
	HASH_DEL(*table, edge);
	if (--edge->set->edges == 0)
		set_drop(order, edge->set);
	free(edge->witnesses);
	free(edge);
}

static void table_free(struct lock_order *order, struct order_edge **table)
{
	struct order_edge *edge, *next;

	HASH_ITER(hh, *table, edge, next)
	edge_drop(order, table, edge);
}

void lock_order_free(struct lock_order *order)
{
	table_free(order, &order->edges);
	table_free(order, &order->writers);
	table_free(order, &order->rereads);
	*order = (struct lock_order){0};
}

/* ---- sets of locks ---------------------------------------------------------------- */

static size_t list_members(const struct lock_thread *thread, uint64_t *members)
{
	size_t count = 0;

	for (size_t i = 0; i < thread->count; i++)
		if (!thread->held[i].lock->ended)
			members[count++] = (uint64_t)thread->held[i].id << 1 | thread->held[i].shared;
	if (count > 1)
		qsort(members, count, sizeof *members, compare_numbers_at);
	return count;
}

static struct lock_set *set_add(struct lock_order *order, const uint64_t *members, size_t count)
{
	struct lock_set *set = memory_zeroed(1, sizeof *set + count * sizeof *set->members);

	set->id = ++order->last_set;
	set->count = count;
	memcpy(set->members, members, count * sizeof *members);
	order->set_members += count;
	HASH_ADD_KEYPTR(hh, order->sets, set->members, count * sizeof *set->members, set);
	return set;
}

/* The set of locks that the thread holds; NULL: there is no room for the set. */
static struct lock_set *set_of(struct lock_order *order, const struct lock_thread *thread)
{
	uint64_t few[16], *members = few;
	struct lock_set *set;
	size_t count;

	if (thread->count > sizeof few / sizeof *few)
		members = memory_zeroed(thread->count, sizeof *members);
	count = list_members(thread, members);
	HASH_FIND(hh, order->sets, members, count * sizeof *members, set);
	if (!set && order->set_members + count <= MAX_SET_MEMBERS)
		set = set_add(order, members, count);
	if (members != few)
		free(members);
	return set;
}

bool lock_order_exclude(const struct lock_set *left, const struct lock_set *right)
{
	for (size_t i = 0, j = 0; i < left->count && j < right->count;) {
		uint64_t a = left->members[i], b = right->members[j];

		if (a >> 1 == b >> 1 && !(a & b & 1))
			return true;
		i += a >> 1 <= b >> 1;
		j += b >> 1 <= a >> 1;
	}
	return false;
}

/* ---- edges -------------------------------------------------------------------------- */

static void add_witness(struct order_edge *edge, struct order_witness witness)
{
	size_t room = edge->witness_room;

	for (uint32_t i = 0; i < edge->witness_count; i++)
		if (edge->witnesses[i].thread == witness.thread && edge->witnesses[i].segment == witness.segment)
			return;
	if (edge->witness_count == ORDER_WITNESSES) {
		edge->witnesses[ORDER_WITNESSES / 2 + edge->witness_next++ % (ORDER_WITNESSES / 2)] = witness;
		return;
	}
	if (edge->witness_count == edge->witness_room) {
		edge->witnesses = memory_grow(edge->witnesses, &room, room ? room + 1 : 1, sizeof *edge->witnesses);
		edge->witness_room = (uint32_t)room;
	}
	edge->witnesses[edge->witness_count++] = witness;
}

static struct order_edge *edge_get(struct lock_order *order, struct order_edge **table, const struct order_key *key,
                                   struct lock_set *set)
{
	struct order_edge *edge;

	HASH_FIND(hh, *table, key, sizeof *key, edge);
	if (edge)
		return edge;
	if (HASH_COUNT(*table) >= MAX_EDGES) {
		order->truncated = true;
		return NULL;
	}
	edge = memory_zeroed(1, sizeof *edge);
	edge->key = *key;
	edge->set = set;
	set->edges++;
	HASH_ADD(hh, *table, key, sizeof edge->key, edge);
	return edge;
}

/* The thread holds the one lock still, and comes to the other. */
static void note_uses(const struct lock_order *order, const struct held_lock *held, struct lock *wanted,
                      const struct event *event)
{
	lock_uses_begin(order->locks, held->lock, event->stamp);
	lock_uses_begin(order->locks, wanted, event->stamp);
	if (held->lock->uses) {
		lock_uses_note(held->lock->uses, held->stack, held->since);
		lock_uses_note(held->lock->uses, held->stack, event->stamp);
	}
	if (wanted->uses)
		lock_uses_note(wanted->uses, event->stack, event->stamp);
}

static void add_edge(struct lock_order *order, struct order_edge **table, const struct lock_thread *thread,
                     const struct held_lock *held, struct lock_set *set, struct lock *wanted, bool shared,
                     const struct event *event)
{
	struct order_key key = {.held = held->id,
	                        .wanted = wanted->result.id,
	                        .held_stack = held->stack,
	                        .wanted_stack = event->stack,
	                        .set = set->id,
	                        .held_shared = held->shared,
	                        .wanted_shared = shared};
	struct order_edge *edge = edge_get(order, table, &key, set);

	if (!edge)
		return;
	edge->held = held->lock;
	edge->wanted = wanted;
	lock_block_note(order->heap, &held->lock->result);
	lock_block_note(order->heap, &wanted->result);
	note_uses(order, held, wanted, event);
	add_witness(edge, (struct order_witness){thread->id, thread->segment, held->since, event->stamp});
}

/* A thread that wants to write a lock, whatever it holds. */
static void add_writer(struct lock_order *order, const struct lock_thread *thread, struct lock_set *set,
                       struct lock *wanted, const struct event *event)
{
	struct order_key key = {.wanted = wanted->result.id, .wanted_stack = event->stack, .set = set->id};
	struct order_edge *writer = edge_get(order, &order->writers, &key, set);

	if (!writer)
		return;
	writer->wanted = wanted;
	add_witness(writer, (struct order_witness){thread->id, thread->segment, 0, event->stamp});
}

/* The set of what the thread holds, if edges can be added.  To be given to set_settle. */
static struct lock_set *set_for_edges(struct lock_order *order, const struct lock_thread *thread)
{
	struct lock_set *set = set_of(order, thread);

	order->truncated |= !set;
	return set;
}

/* Drops the set if no edge was added. */
static void set_settle(struct lock_order *order, struct lock_set *set)
{
	if (!set->edges)
		set_drop(order, set);
}

static void add_edges(struct lock_order *order, const struct lock_thread *thread, struct lock *wanted, bool shared,
                      bool writes, const struct event *event)
{
	struct lock_set *set = set_for_edges(order, thread);

	if (!set)
		return;
	for (size_t i = 0; i < thread->count && !order->truncated; i++)
		if (thread->held[i].lock != wanted && !thread->held[i].lock->ended)
			add_edge(order, &order->edges, thread, &thread->held[i], set, wanted, shared, event);
	if (writes && !order->truncated)
		add_writer(order, thread, set, wanted, event);
	set_settle(order, set);
}

static uint64_t *group_of(const struct order_cache *cache, uint64_t number)
{
	return &cache->hashes[u64_mix(number) & (cache->slots - CACHE_GROUP)];
}

static bool group_has(const uint64_t *group, uint64_t hash)
{
	bool has = false;

	for (unsigned i = 0; i < CACHE_GROUP; i++)
		has |= group[i] == hash;
	return has;
}

/* Puts the hash into the group.  Returns the oldest hash, which it replaces; 0: there was room. */
static uint64_t group_put(uint64_t *group, uint64_t hash)
{
	uint64_t last = group[CACHE_GROUP - 1];

	memmove(group + 1, group, (CACHE_GROUP - 1) * sizeof *group);
	group[0] = hash;
	return last;
}

static uint64_t near_number(const struct event *event) { return event->object ^ (uint64_t)event->stack << 40; }

/* A new hash is put into the group of its call site, which can be prefetched before the held locks are known.  The hash
 * that it pushes out moves to the group of its own value.  So a site may have many hashes. */
static bool cache_has(struct order_cache *cache, uint64_t near, uint64_t hash)
{
	uint64_t *group = group_of(cache, near), pushed_out;

	if (group_has(group, hash) || group_has(group_of(cache, hash), hash))
		return true;
	cache->missed++;
	pushed_out = group_put(group, hash);
	if (pushed_out)
		group_put(group_of(cache, pushed_out), pushed_out);
	return false;
}

void lock_order_prefetch(const struct lock_thread *thread, const struct event *event)
{
	if (thread->order_cache.slots > CACHE_LEAST)
		__builtin_prefetch(group_of(&thread->order_cache, near_number(event)), 1);
}

/* Makes or enlarges the cache; its hashes are kept. */
static void cache_grow(struct order_cache *cache)
{
	struct order_cache old = *cache;

	cache->slots = old.slots ? old.slots * 4 : CACHE_LEAST;
	cache->hashes = memory_aligned(CACHE_GROUP * sizeof *cache->hashes, cache->slots * sizeof *cache->hashes);
	cache->missed = 0;
	for (uint32_t i = 0; i < old.slots; i++)
		if (old.hashes[i])
			group_put(group_of(cache, old.hashes[i]), old.hashes[i]);
	free(old.hashes);
}

/* True if since it grew the cache had as many misses as half of its room. */
static bool cache_is_small(const struct lock_order *order, const struct order_cache *cache)
{
	return cache->missed * 2 >= cache->slots &&
	       (!cache->slots || (cache->slots < CACHE_MOST && order->cache_slots < CACHE_MOST_ALL));
}

/* True if the cache has the hash of all that decides this acquisition's edges; else adds the hash. */
static bool seen_before(struct lock_order *order, struct lock_thread *thread, const struct lock *wanted, bool shared,
                        const struct event *event)
{
	struct order_cache *cache = &thread->order_cache;
	uint64_t hash =
	    u64_mix((uint64_t)wanted->result.id << 32 | event->stack) + u64_mix(thread->segment * 2ull + shared);

	for (size_t i = 0; i < thread->count; i++) {
		const struct held_lock *held = &thread->held[i];

		hash = u64_mix(hash ^ ((uint64_t)held->id << 32 | held->stack)) + held->shared;
	}
	if (cache_is_small(order, cache)) {
		order->cache_slots -= cache->slots;
		cache_grow(cache);
		order->cache_slots += cache->slots;
	}
	return cache_has(cache, near_number(event), hash);
}

void lock_order_want(struct lock_order *order, struct lock_thread *thread, struct lock *wanted, bool shared,
                     const struct event *event)
{
	bool writes = !shared && !(event->flags & RT_SYNC_TIMED) && lock_lets_writers_first(wanted);

	if (order->truncated || wanted->ended)
		return;
	if (!writes && (!thread->count || (thread->count == 1 && thread->held[0].lock == wanted)))
		return;
	if (!seen_before(order, thread, wanted, shared, event))
		add_edges(order, thread, wanted, shared, writes, event);
}

void lock_order_reread(struct lock_order *order, struct lock_thread *thread, const struct held_lock *held,
                       const struct event *event)
{
	struct lock_set *set;

	if (order->truncated || held->lock->ended || seen_before(order, thread, held->lock, true, event))
		return;
	set = set_for_edges(order, thread);
	if (!set)
		return;
	add_edge(order, &order->rereads, thread, held, set, held->lock, true, event);
	set_settle(order, set);
}

/* ---- pruning ------------------------------------------------------------------------ */

static void count_edges(struct lock_order *order, struct lock_table *table)
{
	struct order_edge *edge;

	for (size_t i = 0; i < table->count; i++)
		table->locks[i]->edges_in = table->locks[i]->edges_out = 0;
	for (edge = order->edges; edge; edge = edge->hh.next) {
		edge->held->edges_out++;
		edge->wanted->edges_in++;
	}
}

/* A lock that has ended gets no new edges.  Without edges in, or without edges out, no cycle can ever pass through
 * it. */
static bool beyond_cycles(const struct lock *lock) { return lock->ended && (!lock->edges_in || !lock->edges_out); }

enum { MARK_WRITERS = 1, MARK_REREADS = 2, MARK_KEPT = 4 };

static bool prune_once(struct lock_order *order)
{
	struct order_edge *edge, *next;
	bool any = false;

	HASH_ITER(hh, order->edges, edge, next)
	{
		if (!beyond_cycles(edge->held) && !beyond_cycles(edge->wanted))
			continue;
		edge->held->edges_out--;
		edge->wanted->edges_in--;
		edge_drop(order, &order->edges, edge);
		any = true;
	}
	return any;
}

/* Marks the locks of a table's edges. */
static void mark_locks(const struct order_edge *table, uint8_t mark)
{
	for (const struct order_edge *edge = table; edge; edge = edge->hh.next)
		edge->wanted->marks |= mark;
}

/* Writers and second read locks of a lock that has ended matter where a cycle can pass through it, or where both are
 * there.  Else they are dropped.  A lock that keeps some counts as one with edges. */
static void prune_readers_and_writers(struct lock_order *order, struct lock_table *table)
{
	struct order_edge **const tables[] = {&order->writers, &order->rereads};
	struct order_edge *edge, *next;

	for (size_t i = 0; i < table->count; i++)
		table->locks[i]->marks = 0;
	mark_locks(order->writers, MARK_WRITERS);
	mark_locks(order->rereads, MARK_REREADS);
	for (size_t i = 0; i < table->count; i++)
		if (!beyond_cycles(table->locks[i]) || table->locks[i]->marks == (MARK_WRITERS | MARK_REREADS))
			table->locks[i]->marks |= MARK_KEPT;
	for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
		HASH_ITER(hh, *tables[i], edge, next)
		{
			if (edge->wanted->marks & MARK_KEPT)
				edge->wanted->edges_in++;
			else
				edge_drop(order, tables[i], edge);
		}
}

bool lock_order_full(const struct lock_order *order)
{
	return HASH_COUNT(order->edges) > FIRST_PRUNE + 2 * order->prune_edges ||
	       order->set_members > FIRST_PRUNE * 8 + 2 * order->prune_members;
}

void lock_order_prune(struct lock_order *order, struct lock_table *table)
{
	count_edges(order, table);
	for (unsigned pass = 0; pass < 8 && prune_once(order); pass++)
		;
	prune_readers_and_writers(order, table);
	order->prune_edges = HASH_COUNT(order->edges);
	order->prune_members = order->set_members;
}
