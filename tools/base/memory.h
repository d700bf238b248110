/* Memory for the tools.  No function here returns NULL: when memory runs out, the tool prints one line and ends. */
#ifndef RINGTAIL_MEMORY_H
#define RINGTAIL_MEMORY_H

#include <stddef.h>

/* Call this once in a process, before any other function of this header. */
void memory_start_up(void);
/* Returns count zeroed items.  Pages that are never touched take no memory. */
void *memory_zeroed(size_t count, size_t size);
/* Returns the array with room for at least `needed` and at most `most` items; new items are zeroed.  For tables whose
 * worst case is large: they take only as much as is used. */
void *memory_grow_zeroed(void *items, size_t *room, size_t needed, size_t most, size_t size);
/* Asks for huge pages for a large array of which every part will be touched, in any order.  That saves a TLB miss for
 * each touch, and most page faults. */
void memory_dense(void *items, size_t bytes);
/* Returns zeroed memory at a multiple of alignment, which is a power of two. */
void *memory_aligned(size_t alignment, size_t bytes);
/* Returns the array with room for at least `needed` items.  It grows by doubling; new items are not zeroed. */
void *memory_grow(void *items, size_t *room, size_t needed, size_t size);

#define GROW(items, room, needed)                                                                                      \
	((needed) <= (room) ? (void)0 : (void)((items) = memory_grow((items), &(room), (needed), sizeof *(items))))

#endif
