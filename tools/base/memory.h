/* Memory of the reader and the analysers.  There is no going on without it: running out ends the tool with one clear line. */
#ifndef RINGTAIL_MEMORY_H
#define RINGTAIL_MEMORY_H

#include <stddef.h>

/* Before any of the others, once a process. */
void memory_start_up(void);
/* count zeroed items; pages that are never touched take no memory. */
void *memory_zeroed(size_t count, size_t size);
/* The array with room for at least `needed` items, but no more than `most`, what is new zeroed: of a table made for the
 * worst case, as much as is used. */
void *memory_grow_zeroed(void *items, size_t *room, size_t needed, size_t most, size_t size);
/* All of this large array will be touched, in any order: huge pages spare a TLB miss each, and most of the page faults. */
void memory_dense(void *items, size_t bytes);
/* Zeroed, at an address that is a multiple of a power of two. */
void *memory_aligned(size_t alignment, size_t bytes);
/* The array with room for at least `needed` items; grows by doubling. */
void *memory_grow(void *items, size_t *room, size_t needed, size_t size);

#define GROW(items, room, needed) \
	((needed) <= (room) ? (void)0 : (void)((items) = memory_grow((items), &(room), (needed), sizeof *(items))))

#endif
