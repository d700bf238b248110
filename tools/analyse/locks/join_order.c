#include "tools/analyse/locks/join_order.h"

#include <stdlib.h>

#include "tools/analyse/locks/deadlock_parts.h"
#include "tools/analyse/locks/sync_order.h"
#include "tools/base/memory.h"

#define MAX_REPORTED 1000u

#define FILTER_WORDS (WANTED_MOST / 8) /* eight bits for each */

static uint64_t filter_bit(uint32_t lock, size_t *word)
{
	uint64_t hash = u64_mix(lock);

	*word = hash % FILTER_WORDS;
	return UINT64_C(1) << (hash >> 32 & 63);
}

static void make_filter(struct lock_thread *thread)
{
	size_t word;

	thread->wanted_filter = memory_zeroed(FILTER_WORDS, sizeof *thread->wanted_filter);
	for (size_t i = 0; i < thread->wanted_count; i++) {
		uint64_t bit = filter_bit(thread->wanted[i].lock, &word);
		thread->wanted_filter[word] |= bit;
	}
}

static struct wanted_lock *wanted_find(const struct lock_thread *thread, uint32_t lock)
{
	size_t word;

	if (thread->wanted_filter) {
		uint64_t bit = filter_bit(lock, &word);
		if (!(thread->wanted_filter[word] & bit))
			return NULL;
	}
	uint64_t found = u64_map_get(&thread->wanted_by_lock, lock);
	return found ? &thread->wanted[found - 1] : NULL;
}

void join_order_want(struct lock_analysis *locks, struct lock_thread *thread, const struct lock *lock,
                     const struct event *event)
{
	bool shared = event->flags & RT_SYNC_SHARED;
	struct wanted_lock *wanted = wanted_find(thread, lock->result.id);

	if (!wanted) {
		if (thread->wanted_count == WANTED_MOST) {
			if (!thread->wanted_filter)
				make_filter(thread);
			return;
		}
		GROW(thread->wanted, thread->wanted_room, thread->wanted_count + 1);
		wanted = &thread->wanted[thread->wanted_count++];
		u64_map_put(&thread->wanted_by_lock, lock->result.id, thread->wanted_count);
		wanted->shared = true;
		wanted->lock = lock->result.id;
	} else if (shared && !wanted->shared) { /* keeps the stronger claim: exclusive */
		return;
	}
	wanted->stack = event->stack;
	wanted->segment = sync_order_segment(locks, thread);
	wanted->stamp = event->stamp;
	wanted->shared = shared;
}

static void add_finding(struct lock_analysis *locks, const struct lock_thread *joiner, const struct held_lock *held,
                        const struct lock_thread *joined, const struct wanted_lock *wanted, const struct event *event)
{
	struct finding *finding = finding_add(&locks->by_joins, FINDING_DEADLOCK_PREDICTED);
	struct finding_object lock = deadlock_object(held->lock);
	struct finding_object thread = {.kind = RT_KIND_THREAD, .address = event->object};

	finding_message(finding,
	                "a thread holds a lock while it joins a thread that takes this lock: if the joined thread "
	                "has not had the lock yet, they wait for each other for ever");
	*finding_add_edge(finding) = (struct finding_edge){.thread = joiner->id,
	                                                   .held = lock,
	                                                   .wanted = thread,
	                                                   .held_shared = held->shared,
	                                                   .held_stack = held->stack,
	                                                   .wanted_stack = joiner->wait.stack,
	                                                   .held_since = held->since,
	                                                   .wanted_at = joiner->wait.since};
	*finding_add_edge(finding) = (struct finding_edge){.thread = joined->id,
	                                                   .held = thread,
	                                                   .wanted = lock,
	                                                   .wanted_shared = wanted->shared,
	                                                   .held_stack = joined->start_stack,
	                                                   .wanted_stack = wanted->stack,
	                                                   .held_since = joined->started,
	                                                   .wanted_at = wanted->stamp};
	finding_add_object(finding, lock.kind, lock.address, lock.generation, lock.created_stack);
	finding_add_thread(finding, joiner->id);
	finding_add_thread(finding, joined->id);
}

static uint64_t signature_of(const struct finding *finding)
{
	uint64_t pairs[2];

	for (size_t i = 0; i < 2; i++)
		pairs[i] = (uint64_t)finding->edges[i].held_stack << 32 | finding->edges[i].wanted_stack;
	return deadlock_signature(pairs, 2);
}

/* The lock that the joiner holds is certainly the one that the joined thread took. */
static bool is_same_lock(const struct lock_analysis *locks, const struct held_lock *held,
                         const struct wanted_lock *wanted, uint64_t now)
{
	lock_uses_begin(locks, held->lock, now);
	if (!held->lock->uses)
		return true;
	lock_uses_note(held->lock->uses, wanted->stack, wanted->stamp);
	lock_uses_note(held->lock->uses, held->stack, held->since);
	return lock_uses_are_of_one(locks, held->lock, wanted->stamp, held->since);
}

void join_order_joined(struct lock_analysis *locks, struct lock_thread *joiner, const struct lock_thread *joined,
                       const struct event *event)
{
	for (size_t i = 0; i < joiner->count && locks->by_joins.count < MAX_REPORTED; i++) {
		const struct held_lock *held = &joiner->held[i];
		const struct wanted_lock *wanted = wanted_find(joined, held->lock->result.id);

		if (wanted && !(wanted->shared && held->shared) &&
		    !happens_before(&locks->before, wanted->segment, held->segment) &&
		    is_same_lock(locks, held, wanted, event->stamp))
			add_finding(locks, joiner, held, joined, wanted, event);
	}
}

/* Edges of the same code make one finding. */
void join_order_report(struct lock_analysis *locks, struct finding_list *findings, const struct u64_map *reported)
{
	struct u64_map seen = {0};

	for (size_t i = 0; i < locks->by_joins.count; i++) {
		struct finding *finding = &locks->by_joins.items[i];
		uint64_t signature = signature_of(finding);

		if (u64_map_get(reported, signature) || u64_map_get(&seen, signature))
			continue;
		u64_map_put(&seen, signature, 1);
		finding_move(findings, finding);
	}
	u64_map_free(&seen);
}
