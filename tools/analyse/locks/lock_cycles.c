/*
 * Finds the cycles of the lock order.
 *
 * First it finds the strongly connected components (Tarjan): every cycle lies in one, and most lock orders have none.
 * Within a component, for each length from 2 up, it searches from each node through the nodes after it, so that each
 * cycle is found once, at its first node.  Paths that cannot return to the start within the length are cut off by the
 * distance back to the start.
 */
#include "tools/analyse/locks/lock_cycles.h"

#include <stdlib.h>

#include "tools/base/memory.h"

#define FAR UINT32_MAX

struct arc {
	uint32_t to;
	struct order_edge *edge;
};

struct arcs { /* of all nodes: those of node n are items[first[n]] to items[first[n + 1] - 1] */
	uint32_t *first;
	struct arc *items;
};

struct graph {
	uint32_t nodes;
	struct arcs out, in;
	uint32_t *component;
};

struct search {
	const struct graph *graph;
	const struct cycle_visitor *visitor;
	uint64_t budget;
	uint32_t *distance; /* back to the start; FAR: there is no path */
	uint32_t *shortest; /* length of the shortest cycle that starts at a node, as far as known */
	uint32_t *queue;    /* of the search for distances; after it, the nodes that have a distance */
	uint32_t queued;
	bool *on_path;
	uint32_t *path, *next_arc;
	struct order_edge **edges;
};

/* ---- the graph -------------------------------------------------------------------- */

static uint32_t node_of(struct u64_map *nodes, const struct lock *lock)
{
	uint64_t known = u64_map_get(nodes, lock->result.id);

	if (!known)
		u64_map_put(nodes, lock->result.id, known = nodes->count + 1);
	return (uint32_t)known - 1;
}

static struct arcs make_arcs(const struct lock_order *order, struct u64_map *map, bool backwards)
{
	uint32_t nodes = (uint32_t)map->count, edges = HASH_COUNT(order->edges);
	struct arcs arcs = {memory_zeroed(nodes + 2, sizeof *arcs.first), memory_zeroed(edges, sizeof *arcs.items)};
	struct order_edge *edge;

	for (edge = order->edges; edge; edge = edge->hh.next)
		arcs.first[node_of(map, backwards ? edge->wanted : edge->held) + 2]++;
	for (uint32_t i = 0; i < nodes; i++)
		arcs.first[i + 2] += arcs.first[i + 1];
	/* first[n + 1] is the index for the next arc of n; after the last one, it is where the arcs of n + 1 begin. */
	for (edge = order->edges; edge; edge = edge->hh.next) {
		uint32_t from = node_of(map, backwards ? edge->wanted : edge->held);
		uint32_t to = node_of(map, backwards ? edge->held : edge->wanted);

		arcs.items[arcs.first[from + 1]++] = (struct arc){to, edge};
	}
	return arcs;
}

static void graph_init(struct graph *graph, const struct lock_order *order)
{
	struct u64_map map = {0};
	struct order_edge *edge;

	for (edge = order->edges; edge; edge = edge->hh.next) {
		node_of(&map, edge->held);
		node_of(&map, edge->wanted);
	}
	graph->nodes = (uint32_t)map.count;
	graph->out = make_arcs(order, &map, false);
	graph->in = make_arcs(order, &map, true);
	graph->component = memory_zeroed(graph->nodes, sizeof *graph->component);
	u64_map_free(&map);
}

static void graph_free(struct graph *graph)
{
	free(graph->out.first);
	free(graph->out.items);
	free(graph->in.first);
	free(graph->in.items);
	free(graph->component);
}

/* ---- components --------------------------------------------------------------------- */

struct tarjan {
	uint32_t *index, *low, *next_arc; /* index 0: not visited yet */
	uint32_t *open, *calls;           /* stacks */
	uint32_t open_count, call_count, indexes, components;
};

static void enter(struct tarjan *t, const struct graph *graph, uint32_t node)
{
	t->index[node] = t->low[node] = ++t->indexes;
	t->next_arc[node] = graph->out.first[node];
	t->open[t->open_count++] = node;
	t->calls[t->call_count++] = node;
}

static void leave(struct tarjan *t, struct graph *graph, uint32_t node)
{
	uint32_t member;

	t->call_count--;
	if (t->call_count) {
		uint32_t caller = t->calls[t->call_count - 1];

		if (t->low[node] < t->low[caller])
			t->low[caller] = t->low[node];
	}
	if (t->low[node] != t->index[node])
		return;
	t->components++;
	do {
		member = t->open[--t->open_count];
		graph->component[member] = t->components;
	} while (member != node);
}

static void visit(struct tarjan *t, struct graph *graph)
{
	while (t->call_count) {
		uint32_t node = t->calls[t->call_count - 1], to;

		if (t->next_arc[node] == graph->out.first[node + 1]) {
			leave(t, graph, node);
			continue;
		}
		to = graph->out.items[t->next_arc[node]++].to;
		if (!t->index[to])
			enter(t, graph, to);
		else if (!graph->component[to] && t->index[to] < t->low[node])
			t->low[node] = t->index[to];
	}
}

static void find_components(struct graph *graph)
{
	uint32_t *memory = memory_zeroed(graph->nodes * (size_t)5, sizeof *memory), n = graph->nodes;
	struct tarjan t = {.index = memory,
	                   .low = memory + n,
	                   .next_arc = memory + 2 * (size_t)n,
	                   .open = memory + 3 * (size_t)n,
	                   .calls = memory + 4 * (size_t)n};

	for (uint32_t node = 0; node < n; node++) {
		if (t.index[node])
			continue;
		enter(&t, graph, node);
		visit(&t, graph);
	}
	free(memory);
}

/* ---- cycles ------------------------------------------------------------------------- */

static bool spend(struct search *search)
{
	if (!search->budget)
		return false;
	search->budget--;
	return true;
}

/* Measures the distances back to start, up to most, from the nodes after it in its component.  Returns the length of
 * the shortest cycle. */
static uint32_t measure(struct search *search, uint32_t start, uint32_t most)
{
	const struct graph *graph = search->graph;
	uint32_t head = 0, tail = 0, shortest = FAR;

	while (search->queued)
		search->distance[search->queue[--search->queued]] = FAR;
	search->queue[tail++] = start;
	search->distance[start] = 0;
	while (head < tail && search->distance[search->queue[head]] < most) {
		uint32_t node = search->queue[head++];

		for (uint32_t i = graph->in.first[node]; i < graph->in.first[node + 1] && spend(search); i++) {
			uint32_t from = graph->in.items[i].to;

			if (from == start && search->distance[node] + 1 < shortest)
				shortest = search->distance[node] + 1;
			if (from < start || graph->component[from] != graph->component[start] ||
			    search->distance[from] != FAR)
				continue;
			search->distance[from] = search->distance[node] + 1;
			search->queue[tail++] = from;
		}
	}
	search->queued = tail;
	return shortest;
}

static void step_back(struct search *search, uint32_t *depth)
{
	search->on_path[search->path[*depth]] = false;
	--*depth;
}

static void step_on(struct search *search, uint32_t *depth, uint32_t node)
{
	search->path[++*depth] = node;
	search->next_arc[*depth] = search->graph->out.first[node];
	search->on_path[node] = true;
}

/* Reports all cycles of exactly `length` from start.  True: there may be longer ones. */
static bool walk(struct search *search, uint32_t start, uint32_t length)
{
	const struct graph *graph = search->graph;
	bool longer = false;
	uint32_t depth = UINT32_MAX; /* of the path's last node; the first step_on makes it 0 */

	step_on(search, &depth, start);
	while (depth != UINT32_MAX) {
		uint32_t node = search->path[depth], left = length - depth - 1;
		const struct arc *arc = &graph->out.items[search->next_arc[depth]++];

		if (arc == &graph->out.items[graph->out.first[node + 1]] || !spend(search)) {
			step_back(search, &depth);
			continue;
		}
		search->edges[depth] = arc->edge;
		if (arc->to == start && left == 0)
			search->visitor->cycle(search->visitor->context, search->edges, length);
		if (search->on_path[arc->to] || search->distance[arc->to] == FAR)
			continue;
		if (search->distance[arc->to] > left)
			longer = true;
		else
			step_on(search, &depth, arc->to);
	}
	return longer;
}

/* For cycles of length two the neighbours are enough.  Most graphs have no longer cycles, and a search through a large
 * graph is expensive. */
static void search_pairs(struct search *search, uint32_t start)
{
	measure(search, start, 1);
	walk(search, start, 2);
	search->shortest[start] = 3;
}

static void search_from(struct search *search, uint32_t start, uint32_t length)
{
	uint32_t *shortest = &search->shortest[start];

	*shortest = measure(search, start, FAR);
	if (*shortest <= length)
		*shortest = walk(search, start, length) ? length + 1 : FAR;
}

/* Reports all cycles of `length`.  Returns the next length for which there may be cycles; FAR: there are no more. */
static uint32_t search_length(struct search *search, uint32_t length)
{
	uint32_t next = FAR;

	for (uint32_t start = 0; start < search->graph->nodes && search->budget; start++) {
		if (search->shortest[start] <= length && length == 2)
			search_pairs(search, start);
		else if (search->shortest[start] <= length)
			search_from(search, start, length);
		if (search->shortest[start] < next)
			next = search->shortest[start];
	}
	return next;
}

/* Leaves out components all of whose edges are reported: longer cycles are not searched there. */
static void leave_told(struct search *search)
{
	const struct graph *graph = search->graph;
	bool *open = memory_zeroed((size_t)graph->nodes + 1, sizeof *open);

	search->visitor->length_done(search->visitor->context);
	for (uint32_t node = 0; node < graph->nodes; node++) {
		uint32_t component = graph->component[node];

		for (uint32_t i = graph->out.first[node]; i < graph->out.first[node + 1] && !open[component]; i++) {
			const struct arc *arc = &graph->out.items[i];

			open[component] = graph->component[arc->to] == component &&
			                  !search->visitor->is_told(search->visitor->context, arc->edge);
		}
	}
	for (uint32_t node = 0; node < graph->nodes; node++)
		if (!open[graph->component[node]])
			search->shortest[node] = FAR;
	free(open);
}

/* A node alone in its component is on no cycle. */
static void prepare(struct search *search)
{
	const struct graph *graph = search->graph;
	uint32_t *members = memory_zeroed((size_t)graph->nodes + 1, sizeof *members);

	for (uint32_t i = 0; i < graph->nodes; i++)
		members[graph->component[i]]++;
	for (uint32_t i = 0; i < graph->nodes; i++) {
		search->distance[i] = FAR;
		search->shortest[i] = members[graph->component[i]] > 1 ? 2 : FAR;
	}
	free(members);
}

static void search_free(struct search *search)
{
	free(search->distance);
	free(search->shortest);
	free(search->queue);
	free(search->on_path);
	free(search->path);
	free(search->next_arc);
	free(search->edges);
}

bool lock_cycles(const struct lock_order *order, uint64_t budget, const struct cycle_visitor *visitor)
{
	struct graph graph;
	struct search search = {.graph = &graph, .visitor = visitor, .budget = budget};
	size_t nodes;

	graph_init(&graph, order);
	find_components(&graph);
	nodes = (size_t)graph.nodes + 1;
	search.distance = memory_zeroed(nodes, sizeof *search.distance);
	search.shortest = memory_zeroed(nodes, sizeof *search.shortest);
	search.queue = memory_zeroed(nodes, sizeof *search.queue);
	search.on_path = memory_zeroed(nodes, sizeof *search.on_path);
	search.path = memory_zeroed(nodes, sizeof *search.path);
	search.next_arc = memory_zeroed(nodes, sizeof *search.next_arc);
	search.edges = memory_zeroed(nodes, sizeof *search.edges);
	prepare(&search);
	for (uint32_t length = 2; length != FAR && length <= graph.nodes && search.budget;) {
		length = search_length(&search, length);
		if (search.budget)
			leave_told(&search);
	}
	search_free(&search);
	graph_free(&graph);
	return search.budget > 0;
}
