#include "tools/analyse/locks/lock_frames.h"

#include <string.h>

#define DEPTH_MOST 512u /* of a stack: a hostile file may have cycles */

enum above { NOT_ABOVE, ABOVE, UNKNOWN };

/* The outermost node of a complete stack; 0: it is not complete. */
static uint32_t outermost(const struct lock_analysis *locks, uint32_t node)
{
	uint32_t parent, pc;

	for (unsigned i = 0; i < DEPTH_MOST && ring_file_node(locks->ring, node, &parent, &pc); i++) {
		if (parent < RT_NODE_FIRST)
			return parent == RT_ROOT_COMPLETE ? node : 0;
		node = parent;
	}
	return 0;
}

static bool passes(const struct lock_analysis *locks, uint32_t node, uint32_t base)
{
	uint32_t pc;

	for (unsigned i = 0; i < DEPTH_MOST && node >= RT_NODE_FIRST; i++) {
		if (node == base)
			return true;
		if (!ring_file_node(locks->ring, node, &node, &pc))
			return false;
	}
	return false;
}

/* Whether a stack lies above the base.  A stack with another beginning is that of a coroutine, and says nothing. */
static enum above is_above(const struct lock_analysis *locks, uint32_t stack, uint32_t base)
{
	uint32_t first;

	if (stack == base)
		return NOT_ABOVE;
	if (passes(locks, stack, base))
		return ABOVE;
	first = outermost(locks, stack);
	return first && first == outermost(locks, base) ? NOT_ABOVE : UNKNOWN;
}

static uint64_t key_of(uint64_t address, uint32_t thread, uint32_t stack)
{
	return u64_mix(address) + u64_mix((uint64_t)thread << 32 | stack);
}

static void end(struct lock_analysis *locks, struct lock *lock, const struct event *event)
{
	lock_table_end(&locks->table, lock,
	               (struct lock_tombstone){.how = TOMBSTONE_LEFT, .thread = event->thread, .stamp = event->stamp});
}

/* ---- where the thread was ------------------------------------------------------------------ */

static void note_place(struct lock_thread *thread, const struct event *event)
{
	struct thread_place *last = &thread->places[(thread->place_count - 1) % PLACES_KEPT];

	if (thread->place_count && last->stack == event->stack)
		return;
	thread->places[thread->place_count++ % PLACES_KEPT] = (struct thread_place){event->stamp, event->stack};
}

/* True if the thread has been above the base since that time.  False: it was not, or it is not known any more. */
static bool was_above(const struct lock_analysis *locks, const struct lock_thread *thread, uint32_t base,
                      uint64_t since)
{
	for (uint32_t i = thread->place_count; i > 0 && thread->place_count - i < PLACES_KEPT; i--) {
		const struct thread_place *place = &thread->places[(i - 1) % PLACES_KEPT];

		if (is_above(locks, place->stack, base) == NOT_ABOVE)
			return false;
		if (place->stamp <= since)
			return true;
	}
	return false;
}

/* ---- frames that were left -------------------------------------------------------------------- */

/* Ends the lock at this address if it is not that of the frame above the base. */
static void settle(struct lock_analysis *locks, const struct lock_thread *thread, const struct event *event,
                   uint32_t base)
{
	struct lock *lock = lock_table_find(&locks->table, event->object, RT_KIND_MUTEX); /* of any kind */

	if (!lock || (lock->frame_thread == thread->id && lock->frame_base == base))
		return;
	if (lock->frame_thread || !lock->taken.stamp || !was_above(locks, thread, base, lock->taken.stamp))
		end(locks, lock, event);
}

static uint32_t base_of(const struct lock_analysis *locks, const struct event *event)
{
	return locks->bases.count
	           ? (uint32_t)u64_map_get(&locks->bases, key_of(event->object, event->thread, event->stack))
	           : 0;
}

void lock_frames_told(struct lock_analysis *locks, struct lock_thread *thread, const struct event *event)
{
	if (!locks->ring->map || event->stack < RT_NODE_FIRST || !outermost(locks, event->stack))
		return;
	u64_map_put(&locks->bases, key_of(event->object, event->thread, (uint32_t)event->arg), event->stack);
	settle(locks, thread, event, event->stack);
}

static void leave_frames(struct lock_analysis *locks, struct lock_thread *thread, const struct event *event)
{
	for (uint32_t i = 0; i < thread->framed_count; i++) {
		const struct framed_lock *framed = &thread->framed[i];
		struct lock *lock = lock_table_find(&locks->table, framed->address, RT_KIND_MUTEX);
		bool there = lock && lock->frame_thread == thread->id && lock->frame_base == framed->base;

		if (there && is_above(locks, event->stack, framed->base) != NOT_ABOVE)
			continue;
		if (there)
			end(locks, lock, event);
		thread->framed[i--] = thread->framed[--thread->framed_count];
	}
}

void lock_frames_event(struct lock_analysis *locks, struct lock_thread *thread, const struct event *event)
{
	uint32_t base;

	if (event->depth || event->stack < RT_NODE_FIRST)
		return;
	if (thread->framed_count && event->stack != thread->framed_stack)
		leave_frames(locks, thread, event);
	thread->framed_stack = event->stack;
	note_place(thread, event);
	base = event->kind && event->type != RT_RELEASE ? base_of(locks, event) : 0;
	if (base)
		settle(locks, thread, event, base);
}

void lock_frames_used(struct lock_analysis *locks, struct lock_thread *thread, const struct event *event)
{
	uint32_t base = event->depth ? 0 : base_of(locks, event);
	struct lock *lock = base ? lock_table_find(&locks->table, event->object, event->kind) : NULL;

	if (!lock || (lock->frame_thread == thread->id && lock->frame_base == base))
		return;
	lock->frame_thread = thread->id;
	lock->frame_base = base;
	if (thread->framed_count < FRAMED_MOST)
		thread->framed[thread->framed_count++] = (struct framed_lock){event->object, base};
}
