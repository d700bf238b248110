#include "tools/analyse/locks/freed_use.h"

#include <errno.h>
#include <stdlib.h>

#include "tools/analyse/heap/heap.h"
#include "tools/analyse/locks/sync_order.h"
#include "tools/base/memory.h"

#define FREED_BLOCKS_KEPT 1024u
#define UNMAPPED_FROM     (UINT64_C(128) << 10)

struct freed_block {
	struct ended_block block;
	uint32_t segment;
	struct finding_side side;
};

void freed_blocks_free(struct freed_blocks *freed) { free(freed->latest); }

void freed_use_note(struct lock_analysis *locks, struct lock_thread *thread, const struct event *event,
                    const struct ended_block *block)
{
	struct freed_blocks *freed = &locks->freed;

	if (block->size >= UNMAPPED_FROM)
		return;
	if (!freed->latest)
		freed->latest = memory_zeroed(FREED_BLOCKS_KEPT, sizeof *freed->latest);
	freed->latest[freed->count++ % FREED_BLOCKS_KEPT] =
	    (struct freed_block){.block = *block,
	                         .segment = sync_order_segment(locks, thread),
	                         .side = race_side(thread, event, "frees the block", 0)};
}

/* The free that left this tombstone; NULL: it was too long ago, or is not kept. */
static const struct freed_block *free_of(const struct freed_blocks *freed, const struct lock_tombstone *tombstone)
{
	uint64_t kept = freed->count < FREED_BLOCKS_KEPT ? freed->count : FREED_BLOCKS_KEPT;

	for (uint64_t i = 0; i < kept; i++) {
		const struct freed_block *one = &freed->latest[(freed->count - 1 - i) % FREED_BLOCKS_KEPT];

		if (one->side.stamp == tombstone->stamp && one->side.thread == tombstone->thread)
			return one;
	}
	return NULL;
}

/* ---- what a call does ------------------------------------------------------------------------- */

static bool is_lock_or_sem(uint8_t kind)
{
	return kind == RT_KIND_MUTEX || kind == RT_KIND_RWLOCK || kind == RT_KIND_SPIN || kind == RT_KIND_SEM;
}

/* A call that failed for another reason may not have looked at the object. */
static bool was_busy(const struct event *event)
{
	return event->result == EBUSY || event->result == EAGAIN || event->result == ETIMEDOUT;
}

/* What the call does with the object at its stamp or later; NULL: it is certain of nothing. */
static const char *use_of(const struct event *event)
{
	bool cond_or_barrier = event->kind == RT_KIND_COND || event->kind == RT_KIND_BARRIER;

	if (!is_lock_or_sem(event->kind) && !cond_or_barrier)
		return NULL;
	switch (event->type) {
	case RT_ACQUIRE:
		return cond_or_barrier ? NULL : event->kind == RT_KIND_SEM ? "takes the semaphore" : "locks";
	case RT_FAILED:
		return !cond_or_barrier && was_busy(event) && !(event->flags & RT_SYNC_UNLOCK) ? "tries" : NULL;
	case RT_RELEASE:
		return event->kind == RT_KIND_SEM ? "posts" : "unlocks";
	case RT_WAIT:
	case RT_COND_WAIT:
		return "begins to wait";
	case RT_SIGNAL:
	case RT_BROADCAST:
		return "signals";
	case RT_DESTROY:
		return event->result ? NULL : "destroys";
	default:
		return NULL;
	}
}

static const char *label_of(const struct event *event)
{
	switch (event->type) {
	case RT_ACQUIRE:
		return event->kind == RT_KIND_SEM ? "taken here" : "locked here";
	case RT_FAILED:
		return "tried here";
	case RT_RELEASE:
		return event->kind == RT_KIND_SEM ? "posted here" : "unlocked here";
	case RT_SIGNAL:
	case RT_BROADCAST:
		return "signalled here";
	case RT_DESTROY:
		return "destroyed here";
	default:
		return "waits here";
	}
}

static const char *noun_of(uint8_t kind)
{
	switch (kind) {
	case RT_KIND_RWLOCK:
		return "read-write lock";
	case RT_KIND_SPIN:
		return "spin lock";
	case RT_KIND_COND:
		return "condition variable";
	case RT_KIND_SEM:
		return "semaphore";
	default:
		return event_kind_name(kind);
	}
}

/* ---- races -------------------------------------------------------------------------------------- */

static void add(const struct check *check, const struct freed_block *freed, uint64_t address, uint8_t kind,
                const char *does, const char *label, const char *message)
{
	const struct event *event = check->event;
	const char *const labels[] = {label, "the block was freed here"};
	struct finding_race race = {.about = event_kind_name(kind),
	                            .proof = "freed",
	                            .address = address,
	                            .size = freed->block.size,
	                            .into = address - freed->block.address,
	                            .allocated_stack = freed->block.stack,
	                            .sides = {race_side(check->thread, event, does, address), freed->side}};
	struct finding *finding;

	lock_table_told(&check->locks->table, address, kind);
	if (!event->stack && check->thread->wait.active)
		race.sides[0].stack = check->thread->wait.stack;
	finding = races_add(check->locks, FINDING_RACE_FREE, &race, labels);
	if (!finding)
		return;
	finding_message(finding, message, noun_of(kind));
	finding_add_object(finding, kind, address, 0, RT_STACK_NONE)->block_stack = freed->block.stack;
	finding->objects[0].block_into = race.into;
}

/* The free by another thread that ended the object here; NULL: there was none. */
static const struct freed_block *freed_by_other(const struct check *check, uint64_t address, uint8_t kind)
{
	struct lock_analysis *locks = check->locks;
	struct lock_tombstone tombstone = lock_table_tombstone(&locks->table, address, kind);

	if (tombstone.how != TOMBSTONE_FREED || tombstone.thread == check->event->thread || locks->misuses.uncertain ||
	    locks->stamp_is_late || locks->unseen || tombstone.stamp < locks->unseen_until)
		return NULL;
	return free_of(&locks->freed, &tombstone);
}

/* The wait that this event ends began before the free. */
static bool began_before(const struct check *check, const struct freed_block *freed)
{
	const struct lock_wait *wait = &check->thread->wait;
	const struct event *event = check->event;

	return wait->active && wait->object == event->object && wait->kind == event->kind &&
	       wait->since < freed->side.stamp;
}

static bool ends_wait(const struct event *event) { return event->type == RT_ACQUIRE || event->type == RT_FAILED; }

/* A wait for a condition locks its mutex again before it returns. */
static bool check_relock(const struct check *check)
{
	uint64_t mutex = check->event->arg & RT_OBJECT_MASK;
	const struct freed_block *freed =
	    mutex && check->event->type == RT_COND_WAKE ? freed_by_other(check, mutex, RT_KIND_MUTEX) : NULL;

	if (!freed || !began_before(check, freed))
		return false;
	add(check, freed, mutex, RT_KIND_MUTEX, "locks it again after a wait for a condition", "waits here",
	    "a block is freed while another thread waits for a condition with a %s in the block, which it locks "
	    "again when it wakes");
	return true;
}

static bool is_freed(const struct check *check)
{
	struct heap_analysis *heap = check->locks->sources.heap;
	uint64_t start, size;

	return heap && !heap_is_doubtful(heap) && !heap_block_around(heap, check->event->object, &start, &size) &&
	       heap_is_freed(heap, check->event->object);
}

bool freed_use_check(const struct check *check)
{
	const struct event *event = check->event;
	const char *does = use_of(event);
	const struct freed_block *freed;

	if (check_relock(check))
		return true;
	if (!check->lock &&
	    lock_table_tombstone(&check->locks->table, event->object, event->kind).how == TOMBSTONE_TOLD)
		return true;
	freed = does ? freed_by_other(check, event->object, event->kind) : NULL;
	if (!freed)
		return false;
	if (ends_wait(event) && began_before(check, freed)) {
		add(check, freed, event->object, event->kind, "waits for it", "waits here",
		    "a block is freed while another thread waits for a %s inside it");
		return true;
	}
	if (check->lock || !is_freed(check) ||
	    happens_before(&check->locks->before, freed->segment, sync_order_segment(check->locks, check->thread)))
		return false;
	add(check, freed, event->object, event->kind, does, label_of(event),
	    "a block is freed while another thread still uses a %s inside it");
	return true;
}
