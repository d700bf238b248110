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

#include "tools/analyse/locks/cycle_verdict.h"
#include "tools/analyse/locks/deadlock_parts.h"
#include "tools/analyse/locks/lock_cycles.h"
#include "tools/base/compare.h"
#include "tools/base/memory.h"

#define CYCLE_BUDGET (UINT64_C(1) << 23)
#define MAX_GROUPS   1000u
#define MAX_JUDGED   256u /* cycles of a group that are judged */

static const char *const why_not[] = {
    [CYCLE_SHARED] = "the threads only read-lock the locks where their orders meet",
    [CYCLE_GATED] = "another lock is always held around them",
    [CYCLE_TOO_FEW_THREADS] = "too few threads took them in these orders",
    [CYCLE_ORDERED] = "creating and joining threads, a semaphore or a barrier kept them apart in time",
    [CYCLE_OF_OTHERS] =
        "one of them may be two, as the program divides its memory by itself and other code took it before",
};

struct cycle_group {
	uint64_t signature;
	enum cycle_verdict verdict;
	struct cycle_part *parts;
	size_t count;
	uint64_t times;
	unsigned judged;
	bool told; /* its pairs of stacks are in prediction.told */
	UT_hash_handle hh;
};

struct prediction {
	struct lock_analysis *locks;
	const struct u64_map *reported;
	struct writer_index writers;
	struct cycle_group *groups;
	struct u64_map told; /* the pairs of stacks in predicted deadlocks of shorter lengths */
	bool truncated;
};

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
		if (group->told || group->verdict != CYCLE_PREDICTED)
			continue;
		group->told = true;
		for (size_t i = 0; i < group->count; i++)
			u64_map_put(&p->told, pair_of(group->parts[i].edge), 1);
	}
}

/* Judges a cycle, and keeps it for its group if it is the nearest to a deadlock so far. */
static void judge(struct prediction *p, struct cycle_group *group, struct order_edge *const *edges, size_t count)
{
	struct cycle_part *parts = memory_zeroed(count, sizeof *parts);
	enum cycle_verdict verdict;

	for (size_t i = 0; i < count; i++)
		parts[i].edge = edges[i];
	verdict = cycle_judge(p->locks, &p->writers, parts, count);
	if (group->parts && verdict <= group->verdict) {
		free(parts);
		return;
	}
	free(group->parts);
	group->parts = parts;
	group->count = count;
	group->verdict = verdict;
}

static void add_cycle(void *context, struct order_edge *const *edges, size_t count)
{
	struct prediction *p = context;
	uint64_t signature = signature_of(edges, count);
	struct cycle_group *group;

	if (u64_map_get(p->reported, signature) || all_told(p, edges, count))
		return;
	group = group_of(p, signature);
	if (!group)
		return;
	group->times++;
	if (group->judged++ && (group->verdict == CYCLE_PREDICTED || group->judged > MAX_JUDGED))
		return;
	judge(p, group, edges, count);
}

/* A thread that reads a lock again is a cycle of one edge, if there is a writer that can stand between. */
static void add_rereads(struct prediction *p)
{
	for (struct order_edge *edge = p->locks->order.rereads; edge; edge = edge->hh.next)
		if (writer_index_has(&p->writers, edge->wanted))
			add_cycle(p, &edge, 1);
	length_done(p);
}

/* ---- findings ------------------------------------------------------------------------ */

struct finding_object deadlock_object(const struct lock *lock)
{
	return (struct finding_object){.kind = lock->result.kind,
	                               .address = lock->result.address,
	                               .generation = lock->result.generation,
	                               .created_stack = lock->result.init_stack,
	                               .block_stack = lock->result.block_stack,
	                               .block_into = lock->result.block_into};
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
	finding_add_lock(finding, &added->held);
	finding_add_thread(finding, witness->thread);
}

/* A writer that waits for the lock, before the reader that comes to it next. */
static void add_writer(struct finding *finding, const struct cycle_part *part)
{
	struct finding_edge *added = finding_add_edge(finding);

	*added = (struct finding_edge){
	    .thread = part->writer_witness.thread,
	    .ahead = true,
	    .held = deadlock_object(part->writer->wanted),
	    .wanted = deadlock_object(part->writer->wanted),
	    .held_stack = part->writer->key.wanted_stack,
	    .wanted_stack = part->writer->key.wanted_stack,
	    .held_since = part->writer_witness.wanted_at,
	    .wanted_at = part->writer_witness.wanted_at,
	};
	finding_add_thread(finding, added->thread);
}

static size_t writers_in(const struct cycle_group *group)
{
	size_t count = 0;

	for (size_t i = 0; i < group->count; i++)
		count += group->parts[i].writer != NULL;
	return count;
}

static void describe_predicted(struct finding *finding, const struct cycle_group *group)
{
	size_t writers = writers_in(group);

	if (group->count == 1)
		finding_message(finding, "two threads can deadlock: one reads a lock that lets writers go first, and "
		                         "read-locks it again; a writer that comes in between waits for the first read "
		                         "lock and keeps the second one out");
	else if (writers)
		finding_message(finding,
		                "%zu threads can deadlock: each can hold the lock that the next one wants, where a "
		                "writer that waits keeps readers out; take the locks in one order" FINDING_ORDER,
		                group->count + writers);
	else if (group->count == 2)
		finding_message(finding, "two threads can deadlock: each can hold the lock that the other wants; "
		                         "take the locks in one order" FINDING_ORDER);
	else
		finding_message(finding,
		                "%zu threads can deadlock: each can hold the lock that the next one wants; "
		                "take the locks in one order" FINDING_ORDER,
		                group->count);
}

static void report_group(const struct cycle_group *group, struct finding_list *findings)
{
	bool predicted = group->verdict == CYCLE_PREDICTED;
	struct finding *finding =
	    finding_add(findings, predicted ? FINDING_DEADLOCK_PREDICTED : FINDING_DEADLOCK_INVERSION);

	if (predicted)
		describe_predicted(finding, group);
	else if (group->count == 1)
		finding_message(
		    finding, "a lock that lets writers go first is read-locked again, without danger in this run: %s",
		    why_not[group->verdict]);
	else
		finding_message(finding, "locks are taken in conflicting orders, without danger in this run: %s",
		                why_not[group->verdict]);
	finding->times = group->times;
	for (size_t i = 0; i < group->count; i++) {
		add_edge(finding, group->parts[i].edge, &group->parts[i].witness);
		if (group->parts[i].writer)
			add_writer(finding, &group->parts[i]);
	}
}

static bool one_pair(const struct cycle_group *group)
{
	for (size_t i = 1; i < group->count; i++)
		if (pair_of(group->parts[i].edge) != pair_of(group->parts[0].edge))
			return false;
	return true;
}

/* True if the group mixes several pieces of code each of which can deadlock with itself. */
static bool is_mixture(const struct cycle_group *group, const struct u64_map *alone)
{
	for (size_t i = 0; i < group->count; i++)
		if (!u64_map_get(alone, pair_of(group->parts[i].edge)))
			return false;
	return !one_pair(group);
}

static void report_groups(const struct prediction *p, struct finding_list *findings)
{
	struct u64_map alone = {0};

	for (const struct cycle_group *group = p->groups; group; group = group->hh.next)
		if (group->verdict == CYCLE_PREDICTED && one_pair(group))
			u64_map_put(&alone, pair_of(group->parts[0].edge), 1);
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
		free(group->parts);
		free(group);
	}
}

void deadlock_predicted(struct lock_analysis *locks, struct finding_list *findings, const struct u64_map *reported)
{
	struct prediction p = {.locks = locks, .reported = reported};
	struct cycle_visitor visitor = {&p, add_cycle, length_done, is_told};

	writer_index_make(&p.writers, &locks->order);
	add_rereads(&p);
	if (!lock_cycles(&locks->order, CYCLE_BUDGET, &visitor) || locks->order.truncated)
		p.truncated = true;
	report_groups(&p, findings);
	if (p.truncated)
		finding_message(finding_add(findings, FINDING_LOSS_LOCK_ORDER),
		                "the lock order has more cycles than were examined: there may be more deadlocks");
	groups_free(p.groups);
	writer_index_free(&p.writers);
	u64_map_free(&p.told);
}
