/*
 * The allocator behind the shim, where it is a library that is known to be an allocator and nothing else
 * (known_allocator.def).  Memory that such a library maps holds blocks and the allocator's own data: the thread caches
 * of jemalloc keep the addresses of blocks that they have handed out, and its descriptions of large blocks the
 * addresses of these.  None of this holds a pointer of the program's, so the leak scan leaves it out.
 *
 * That is true only while the program knows the allocator by malloc, free and the like.  A block of mallocx or
 * scalable_malloc is in the same memory, is not seen, and may hold the only pointer to another block; and functions
 * such as mallctl take pointers that the allocator keeps for the program.  A module that is linked with such a function
 * names it: the tool looks (tools/scan/allocator_memory.h).  A program may also look one up by dlsym: the shim looks.
 *
 * A library with a malloc that is not in the table may be anything, also a part of the program with pools of its own.
 */
#ifndef RINGTAIL_KNOWN_ALLOCATOR_H
#define RINGTAIL_KNOWN_ALLOCATOR_H

#include <stdbool.h>

#include "shim/format.h"
#include "shim/modules.h"

#pragma GCC visibility push(hidden)

/* The library that malloc is in, and the one that maps its memory; empty: there is none, or no second one. */
extern struct text_range known_allocator[RT_ALLOCATOR_PARTS];

/* Finds it.  Once per process image, while booting. */
void known_allocator_start_up(void);

static inline bool known_allocator_serves(void) { return known_allocator[0].bytes != 0; }

static inline bool known_allocator_has(uintptr_t address)
{
	return in_range(&known_allocator[0], address) || in_range(&known_allocator[1], address);
}

/* About to look up a function by dlsym: the program may get one of the allocator's whose calls are not seen. */
void known_allocator_looked_up(void *handle, const char *name);

/* The allocator's memory may hold blocks or pointers of the program that are not seen, from here on. */
void known_allocator_asked(void);

#pragma GCC visibility pop

#endif
