/*
 * The holders of blocks: sites (allocation stack and function) and threads, with their counts and their exact shares of
 * the process's peak.
 *
 * The shares cost O(1) for each event.  Each new maximum of the process's live bytes gets a serial number.  Before the
 * live counts of a holder change, it saves them if the latest maximum is newer than its last save.  A holder that has
 * not changed since the maximum has its share in its live counts.
 */
#ifndef RINGTAIL_ANALYSE_HEAP_SITES_H
#define RINGTAIL_ANALYSE_HEAP_SITES_H

#include "tools/analyse/heap/churn.h"
#include "tools/analyse/heap/heap.h"
#include "tools/analyse/id_index.h"

struct holder {         /* of blocks: a site or a thread */
	uint64_t saved; /* serial of the maximum at which counts.peak_* were saved */
	struct heap_counts counts;
};

/* The part of a site's blocks that belongs to one group of threads.  The first group that allocates at a site has no
 * share of its own: its part is the site's counts less all shares. */
struct share {
	struct holder holder;
	uint32_t group;
	uint32_t next; /* index + 1 of the next share of the site */
};

struct site {
	struct holder holder;
	uint32_t stack;
	uint32_t next;   /* index + 1 of the next site of the same stack */
	uint32_t group;  /* the first group that allocated there */
	uint32_t shares; /* index + 1 of the first share of another group */
	uint8_t type;
	struct churn churn;
};

struct heap_actor { /* a thread */
	struct holder holder;
	uint32_t id;
	uint32_t group;  /* of threads; 0: not known */
	uint64_t latest; /* stamp of its last event */
	uint32_t opens;  /* libraries whose calls of malloc and free may pass unseen at present */
	uint32_t serial; /* of the block that it allocated last */
};

struct site_table {
	uint32_t *by_stack; /* index + 1 of the first site of a stack */
	size_t by_stack_room;
	uint32_t stack_limit;
	struct site *items;
	size_t count, room;
	struct share *shares;
	size_t share_count, share_room;
};

struct actor_table {
	struct id_index by_id;
	struct heap_actor *items;
	size_t count, room;
};

void sites_init(struct site_table *table, const struct ring_file *ring);
void sites_free(struct site_table *table);
uint32_t sites_add(struct site_table *table, uint32_t stack, uint8_t type, uint64_t serial);
uint32_t sites_add_share(struct site_table *table, uint32_t site, uint32_t group, uint64_t serial);
void actors_init(struct actor_table *table);
void actors_free(struct actor_table *table);
uint32_t actors_add(struct actor_table *table, uint32_t id, uint64_t serial);

/* Index + 1 of the first site of a stack; 0: it has none. */
static inline uint32_t sites_first(const struct site_table *table, uint32_t stack)
{
	return stack < table->by_stack_room ? table->by_stack[stack] : 0;
}

/* Index of the site, which is made if it is new. */
static inline uint32_t sites_get(struct site_table *table, uint32_t stack, uint8_t type, uint64_t serial)
{
	uint32_t site;

	if (stack >= table->stack_limit)
		stack = RT_STACK_NONE;
	for (site = sites_first(table, stack); site; site = table->items[site - 1].next)
		if (table->items[site - 1].type == type)
			return site - 1;
	return sites_add(table, stack, type, serial);
}

static inline void site_prefetch(const struct site *site)
{
	__builtin_prefetch(site, 1);
	__builtin_prefetch((const char *)site + 64, 1);
}

static inline void sites_prefetch(const struct site_table *table, uint32_t stack)
{
	uint32_t site = sites_first(table, stack);

	if (site)
		site_prefetch(&table->items[site - 1]);
}

/* Index + 1 of the group's share of a site; 0 for the site's first group.  Call it before the site gains the block. */
static inline uint32_t sites_share(struct site_table *table, uint32_t index, uint32_t group, uint64_t serial)
{
	struct site *site = &table->items[index];
	uint32_t share;

	if (!site->holder.counts.allocations)
		site->group = group;
	if (site->group == group)
		return 0;
	for (share = site->shares; share; share = table->shares[share - 1].next)
		if (table->shares[share - 1].group == group)
			return share;
	return sites_add_share(table, index, group, serial);
}

static inline uint32_t actors_get(struct actor_table *table, uint32_t id, uint64_t serial)
{
	uint32_t found = id_index_get(&table->by_id, id);

	return __builtin_expect(found != 0, 1) ? found - 1 : actors_add(table, id, serial);
}

/* Call this before the live counts of a holder change. */
static inline void holder_save_peak(struct holder *holder, uint64_t serial)
{
	if (holder->saved == serial)
		return;
	holder->counts.peak_bytes = holder->counts.live_bytes;
	holder->counts.peak_blocks = holder->counts.live_blocks;
	holder->saved = serial;
}

static inline void holder_gain(struct holder *holder, uint64_t serial, uint64_t size)
{
	holder_save_peak(holder, serial);
	holder->counts.allocations++;
	holder->counts.allocated_bytes += size;
	holder->counts.live_blocks++;
	holder->counts.live_bytes += size;
	if (size > holder->counts.largest)
		holder->counts.largest = size;
}

static inline void holder_lose(struct holder *holder, uint64_t serial, uint64_t size)
{
	holder_save_peak(holder, serial);
	holder->counts.live_blocks--;
	holder->counts.live_bytes -= size;
}

#endif
