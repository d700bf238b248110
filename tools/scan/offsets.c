#include "tools/scan/offsets.h"

#include <stdlib.h>

#include "tools/base/compare.h"
#include "tools/base/memory.h"
#include "tools/base/u64_map.h"
#include "tools/finding/leak_groups.h"

#define CANDIDATES_MOST 8u
#define BLOCKS_LEAST    2u

struct held { /* a block that is possible, and where a pointer leads into it */
	uint32_t block;
	uint64_t offset;
};

struct site {
	uint32_t number;
	uint64_t live, held; /* blocks */
	uint64_t candidates[CANDIDATES_MOST];
	unsigned candidate_count;
};

struct sites {
	struct u64_map index; /* by number: index + 1 */
	struct site *items;
	size_t count, room;
};

/* ---- pointers behind the start ------------------------------------------------------------- */

static bool is_reached(const struct graph *graph, size_t from)
{
	return from == graph->index.count || graph->index.blocks[from].class == LEAK_REACHABLE ||
	       graph->index.blocks[from].class == LEAK_POSSIBLE;
}

static int by_block_and_offset(const void *left, const void *right)
{
	const struct held *a = left, *b = right;

	return compare_next(compare_numbers(a->block, b->block), a->offset, b->offset);
}

/* Those that lead from what is reached to possible blocks; malloced, sorted. */
static struct held *collect(const struct graph *graph, size_t *count)
{
	struct held *list = NULL;
	size_t room = 0, from = 0;

	*count = 0;
	for (size_t i = 0; i < graph->interior_count; i++) {
		const struct interior *interior = &graph->interiors[i];
		uint32_t edge = graph->edges[interior->edge], block = edge & ~EDGE_INTERIOR;

		while (interior->edge >= graph->first[from + 1])
			from++;
		if (edge == NO_EDGE || !(edge & EDGE_INTERIOR) || graph->index.blocks[block].class != LEAK_POSSIBLE ||
		    !is_reached(graph, from))
			continue;
		GROW(list, room, *count + 1);
		list[(*count)++] =
		    (struct held){block, interior_offset(&graph->index.blocks[block], interior->pointer)};
	}
	if (*count)
		qsort(list, *count, sizeof *list, by_block_and_offset);
	return list;
}

/* ---- sites --------------------------------------------------------------------------------- */

static struct site *site_of(struct sites *sites, uint32_t number)
{
	uint64_t found = u64_map_get(&sites->index, (uint64_t)number + 1);

	return found ? &sites->items[found - 1] : NULL;
}

static struct site *site_put(struct sites *sites, uint32_t number)
{
	struct site *site = site_of(sites, number);

	if (site)
		return site;
	GROW(sites->items, sites->room, sites->count + 1);
	sites->items[sites->count++] = (struct site){.number = number};
	u64_map_put(&sites->index, (uint64_t)number + 1, sites->count);
	return &sites->items[sites->count - 1];
}

static bool has_offset(const struct held *list, size_t count, uint64_t offset)
{
	for (size_t i = 0; i < count; i++)
		if (list[i].offset == offset)
			return true;
	return false;
}

/* The offsets of one block: only those that its site's earlier blocks have too remain candidates. */
static void take_block(struct site *site, const struct held *list, size_t count)
{
	unsigned kept = 0;

	if (!site->held++) {
		for (size_t i = 0; i < count && site->candidate_count < CANDIDATES_MOST; i++)
			if (!i || list[i].offset != list[i - 1].offset)
				site->candidates[site->candidate_count++] = list[i].offset;
		return;
	}
	for (unsigned i = 0; i < site->candidate_count; i++)
		if (has_offset(list, count, site->candidates[i]))
			site->candidates[kept++] = site->candidates[i];
	site->candidate_count = kept;
}

static void make_sites(struct sites *sites, const struct graph *graph, const struct held *list, size_t count)
{
	for (size_t start = 0, end; start < count; start = end) {
		for (end = start; end < count && list[end].block == list[start].block; end++)
			;
		take_block(site_put(sites, graph->index.blocks[list[start].block].site), &list[start], end - start);
	}
	for (size_t i = 0; sites->count && i < graph->index.count; i++) {
		struct site *site = site_of(sites, graph->index.blocks[i].site);

		if (site)
			site->live++;
	}
}

static bool holds_at_offset(const struct site *site)
{
	return site->candidate_count && site->held >= BLOCKS_LEAST && 2 * site->held > site->live;
}

/* ---- deciding -------------------------------------------------------------------------------- */

static void choose(struct held_sites *held, const struct sites *sites)
{
	for (size_t i = 0; i < sites->count; i++) {
		const struct site *site = &sites->items[i];

		if (!holds_at_offset(site))
			continue;
		GROW(held->items, held->room, held->count + 1);
		held->items[held->count++] = (struct held_site){.site = site->number, .offset = site->candidates[0]};
	}
}

static int by_site(const void *left, const void *right)
{
	const struct held_site *a = left, *b = right;

	return compare_numbers(a->site, b->site);
}

const struct held_site *offsets_of(const struct held_sites *held, uint32_t site)
{
	struct held_site key = {.site = site};

	return held->count ? bsearch(&key, held->items, held->count, sizeof key, by_site) : NULL;
}

static void count_as_start(struct graph *graph, const struct held_sites *held)
{
	for (size_t i = 0; i < graph->interior_count; i++) {
		uint32_t *edge = &graph->edges[graph->interiors[i].edge];

		if (*edge == NO_EDGE || !(*edge & EDGE_INTERIOR))
			continue;
		const struct live_block *block = &graph->index.blocks[*edge & ~EDGE_INTERIOR];
		const struct held_site *site = offsets_of(held, block->site);
		if (site && interior_offset(block, graph->interiors[i].pointer) == site->offset)
			*edge &= ~EDGE_INTERIOR;
	}
}

bool offsets_apply(struct graph *graph, struct held_sites *held)
{
	struct sites sites = {0};
	size_t count;
	struct held *list = collect(graph, &count);

	make_sites(&sites, graph, list, count);
	choose(held, &sites);
	u64_map_free(&sites.index);
	free(sites.items);
	free(list);
	if (!held->count)
		return false;
	qsort(held->items, held->count, sizeof *held->items, by_site);
	held->possible = memory_zeroed(graph->index.count, 1);
	for (size_t i = 0; i < graph->index.count; i++)
		held->possible[i] = graph->index.blocks[i].class == LEAK_POSSIBLE;
	count_as_start(graph, held);
	return true;
}

void offsets_count(const struct graph *graph, struct held_sites *held)
{
	for (size_t i = 0; i < graph->index.count; i++) {
		const struct live_block *block = &graph->index.blocks[i];
		struct held_site *site;

		if (!held->possible[i] || block->class != LEAK_REACHABLE)
			continue;
		site = (struct held_site *)offsets_of(held, block->site);
		if (site)
			site->blocks++;
	}
}

void held_sites_free(struct held_sites *held)
{
	free(held->items);
	free(held->possible);
	*held = (struct held_sites){0};
}
