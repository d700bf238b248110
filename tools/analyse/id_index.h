/*
 * Finds a thread's place in an analyser's table by its id; this runs once for each event.  Ids are given out from 1 on,
 * so an array serves.  The ids in a damaged file may be any numbers: those that are too large go into a map.
 */
#ifndef RINGTAIL_ANALYSE_ID_INDEX_H
#define RINGTAIL_ANALYSE_ID_INDEX_H

#include "tools/base/u64_map.h"

struct id_index {        /* zeroed: empty */
	uint32_t *dense; /* place + 1 by id */
	uint32_t room;
	uint32_t count;
	struct u64_map sparse;
};

/* place + 1; 0 if the index does not have the id. */
static inline uint32_t id_index_get(const struct id_index *index, uint32_t id)
{
	if (__builtin_expect(id < index->room, 1))
		return index->dense[id];
	return (uint32_t)u64_map_get(&index->sparse, id);
}

void id_index_put(struct id_index *index, uint32_t id, uint32_t place_plus_one);
void id_index_remove(struct id_index *index, uint32_t id);
void id_index_free(struct id_index *index);

#endif
