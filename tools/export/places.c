#include "tools/export/places.h"

#include <stdlib.h>
#include <uthash.h>

#include "tools/base/memory.h"

struct function_entry {
	struct function key;
	uint32_t index;
	UT_hash_handle hh;
};

void places_init(struct places *places)
{
	*places = (struct places){0};
	strings_init(&places->texts);
}

void places_free(struct places *places)
{
	struct function_entry *entry, *next;

	HASH_ITER(hh, places->function_entries, entry, next)
	{
		HASH_DEL(places->function_entries, entry);
		free(entry);
	}
	for (size_t i = 0; i < places->mapping_count; i++)
		u64_map_free(&places->mappings[i].by_offset);
	u64_map_free(&places->specials);
	strings_free(&places->texts);
	free(places->mappings);
	free(places->functions);
	free(places->lines);
	free(places->items);
	*places = (struct places){0};
}

/* Modules without a build id never count as the same: their names may mean another file by now. */
static bool same_module(const struct mapping *a, const struct mapping *b)
{
	return a->build_id && a->build_id == b->build_id && a->path == b->path && a->missing == b->missing &&
	       a->end - a->start == b->end - b->start;
}

uint32_t places_mapping(struct places *places, const struct mapping *mapping, bool alone)
{
	for (size_t i = 0; !alone && i < places->mapping_count; i++)
		if (same_module(&places->mappings[i], mapping))
			return (uint32_t)i;
	GROW(places->mappings, places->mapping_room, places->mapping_count + 1);
	places->mappings[places->mapping_count] = *mapping;
	return (uint32_t)places->mapping_count++;
}

uint32_t places_find(const struct places *places, uint32_t mapping, uint64_t offset)
{
	return mapping ? (uint32_t)u64_map_get(&places->mappings[mapping - 1].by_offset, offset) : 0;
}

uint32_t places_add(struct places *places, uint32_t mapping, uint64_t offset)
{
	uint64_t bias = mapping ? places->mappings[mapping - 1].bias : 0;

	GROW(places->items, places->room, places->count + 1);
	/* These are return addresses: one byte earlier is within the call instruction. */
	places->items[places->count++] = (struct place){
	    .address = bias + offset - (offset ? 1 : 0), .mapping = mapping, .first = (uint32_t)places->line_count};
	if (mapping)
		u64_map_put(&places->mappings[mapping - 1].by_offset, offset, places->count);
	return (uint32_t)places->count;
}

static uint32_t function_index(struct places *places, struct function key)
{
	struct function_entry *entry;

	HASH_FIND(hh, places->function_entries, &key, sizeof key, entry);
	if (entry)
		return entry->index;
	GROW(places->functions, places->function_room, places->function_count + 1);
	places->functions[places->function_count] = key;
	entry = memory_zeroed(1, sizeof *entry);
	entry->key = key;
	entry->index = (uint32_t)places->function_count++;
	HASH_ADD(hh, places->function_entries, key, sizeof entry->key, entry);
	return entry->index;
}

void places_add_line(struct places *places, uint32_t name, uint32_t file, uint32_t line)
{
	struct place *place = &places->items[places->count - 1];

	GROW(places->lines, places->line_room, places->line_count + 1);
	places->lines[places->line_count++] =
	    (struct place_line){function_index(places, (struct function){name, file, place->mapping}), line};
	place->count++;
	if (!place->mapping)
		return;
	places->mappings[place->mapping - 1].files |= file != 0;
	places->mappings[place->mapping - 1].lines |= line != 0;
	places->mappings[place->mapping - 1].inlined |= place->count > 1;
}

uint32_t places_special(struct places *places, const char *name)
{
	uint32_t text = strings_put(&places->texts, name);
	uint64_t found = u64_map_get(&places->specials, text);

	if (found)
		return (uint32_t)found;
	places_add(places, 0, 0);
	places_add_line(places, text, 0, 0);
	u64_map_put(&places->specials, text, places->count);
	return (uint32_t)places->count;
}
