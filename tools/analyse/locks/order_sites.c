#include "tools/analyse/locks/order_sites.h"

#include <stdlib.h>

#include "tools/analyse/locks/lock_table.h"
#include "tools/base/compare.h"
#include "tools/base/memory.h"

static int by_classes(const void *left, const void *right)
{
	const struct order_site *a = left, *b = right;

	return compare_next(compare_numbers(a->held_class, b->held_class), a->wanted_class, b->wanted_class);
}

static int by_place(const void *left, const void *right)
{
	const struct order_site *a = left, *b = right;
	int order = compare_next(by_classes(a, b), a->held_stack, b->held_stack);

	return compare_next(order, a->wanted_stack, b->wanted_stack);
}

static int by_place_and_locks(const void *left, const void *right)
{
	const struct order_site *a = left, *b = right;

	return compare_next(compare_next(by_place(a, b), a->held, b->held), a->wanted, b->wanted);
}

static int by_classes_and_time(const void *left, const void *right)
{
	const struct order_site *a = left, *b = right;
	int order = compare_next(by_classes(a, b), a->at, b->at);

	return order ? order : by_place(a, b);
}

static int by_rank_and_time(const void *left, const void *right)
{
	const struct order_site *a = left, *b = right;
	int order = compare_next(compare_numbers(a->rank, b->rank), a->at, b->at);

	return order ? order : by_place(a, b);
}

static struct order_site site_of(const struct order_edge *edge, struct lock_classes *classes)
{
	struct order_site site = {.held_class = lock_classes_get(classes, edge->held)->id,
	                          .wanted_class = lock_classes_get(classes, edge->wanted)->id,
	                          .held_stack = edge->key.held_stack,
	                          .wanted_stack = edge->key.wanted_stack,
	                          .pairs = 1,
	                          .held = edge->key.held,
	                          .wanted = edge->key.wanted,
	                          .at = UINT64_MAX};

	for (uint32_t i = 0; i < edge->witness_count; i++)
		if (edge->witnesses[i].wanted_at < site.at) {
			site.at = edge->witnesses[i].wanted_at;
			site.thread = edge->witnesses[i].thread;
		}
	return site;
}

/* Lists a site for each edge; several edges may have the same site. */
static size_t list(const struct lock_order *order, struct lock_classes *classes, struct order_site *sites)
{
	size_t count = 0;

	for (const struct order_edge *edge = order->edges; edge; edge = edge->hh.next)
		sites[count++] = site_of(edge, classes);
	return count;
}

/* Merges a site of the same place, where other locks of these classes, or another set of locks, were held. */
static void merge(struct order_site *site, const struct order_site *other, bool same_locks)
{
	site->pairs += !same_locks;
	if (other->at < site->at) {
		site->at = other->at;
		site->thread = other->thread;
	}
}

/* Unites sites, which are sorted by by_place_and_locks.  Returns the number that is left. */
static size_t unite(struct order_site *sites, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++)
		if (kept && by_place(&sites[kept - 1], &sites[i]) == 0)
			merge(&sites[kept - 1], &sites[i], by_place_and_locks(&sites[i - 1], &sites[i]) == 0);
		else
			sites[kept++] = sites[i];
	return kept;
}

static void rank(struct order_site *sites, size_t count)
{
	qsort(sites, count, sizeof *sites, by_classes_and_time);
	for (size_t i = 1; i < count; i++)
		if (by_classes(&sites[i - 1], &sites[i]) == 0)
			sites[i].rank = sites[i - 1].rank + 1;
	qsort(sites, count, sizeof *sites, by_rank_and_time);
}

struct order_site *order_sites(const struct lock_order *order, struct lock_classes *classes, size_t *count)
{
	struct order_site *sites = memory_zeroed(HASH_COUNT(order->edges) + (size_t)1, sizeof *sites);

	*count = list(order, classes, sites);
	qsort(sites, *count, sizeof *sites, by_place_and_locks);
	*count = unite(sites, *count);
	rank(sites, *count);
	if (*count > ORDER_SITES_MOST)
		*count = ORDER_SITES_MOST;
	return sites;
}
