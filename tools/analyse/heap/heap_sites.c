#include "tools/analyse/heap/heap_sites.h"

#include <stdlib.h>

#include "tools/base/memory.h"

/* Stack ids come from a file that may be damaged: the table has no more room than the file's stack tree. */
static uint32_t stack_limit(const struct ring_file *ring)
{
	uint64_t nodes = ring->header.nodes.count;

	return nodes > RT_STACK_MAX - RT_NODE_FIRST ? RT_STACK_MAX + 1u : (uint32_t)nodes + RT_NODE_FIRST;
}

void sites_init(struct site_table *table, const struct ring_file *ring)
{
	*table = (struct site_table){.stack_limit = stack_limit(ring)};
}

void sites_free(struct site_table *table)
{
	free(table->by_stack);
	free(table->items);
	free(table->shares);
	*table = (struct site_table){0};
}

/* serial: of the present peak, at which a new site had no live block. */
uint32_t sites_add(struct site_table *table, uint32_t stack, uint8_t type, uint64_t serial)
{
	GROW(table->items, table->room, table->count + 1);
	if (stack >= table->by_stack_room)
		table->by_stack = memory_grow_zeroed(table->by_stack, &table->by_stack_room, stack + (size_t)1,
		                                     table->stack_limit, sizeof *table->by_stack);
	table->items[table->count] =
	    (struct site){.holder.saved = serial, .stack = stack, .type = type, .next = table->by_stack[stack]};
	table->by_stack[stack] = (uint32_t)++table->count;
	return (uint32_t)table->count - 1;
}

uint32_t sites_add_share(struct site_table *table, uint32_t site, uint32_t group, uint64_t serial)
{
	GROW(table->shares, table->share_room, table->share_count + 1);
	table->shares[table->share_count] =
	    (struct share){.holder.saved = serial, .group = group, .next = table->items[site].shares};
	table->items[site].shares = (uint32_t)++table->share_count;
	return table->items[site].shares;
}

/* Thread 0 stands for threads that are not known, and always exists. */
void actors_init(struct actor_table *table)
{
	*table = (struct actor_table){0};
	actors_add(table, 0, 0);
}

void actors_free(struct actor_table *table)
{
	id_index_free(&table->by_id);
	free(table->items);
	*table = (struct actor_table){0};
}

uint32_t actors_add(struct actor_table *table, uint32_t id, uint64_t serial)
{
	GROW(table->items, table->room, table->count + 1);
	table->items[table->count] = (struct heap_actor){.holder.saved = serial, .id = id};
	id_index_put(&table->by_id, id, (uint32_t)++table->count);
	return (uint32_t)table->count - 1;
}
