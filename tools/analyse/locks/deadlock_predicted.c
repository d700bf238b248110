/*
 * Makes findings from the cycles of the lock order.  Cycles are grouped by the stacks of their edges, so that a
 * thousand locks of one class make one finding.
 *
 * No deadlock is reported twice in different forms.  Code that can deadlock with itself (one pair of stacks) makes
 * cycles of any length, alone and with any other such code: only the pair alone is a finding.  A longer cycle is a
 * finding only if a part of it is in no shorter finding.
 */
#include <stdlib.h>
#include <string.h>

#include "tools/analyse/locks/deadlock_parts.h"
#include "tools/analyse/locks/lock_cycles.h"
#include "tools/base/compare.h"
#include "tools/base/memory.h"

#define CYCLE_BUDGET (UINT64_C(1) << 23)
#define MAX_GROUPS   1000u
#define MAX_JUDGED   256u /* cycles of a group that are judged */
#define ASSIGN_STEPS 4096u

enum verdict { /* in ascending order of how close a cycle is to a deadlock */
	       SHARED,
	       GATED,
	       TOO_FEW_THREADS,
	       ORDERED,
	       PREDICTED,
};

static const char *const why_not[] = {
    [SHARED] = "the threads only read-lock the locks where their orders meet",
    [GATED] = "another lock is always held around them",
    [TOO_FEW_THREADS] = "too few threads took them in these orders",
    [ORDERED] = "creating and joining threads, a semaphore or a barrier kept them apart in time",
};

struct cycle_group {
	uint64_t signature;
	enum verdict verdict;
	struct order_edge **edges;
	struct order_witness *witnesses; /* one for each edge */
	size_t count;
	uint64_t times;
	unsigned judged;
	bool told; /* its pairs of stacks are in prediction.told */
	UT_hash_handle hh;
};

struct prediction {
	struct lock_analysis *locks;
	const struct u64_map *reported;
	struct cycle_group *groups;
	struct u64_map told; /* the pairs of stacks in predicted deadlocks of shorter lengths */
	bool truncated;
};

struct assignment { /* assigns a witness to each edge */
	struct happens_before *before;
	struct order_edge *const *edges;
	struct order_witness *chosen;
	size_t count;
	bool concurrent; /* the witnesses must also be concurrent */
	unsigned steps;
};

/* ---- filters ------------------------------------------------------------------------ */

static bool compatible(const struct assignment *a, const struct order_witness *one, const struct order_witness *two)
{
	if (one->thread == two->thread)
		return false;
	return !a->concurrent || (!happens_before(a->before, one->segment, two->segment) &&
	                          !happens_before(a->before, two->segment, one->segment));
}

static bool fits(const struct assignment *a, size_t position, const struct order_witness *witness)
{
	for (size_t i = 0; i < position; i++)
		if (!compatible(a, &a->chosen[i], witness))
			return false;
	return true;
}

static bool assign(struct assignment *a, size_t position)
{
	const struct order_edge *edge;

	if (position == a->count)
		return true;
	edge = a->edges[position];
	for (uint32_t i = 0; i < edge->witness_count && a->steps++ < ASSIGN_STEPS; i++) {
		if (!fits(a, position, &edge->witnesses[i]))
			continue;
		a->chosen[position] = edge->witnesses[i];
		if (assign(a, position + 1))
			return true;
	}
	return false;
}

static bool blocks_nowhere(struct order_edge *const *edges, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (edges[i]->key.wanted_shared && edges[(i + 1) % count]->key.held_shared)
			return true;
	return false;
}

static bool gated(struct order_edge *const *edges, size_t count)
{
	for (size_t i = 0; i < count; i++)
		for (size_t j = i + 1; j < count; j++)
			if (lock_order_exclude(edges[i]->set, edges[j]->set))
				return true;
	return false;
}

/* Fills chosen with the witnesses that support the verdict. */
static enum verdict judge(struct prediction *p, struct order_edge *const *edges, size_t count,
                          struct order_witness *chosen)
{
	struct assignment a = {&p->locks->before, edges, chosen, count, false, 0};

	for (size_t i = 0; i < count; i++)
		chosen[i] = edges[i]->witnesses[0];
	if (blocks_nowhere(edges, count))
		return SHARED;
	if (gated(edges, count))
		return GATED;
	if (!assign(&a, 0))
		return TOO_FEW_THREADS;
	a.concurrent = true;
	a.steps = 0;
	return assign(&a, 0) ? PREDICTED : ORDERED;
}

/* ---- groups ------------------------------------------------------------------------- */

uint64_t deadlock_signature(uint64_t *pairs, size_t count)
{
	uint64_t signature = 0;

	qsort(pairs, count, sizeof *pairs, compare_numbers_at);
	for (size_t i = 0; i < count; i++)
		if (i == 0 || pairs[i] != pairs[i - 1])
			signature = u64_mix(signature + pairs[i]) + 1;
	return signature;
}

static uint64_t pair_of(const struct order_edge *edge)
{
	return (uint64_t)edge->key.held_stack << 32 | edge->key.wanted_stack;
}

static uint64_t signature_of(struct order_edge *const *edges, size_t count)
{
	uint64_t *pairs = memory_zeroed(count, sizeof *pairs), signature;

	for (size_t i = 0; i < count; i++)
		pairs[i] = pair_of(edges[i]);
	signature = deadlock_signature(pairs, count);
	free(pairs);
	return signature;
}

static struct cycle_group *group_of(struct prediction *p, uint64_t signature)
{
	struct cycle_group *group;

	HASH_FIND(hh, p->groups, &signature, sizeof signature, group);
	if (group)
		return group;
	if (HASH_COUNT(p->groups) >= MAX_GROUPS) {
		p->truncated = true;
		return NULL;
	}
	group = memory_zeroed(1, sizeof *group);
	group->signature = signature;
	HASH_ADD(hh, p->groups, signature, sizeof group->signature, group);
	return group;
}

static void group_set(struct cycle_group *group, enum verdict verdict, struct order_edge *const *edges,
                      struct order_witness *witnesses, size_t count)
{
	free(group->edges);
	free(group->witnesses);
	group->edges = memory_zeroed(count, sizeof *group->edges);
	memcpy(group->edges, edges, count * sizeof *edges);
	group->witnesses = witnesses;
	group->count = count;
	group->verdict = verdict;
}

static bool is_told(void *context, const struct order_edge *edge)
{
	const struct prediction *p = context;

	return u64_map_get(&p->told, pair_of(edge));
}

static bool all_told(struct prediction *p, struct order_edge *const *edges, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!is_told(p, edges[i]))
			return false;
	return true;
}

static void length_done(void *context)
{
	struct prediction *p = context;

	for (struct cycle_group *group = p->groups; group; group = group->hh.next) {
		if (group->told || group->verdict != PREDICTED)
			continue;
		group->told = true;
		for (size_t i = 0; i < group->count; i++)
			u64_map_put(&p->told, pair_of(group->edges[i]), 1);
	}
}

static void add_cycle(void *context, struct order_edge *const *edges, size_t count)
{
	struct prediction *p = context;
	uint64_t signature = signature_of(edges, count);
	struct order_witness *chosen;
	struct cycle_group *group;
	enum verdict verdict;

	if (u64_map_get(p->reported, signature) || all_told(p, edges, count))
		return;
	group = group_of(p, signature);
	if (!group)
		return;
	group->times++;
	if (group->judged++ && (group->verdict == PREDICTED || group->judged > MAX_JUDGED))
		return;
	chosen = memory_zeroed(count, sizeof *chosen);
	verdict = judge(p, edges, count, chosen);
	if (!group->edges || verdict > group->verdict)
		group_set(group, verdict, edges, chosen, count);
	else
		free(chosen);
}

/* ---- findings ------------------------------------------------------------------------ */

struct finding_object deadlock_object(const struct lock *lock)
{
	return (struct finding_object){.kind = lock->result.kind,
	                               .address = lock->result.address,
	                               .generation = lock->result.generation,
	                               .created_stack = lock->result.init_stack};
}

static void add_edge(struct finding *finding, const struct order_edge *edge, const struct order_witness *witness)
{
	struct finding_edge *added = finding_add_edge(finding);

	*added = (struct finding_edge){
	    .thread = witness->thread,
	    .held = deadlock_object(edge->held),
	    .wanted = deadlock_object(edge->wanted),
	    .held_shared = edge->key.held_shared,
	    .wanted_shared = edge->key.wanted_shared,
	    .held_stack = edge->key.held_stack,
	    .wanted_stack = edge->key.wanted_stack,
	    .held_since = witness->held_since,
	    .wanted_at = witness->wanted_at,
	};
	finding_add_object(finding, added->held.kind, added->held.address, added->held.generation,
	                   added->held.created_stack);
	finding_add_thread(finding, witness->thread);
}

static void report_group(const struct cycle_group *group, struct finding_list *findings)
{
	bool predicted = group->verdict == PREDICTED;
	struct finding *finding =
	    finding_add(findings, predicted ? FINDING_DEADLOCK_PREDICTED : FINDING_DEADLOCK_INVERSION);

	if (!predicted)
		finding_message(finding, "locks are taken in conflicting orders, without danger in this run: %s",
		                why_not[group->verdict]);
	else if (group->count == 2)
		finding_message(finding, "two threads can deadlock: each can hold the lock that the other wants; "
		                         "take the locks in one order");
	else
		finding_message(finding,
		                "%zu threads can deadlock: each can hold the lock that the next one wants; "
		                "take the locks in one order",
		                group->count);
	finding->times = group->times;
	for (size_t i = 0; i < group->count; i++)
		add_edge(finding, group->edges[i], &group->witnesses[i]);
}

static bool one_pair(const struct cycle_group *group)
{
	for (size_t i = 1; i < group->count; i++)
		if (pair_of(group->edges[i]) != pair_of(group->edges[0]))
			return false;
	return true;
}

/* True if the group mixes several pieces of code each of which can deadlock with itself. */
static bool is_mixture(const struct cycle_group *group, const struct u64_map *alone)
{
	for (size_t i = 0; i < group->count; i++)
		if (!u64_map_get(alone, pair_of(group->edges[i])))
			return false;
	return !one_pair(group);
}

static void report_groups(const struct prediction *p, struct finding_list *findings)
{
	struct u64_map alone = {0};

	for (const struct cycle_group *group = p->groups; group; group = group->hh.next)
		if (group->verdict == PREDICTED && one_pair(group))
			u64_map_put(&alone, pair_of(group->edges[0]), 1);
	for (const struct cycle_group *group = p->groups; group; group = group->hh.next)
		if (!is_mixture(group, &alone))
			report_group(group, findings);
	u64_map_free(&alone);
}

static void groups_free(struct cycle_group *groups)
{
	struct cycle_group *group, *next;

	HASH_ITER(hh, groups, group, next)
	{
		HASH_DEL(groups, group);
		free(group->edges);
		free(group->witnesses);
		free(group);
	}
}

void deadlock_predicted(struct lock_analysis *locks, struct finding_list *findings, const struct u64_map *reported)
{
	struct prediction p = {.locks = locks, .reported = reported};
	struct cycle_visitor visitor = {&p, add_cycle, length_done, is_told};

	if (!lock_cycles(&locks->order, CYCLE_BUDGET, &visitor) || locks->order.truncated)
		p.truncated = true;
	report_groups(&p, findings);
	if (p.truncated)
		finding_message(finding_add(findings, FINDING_LOSS_LOCK_ORDER),
		                "the lock order has more cycles than were examined: there may be more deadlocks");
	groups_free(p.groups);
	u64_map_free(&p.told);
}
