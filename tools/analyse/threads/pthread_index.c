#include "tools/analyse/threads/pthread_index.h"

#include <stdlib.h>

#include "tools/base/memory.h"

void pthread_index_free(struct pthread_index *index)
{
	u64_map_free(&index->by_pthread);
	u64_map_free(&index->by_thread);
	u64_map_free(&index->joining);
	free(index->items);
	*index = (struct pthread_index){0};
}

static struct pthread_entry *entry_of(const struct pthread_index *index, uint32_t thread)
{
	uint64_t found = u64_map_get(&index->by_thread, thread);

	return found ? &index->items[found - 1] : NULL;
}

void pthread_index_add(struct pthread_index *index, uint32_t thread, uint64_t pthread)
{
	if (!thread || !pthread || entry_of(index, thread))
		return;
	GROW(index->items, index->room, index->count + 1);
	index->items[index->count++] = (struct pthread_entry){
	    .pthread = pthread, .thread = thread, .previous = (uint32_t)u64_map_get(&index->by_pthread, pthread)};
	u64_map_put(&index->by_pthread, pthread, index->count);
	u64_map_put(&index->by_thread, thread, index->count);
}

void pthread_index_ended(struct pthread_index *index, uint32_t thread)
{
	struct pthread_entry *entry = entry_of(index, thread);

	if (entry)
		entry->ended = true;
}

void pthread_index_gone(struct pthread_index *index, uint32_t thread)
{
	struct pthread_entry *entry = entry_of(index, thread);

	if (!entry)
		return;
	entry->gone = true;
	/* Keeps chains short: entries that are gone are cut off. */
	if (entry->previous && index->items[entry->previous - 1].gone)
		entry->previous = index->items[entry->previous - 1].previous;
}

uint32_t pthread_index_find(const struct pthread_index *index, uint64_t pthread)
{
	uint64_t latest = u64_map_get(&index->by_pthread, pthread);

	return latest ? index->items[latest - 1].thread : 0;
}

uint32_t pthread_index_join_begins(struct pthread_index *index, uint32_t joiner, uint64_t pthread)
{
	uint32_t thread = pthread_index_find(index, pthread);

	u64_map_put(&index->joining, joiner, (uint64_t)thread + 1);
	return thread;
}

/* The oldest thread of this pthread_t that has ended and was not settled: the pthread_t was not reused before. */
uint32_t pthread_index_settled(const struct pthread_index *index, uint64_t pthread)
{
	uint64_t at = u64_map_get(&index->by_pthread, pthread);
	uint32_t found = at ? index->items[at - 1].thread : 0;

	for (unsigned steps = 0; at && steps < 64; at = index->items[at - 1].previous, steps++)
		if (index->items[at - 1].ended && !index->items[at - 1].gone)
			found = index->items[at - 1].thread;
	return found;
}

uint32_t pthread_index_join_ends(struct pthread_index *index, uint32_t joiner, uint64_t pthread)
{
	uint64_t target = u64_map_get(&index->joining, joiner);

	u64_map_remove(&index->joining, joiner);
	return target > 1 ? (uint32_t)(target - 1) : pthread_index_settled(index, pthread);
}
