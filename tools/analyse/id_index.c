#include "tools/analyse/id_index.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tools/base/memory.h"

#define DENSE_MOST (1u << 30)
#define SLACK      1024u /* the array has room for twice the ids in use and so many more */

static bool is_dense(const struct id_index *index, uint32_t id)
{
	return id < index->count * UINT64_C(2) + SLACK && id < DENSE_MOST;
}

/* Moves ids that were too high before and have a place in the array now. */
static void move_from_map(struct id_index *index, uint32_t before)
{
	for (uint32_t id = before; index->sparse.count && id < index->room; id++) {
		index->dense[id] = (uint32_t)u64_map_get(&index->sparse, id);
		u64_map_remove(&index->sparse, id);
	}
}

static void grow(struct id_index *index, uint32_t id)
{
	uint32_t before = index->room;
	size_t room = before;

	index->dense = memory_grow(index->dense, &room, (size_t)id + 1, sizeof *index->dense);
	index->room = (uint32_t)room;
	memset(index->dense + before, 0, (room - before) * sizeof *index->dense);
	move_from_map(index, before);
}

void id_index_put(struct id_index *index, uint32_t id, uint32_t place_plus_one)
{
	if (id >= index->room && is_dense(index, id))
		grow(index, id);
	index->count++;
	if (id < index->room)
		index->dense[id] = place_plus_one;
	else
		u64_map_put(&index->sparse, id, place_plus_one);
}

void id_index_remove(struct id_index *index, uint32_t id)
{
	if (id < index->room)
		index->dense[id] = 0;
	else
		u64_map_remove(&index->sparse, id);
}

void id_index_free(struct id_index *index)
{
	free(index->dense);
	u64_map_free(&index->sparse);
	*index = (struct id_index){0};
}
