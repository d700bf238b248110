/*
 * When another process truncates a mapped file, the next access to the mapping raises SIGBUS.  While a mapping is
 * guarded, the missing part reads as zeros instead.  Zeros are no record, no node and no chunk.
 */
#ifndef RINGTAIL_MAP_GUARD_H
#define RINGTAIL_MAP_GUARD_H

#include <stddef.h>

void map_guard_add(const void *map, size_t bytes);
void map_guard_remove(const void *map);

#endif
