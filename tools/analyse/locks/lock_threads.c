#include "tools/analyse/locks/lock_threads.h"

#include <stdlib.h>
#include <string.h>

#include "tools/base/memory.h"

void lock_threads_free(struct lock_threads *threads)
{
	for (size_t i = 0; i < threads->count; i++) {
		free(threads->items[i]->held);
		free(threads->items[i]->order_cache.hashes);
		free(threads->items[i]->suspicion);
		free(threads->items[i]->wanted);
		free(threads->items[i]->wanted_filter);
		u64_map_free(&threads->items[i]->wanted_by_lock);
		free(threads->items[i]);
	}
	free(threads->items);
	id_index_free(&threads->by_id);
	*threads = (struct lock_threads){0};
}

void lock_thread_forget_wanted(struct lock_thread *thread)
{
	free(thread->wanted);
	free(thread->wanted_filter);
	u64_map_free(&thread->wanted_by_lock);
	thread->wanted = NULL;
	thread->wanted_filter = NULL;
	thread->wanted_count = thread->wanted_room = 0;
}

/* The thread's locks stay held: a lock of a dead thread is locked for ever. */
void lock_thread_ended(struct lock_thread *thread)
{
	thread->ended = true;
	if (thread->detached)
		lock_thread_forget_wanted(thread);
	thread->wait.active = false;
	thread->undo.type = 0;
	free(thread->order_cache.hashes);
	thread->order_cache = (struct order_cache){0};
}

struct lock_thread *lock_threads_find(const struct lock_threads *threads, uint32_t id)
{
	uint32_t found = id_index_get(&threads->by_id, id);

	return found ? threads->items[found - 1] : NULL;
}

struct lock_thread *lock_threads_get(struct lock_threads *threads, uint32_t id)
{
	struct lock_thread *thread = lock_threads_find(threads, id);

	if (thread)
		return thread;
	thread = memory_zeroed(1, sizeof *thread);
	thread->id = id;
	GROW(threads->items, threads->room, threads->count + 1);
	threads->items[threads->count++] = thread;
	id_index_put(&threads->by_id, id, (uint32_t)threads->count);
	return thread;
}

/* Searches from the end: the lock that was taken last is mostly released first. */
struct held_lock *held_find(const struct lock_thread *thread, uint64_t address)
{
	for (size_t i = thread->count; i > 0; i--)
		if (thread->held[i - 1].lock->result.address == address)
			return &thread->held[i - 1];
	return NULL;
}

void held_push(struct lock_thread *thread, struct held_lock held)
{
	GROW(thread->held, thread->room, thread->count + 1);
	thread->held[thread->count++] = held;
	held.lock->holders++;
	if (!held.shared)
		held.lock->result.owner = thread->id;
}

void held_remove(struct lock_thread *thread, struct held_lock *held)
{
	struct lock *lock = held->lock;
	size_t after = &thread->held[thread->count] - (held + 1);

	lock->holders--;
	if (lock->result.owner == thread->id)
		lock->result.owner = 0;
	memmove(held, held + 1, after * sizeof *held);
	thread->count--;
}

void held_clear(struct lock_thread *thread)
{
	while (thread->count)
		held_remove(thread, &thread->held[thread->count - 1]);
}
