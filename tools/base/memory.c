#include "tools/base/memory.h"

#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "tools/base/error.h"

#define LARGE_BYTES (256 << 10)
#define KEPT_BYTES  (8 << 20)

static void out_of_memory(void)
{
	fputs("ringtail: out of memory while analysing; run it on a machine with more memory, or record a "
	      "shorter run\n",
	      stderr);
	exit(EXIT_INTERNAL);
}

/* Large blocks are always mapped and unmapped (M_MMAP_THRESHOLD).  By default glibc raises that threshold as large
 * blocks are freed, keeps them, and clears them for the next calloc.  Tables that are sized for the worst case have few
 * pages that are touched, but clearing them whole would cost milliseconds for each process that is read.  The heap of
 * small blocks is not trimmed: the next process needs as much again, and trimming costs system calls. */
void memory_start_up(void)
{
	mallopt(M_MMAP_THRESHOLD, LARGE_BYTES);
	mallopt(M_TRIM_THRESHOLD, KEPT_BYTES);
}

void *memory_zeroed(size_t count, size_t size)
{
	void *items = calloc(count ? count : 1, size);

	if (!items)
		out_of_memory();
	return items;
}

void *memory_aligned(size_t alignment, size_t bytes)
{
	void *item = aligned_alloc(alignment, (bytes + alignment - 1) & ~(alignment - 1));

	if (!item)
		out_of_memory();
	return memset(item, 0, bytes);
}

void *memory_grow_zeroed(void *items, size_t *room, size_t needed, size_t most, size_t size)
{
	size_t more = *room ? *room : 512;

	while (more < needed)
		more *= 2;
	if (more > most)
		more = most;
	void *grown = memory_zeroed(more, size);
	if (*room)
		memcpy(grown, items, *room * size);
	free(items);
	*room = more;
	return grown;
}

#define HUGE_PAGE ((size_t)2 << 20)

void memory_dense(void *items, size_t bytes)
{
	uintptr_t start = ((uintptr_t)items + HUGE_PAGE - 1) & ~(HUGE_PAGE - 1);
	uintptr_t end = ((uintptr_t)items + bytes) & ~(HUGE_PAGE - 1);

	if (start < end)
		madvise((void *)start, end - start, MADV_HUGEPAGE);
}

void *memory_grow(void *items, size_t *room, size_t needed, size_t size)
{
	size_t more = *room ? *room : 8;

	while (more < needed) {
		if (more > SIZE_MAX / 2 / size)
			out_of_memory();
		more *= 2;
	}
	items = realloc(items, more * size);
	if (!items)
		out_of_memory();
	*room = more;
	return items;
}
