#include "tools/confirm/confirm_turns.h"

#include <stdlib.h>
#include <string.h>

#include "tools/base/compare.h"
#include "tools/base/memory.h"

struct turn {
	uint32_t prediction; /* index */
	uint32_t group;      /* the lowest index of the predictions of its group */
	int64_t tried, chances;
};

/* ---- groups ---------------------------------------------------------------------------------- */

static bool same_stack(const struct confirm *confirm, const struct rt_plan_stack *a, const struct rt_plan_stack *b)
{
	return a->count && a->count == b->count &&
	       !memcmp(&confirm->frames[a->first], &confirm->frames[b->first], a->count * sizeof *confirm->frames);
}

static bool has_lock(const struct edge_locks *edge, uint64_t lock)
{
	return lock && (edge->held == lock || edge->wanted == lock);
}

static bool same_lock(const struct edge_locks *a, const struct edge_locks *b)
{
	return has_lock(a, b->held) || has_lock(a, b->wanted);
}

/* same_process: addresses of both are those of one process. */
static bool edges_meet(const struct confirm *confirm, uint32_t a, uint32_t b, bool same_process)
{
	const struct rt_plan_edge *one = &confirm->edges[a], *other = &confirm->edges[b];

	return (same_process && same_lock(&confirm->locks[a], &confirm->locks[b])) ||
	       same_stack(confirm, &one->held, &other->held) || same_stack(confirm, &one->wanted, &other->wanted) ||
	       same_stack(confirm, &one->held, &other->wanted) || same_stack(confirm, &one->wanted, &other->held);
}

static bool predictions_meet(const struct confirm *confirm, uint32_t a, uint32_t b)
{
	const struct prediction *one = &confirm->predictions[a], *other = &confirm->predictions[b];
	bool same_process = one->run == other->run && one->process == other->process;

	for (uint32_t i = 0; i < one->edges; i++)
		for (uint32_t k = 0; k < other->edges; k++)
			if (edges_meet(confirm, one->first + i, other->first + k, same_process))
				return true;
	return false;
}

static void unite(struct turn *turns, uint32_t count, uint32_t a, uint32_t b)
{
	uint32_t low = a < b ? a : b, high = a < b ? b : a;

	for (uint32_t i = 0; i < count; i++)
		if (turns[i].group == high)
			turns[i].group = low;
}

static void find_groups(const struct confirm *confirm, struct turn *turns)
{
	uint32_t count = (uint32_t)confirm->count;

	for (uint32_t i = 0; i < count; i++)
		for (uint32_t k = 0; k < i; k++)
			if (turns[i].group != turns[k].group && predictions_meet(confirm, i, k))
				unite(turns, count, turns[i].group, turns[k].group);
}

/* ---- order ----------------------------------------------------------------------------------- */

static int by_turn(const void *left, const void *right)
{
	const struct turn *a = left, *b = right;
	int order = compare_next(compare_numbers(a->group, b->group), (uint64_t)a->tried, (uint64_t)b->tried);

	return compare_next(compare_next(order, (uint64_t)a->chances, (uint64_t)b->chances), a->prediction,
	                    b->prediction);
}

static struct turn *make_turns(const struct confirm *confirm)
{
	struct turn *turns = memory_zeroed(confirm->count + 1, sizeof *turns);

	for (uint32_t i = 0; i < confirm->count; i++)
		turns[i] = (struct turn){i, i, confirm->predictions[i].tried, confirm->predictions[i].chances};
	find_groups(confirm, turns);
	qsort(turns, confirm->count, sizeof *turns, by_turn);
	return turns;
}

void confirm_set_turns(struct confirm *confirm)
{
	struct turn *turns = make_turns(confirm);
	uint32_t group = 0;

	confirm->cycles = memory_zeroed(confirm->count + 1, sizeof *confirm->cycles);
	for (uint32_t i = 0; i < confirm->count; i++) {
		const struct prediction *prediction = &confirm->predictions[turns[i].prediction];

		if (turns[i].group != turns[group].group)
			group = i;
		confirm->cycles[i] = (struct rt_plan_cycle){
		    .first = prediction->first, .edges = prediction->edges, .group = group, .turn = group};
		for (uint32_t k = 0; k < prediction->edges; k++)
			confirm->edges[prediction->first + k].cycle = i;
	}
	free(turns);
}
