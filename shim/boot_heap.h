/*
 * The bootstrap heap: memory for code that allocates while the real functions are being looked up, as dlsym does.
 *
 * It grows as needed and takes nothing back: a few hundred bytes in practice.  Its blocks are known by their address
 * for as long as the process lives, in free, realloc and malloc_usable_size.
 */
#ifndef RINGTAIL_BOOT_HEAP_H
#define RINGTAIL_BOOT_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shim/atomics.h"

#pragma GCC visibility push(hidden)

#define BOOT_HEAP_BYTES (64u << 10)
extern unsigned char boot_heap_first[BOOT_HEAP_BYTES];
extern bool boot_heap_grown;

/* Zeroed memory of that alignment (a power of two), or NULL. */
void *boot_heap_alloc(size_t bytes, size_t align);
/* The size that was asked for, of a block of this heap. */
size_t boot_heap_size(const void *block);
bool boot_heap_in_more(const void *block);

static inline bool boot_heap_has(const void *block)
{
	return unlikely((uintptr_t)block - (uintptr_t)boot_heap_first < BOOT_HEAP_BYTES) ||
	       (unlikely(boot_heap_grown) && boot_heap_in_more(block));
}

#pragma GCC visibility pop

#endif
