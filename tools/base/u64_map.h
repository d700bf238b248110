/*
 * A map from any 64-bit key to a 64-bit value that is not 0: open addressing, linear probing, no tombstones.  It serves
 * look-ups made once per event, for which uthash's chains are too slow.
 */
#ifndef RINGTAIL_BASE_U64_MAP_H
#define RINGTAIL_BASE_U64_MAP_H

#include <stddef.h>
#include <stdint.h>

struct u64_slot {
	uint64_t key;
	uint64_t value; /* 0: the slot is empty */
};

struct u64_map { /* zeroed: an empty map */
	struct u64_slot *slots;
	size_t mask; /* slots - 1 */
	size_t count;
};

static inline uint64_t u64_mix(uint64_t x)
{
	x ^= x >> 32;
	x *= UINT64_C(0x9e3779b97f4a7c15);
	return x ^ x >> 29;
}

/* The value of key; 0 if the map does not have the key. */
static inline uint64_t u64_map_get(const struct u64_map *map, uint64_t key)
{
	if (!map->count)
		return 0;
	for (size_t i = u64_mix(key) & map->mask;; i = (i + 1) & map->mask) {
		const struct u64_slot *slot = &map->slots[i];

		if (!slot->value)
			return 0;
		if (slot->key == key)
			return slot->value;
	}
}

/* value: not 0. */
void u64_map_put(struct u64_map *map, uint64_t key, uint64_t value);
void u64_map_remove(struct u64_map *map, uint64_t key);
void u64_map_free(struct u64_map *map);

#endif
