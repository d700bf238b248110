/*
 * A mapped file that another process truncates raises SIGBUS at the next touch.  While a mapping is guarded,
 * what is gone reads as zeros instead: no record, no node, no chunk.
 */
#ifndef RINGTAIL_MAP_GUARD_H
#define RINGTAIL_MAP_GUARD_H

#include <stddef.h>

void map_guard_add(const void *map, size_t bytes);
void map_guard_remove(const void *map);

#endif
