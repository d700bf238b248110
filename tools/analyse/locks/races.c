#include "tools/analyse/locks/races.h"

#include "tools/analyse/locks/deadlock_parts.h"
#include "tools/analyse/locks/lock_analysis.h"
#include "tools/base/fnv.h"

#define RACES_MOST 1000u

void races_free(struct races *races)
{
	finding_list_free(&races->found);
	finding_list_free(&races->caught);
	u64_map_free(&races->by_pair);
	u64_map_free(&races->proven);
}

/* The two sides may come in either order. */
static uint64_t pair_of(enum finding_class class, const struct finding_race *race)
{
	uint32_t one = race->sides[0].stack, other = race->sides[1].stack;
	uint64_t words[3] = {class == FINDING_RACE_PREDICTED,
	                     (uint64_t)(one < other ? one : other) << 32 | (one < other ? other : one),
	                     (uintptr_t)race->about};

	return fnv_bytes(FNV_START, words, sizeof words);
}

struct finding *races_add(struct lock_analysis *locks, enum finding_class class, const struct finding_race *race,
                          const char *const labels[2])
{
	struct races *races = &locks->races;
	uint64_t pair = pair_of(class, race), known = u64_map_get(&races->by_pair, pair);
	struct finding *finding;

	if (known) {
		races->found.items[known - 1].times++;
		return NULL;
	}
	if (races->found.count >= RACES_MOST)
		return NULL;
	finding = finding_add(&races->found, class);
	finding->times = 1;
	finding_set_race(finding, race, labels);
	u64_map_put(&races->by_pair, pair, races->found.count);
	if (class != FINDING_RACE_PREDICTED)
		u64_map_put(&races->proven, pair_of(FINDING_RACE_PREDICTED, race), 1);
	return finding;
}

void races_report(struct races *races, struct finding_list *findings)
{
	for (size_t i = 0; i < races->found.count; i++) {
		struct finding *finding = &races->found.items[i];

		if (finding->class != FINDING_RACE_PREDICTED ||
		    !u64_map_get(&races->proven, pair_of(FINDING_RACE_PREDICTED, finding->race)))
			finding_move(findings, finding);
	}
	for (size_t i = 0; i < races->caught.count; i++)
		finding_move(findings, &races->caught.items[i]);
}

void race_side_add_locks(struct finding_side *side, const struct lock_thread *thread, uint64_t except)
{
	for (size_t i = 0; i < thread->count && side->lock_count < RACE_LOCKS_MOST; i++) {
		const struct held_lock *held = &thread->held[i];

		if (held->lock->result.address != except)
			side->locks[side->lock_count++] = (struct race_lock){.lock = deadlock_object(held->lock),
			                                                     .shared = held->shared,
			                                                     .taken_stack = held->stack,
			                                                     .since = held->since};
	}
}

struct finding_side race_side(const struct lock_thread *thread, const struct event *event, const char *does,
                              uint64_t except)
{
	struct finding_side side = {.thread = thread->id, .stack = event->stack, .stamp = event->stamp, .does = does};

	race_side_add_locks(&side, thread, except);
	return side;
}
