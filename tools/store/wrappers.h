/*
 * Finds allocator wrappers that no table knows (roles.def) in what one process has recorded, and gives their frames
 * ROLE_ALLOCATES.
 *
 * A function is a wrapper if all of the following holds for the recorded stacks:
 * - All allocations under it went through one call in it.  So it allocates nothing for itself by other ways.
 * - That call leads to the allocator itself, through the runtime and other wrappers only.
 * - At least WRAPPER_CALLERS different functions called it to allocate.
 * - Most of its blocks outlived the call: at most half were freed by the same thread before its next allocation.
 *   A function that frees its own scratch memory is no wrapper.
 *
 * A wrapper of wrappers is found too, up to WRAPPER_ROUNDS levels.
 */
#ifndef RINGTAIL_STORE_WRAPPERS_H
#define RINGTAIL_STORE_WRAPPERS_H

#include "tools/analyse/heap/heap.h"
#include "tools/store/stack_set.h"

#define WRAPPER_CALLERS 4
#define WRAPPER_ROUNDS  3

/* Adds the stacks of the sites to the set, and tells it which functions are wrappers.  Call this before anything asks
 * for the role of a frame. */
void wrappers_find(struct stack_set *set, const struct heap_site *sites, size_t count);

#endif
