#include "tools/base/u64_map.h"

#include <stdlib.h>

#include "tools/base/memory.h"

#define FIRST_SLOTS 64

static struct u64_slot *slot_for(const struct u64_map *map, uint64_t key)
{
	size_t i = u64_mix(key) & map->mask;

	while (map->slots[i].value && map->slots[i].key != key)
		i = (i + 1) & map->mask;
	return &map->slots[i];
}

static void grow(struct u64_map *map)
{
	struct u64_map bigger = {.mask = map->slots ? map->mask * 2 + 1 : FIRST_SLOTS - 1, .count = map->count};

	bigger.slots = memory_zeroed(bigger.mask + 1, sizeof *bigger.slots);
	for (size_t i = 0; map->slots && i <= map->mask; i++)
		if (map->slots[i].value)
			*slot_for(&bigger, map->slots[i].key) = map->slots[i];
	free(map->slots);
	*map = bigger;
}

void u64_map_put(struct u64_map *map, uint64_t key, uint64_t value)
{
	struct u64_slot *slot;

	if (!map->slots || (map->count + 1) * 2 > map->mask)
		grow(map);
	slot = slot_for(map, key);
	map->count += !slot->value;
	*slot = (struct u64_slot){key, value};
}

/* Entries behind the hole move into it while that brings them nearer to their home slot, so that no tombstone is
 * needed. */
void u64_map_remove(struct u64_map *map, uint64_t key)
{
	size_t hole, i;

	if (!map->count)
		return;
	hole = slot_for(map, key) - map->slots;
	if (!map->slots[hole].value)
		return;
	for (i = (hole + 1) & map->mask; map->slots[i].value; i = (i + 1) & map->mask) {
		size_t home = u64_mix(map->slots[i].key) & map->mask;

		if (((i - home) & map->mask) < ((i - hole) & map->mask))
			continue;
		map->slots[hole] = map->slots[i];
		hole = i;
	}
	map->slots[hole] = (struct u64_slot){0, 0};
	map->count--;
}

void u64_map_free(struct u64_map *map)
{
	free(map->slots);
	*map = (struct u64_map){0};
}
