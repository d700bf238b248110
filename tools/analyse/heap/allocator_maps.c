#include "tools/analyse/heap/allocator_maps.h"

#include <stdlib.h>
#include <string.h>

#include "tools/base/memory.h"
#include "tools/base/search.h"

#define PAGE UINT64_C(4096)

/* The first map that ends behind the address. */
static size_t first_behind(const struct allocator_maps *maps, uint64_t address)
{
	size_t i = count_up_to(maps->items, maps->count, sizeof *maps->items, address);

	return i && maps->items[i - 1].end > address ? i - 1 : i;
}

static void insert(struct allocator_maps *maps, size_t at, struct allocator_map map)
{
	GROW(maps->items, maps->room, maps->count + 1);
	memmove(&maps->items[at + 1], &maps->items[at], (maps->count - at) * sizeof map);
	maps->items[at] = map;
	maps->count++;
}

static void drop(struct allocator_maps *maps, size_t from, size_t to)
{
	if (from == to)
		return;
	memmove(&maps->items[from], &maps->items[to], (maps->count - to) * sizeof *maps->items);
	maps->count -= to - from;
}

static void take_away(struct allocator_maps *maps, struct allocator_map gone)
{
	size_t i = first_behind(maps, gone.start), last;

	if (i < maps->count && maps->items[i].start < gone.start) {
		struct allocator_map rest = {gone.end, maps->items[i].end};
		maps->items[i++].end = gone.start;
		if (rest.start < rest.end)
			insert(maps, i, rest);
	}
	for (last = i; last < maps->count && maps->items[last].end <= gone.end; last++)
		;
	drop(maps, i, last);
	if (i < maps->count && maps->items[i].start < gone.end)
		maps->items[i].start = gone.end;
}

static void put(struct allocator_maps *maps, struct allocator_map map)
{
	take_away(maps, map);
	size_t i = first_behind(maps, map.start), from = i;

	if (from && maps->items[from - 1].end == map.start)
		map.start = maps->items[--from].start;
	if (i < maps->count && maps->items[i].start == map.end)
		map.end = maps->items[i++].end;
	drop(maps, from, i);
	insert(maps, from, map);
}

void allocator_maps_event(struct allocator_maps *maps, const struct event *event)
{
	struct allocator_map map = {event->object & ~(PAGE - 1), event->object + event->size + PAGE - 1};

	if (event->type != RT_MAP && event->type != RT_UNMAP)
		return;
	map.end &= ~(PAGE - 1);
	if (map.start >= map.end)
		return;
	if (event->type == RT_MAP && event->aux == RT_MAP_BY_ALLOCATOR)
		put(maps, map);
	else
		take_away(maps, map);
}

void allocator_maps_free(struct allocator_maps *maps)
{
	free(maps->items);
	*maps = (struct allocator_maps){0};
}
