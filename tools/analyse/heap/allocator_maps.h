/*
 * What a known allocator (shim/known_allocator.h) has mapped, and neither it nor the program has unmapped or mapped
 * over since: from the events of mmap, munmap, mremap and sbrk.
 */
#ifndef RINGTAIL_ANALYSE_ALLOCATOR_MAPS_H
#define RINGTAIL_ANALYSE_ALLOCATOR_MAPS_H

#include <stddef.h>
#include <stdint.h>

#include "tools/source/event.h"

struct allocator_map {
	uint64_t start, end;
};

struct allocator_maps {              /* zeroed: none */
	struct allocator_map *items; /* sorted; they neither overlap nor touch */
	size_t count, room;
};

/* Takes any event, in order. */
void allocator_maps_event(struct allocator_maps *maps, const struct event *event);
void allocator_maps_free(struct allocator_maps *maps);

#endif
