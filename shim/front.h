/*
 * An allocator in front of the shim: a library whose malloc the loader finds before the shim's, as it is preloaded
 * before it.  The program's calls are bound to that allocator and never come to the shim's malloc.  So the slots of all
 * modules that hold its functions are turned (turning.h) to a second set of hooks, which record and go on to that
 * allocator.
 *
 * The two sets never mix.  Hooks of hooks.def go on to what is behind the shim, and record no block then: only the
 * allocator itself calls them, for the next malloc, or the program for functions that the allocator lacks, which go on
 * to libc and come back.  Hooks of front.def and of its operators go on to the allocator.  So each block is given back
 * to the allocator that made it, as without the shim, and no call runs in circles.
 */
#ifndef RINGTAIL_FRONT_H
#define RINGTAIL_FRONT_H

#include <stdbool.h>

#include "shim/modules.h"
#include "shim/resolve.h"
#include "shim/thread.h"

#pragma GCC visibility push(hidden)

/* The allocator's functions; NULL: it has none of that name.  Only rows of front.def are filled in. */
extern struct real front;
extern struct text_range front_range; /* the library that they are in */

/* The hooks of the second set record.  Also in a forked child. */
extern bool front_watched;

/* Only calls that ask for glibc's versions of the functions come to the allocator: libc_malloc_debug.so. */
extern bool front_by_version;
/* Of malloc, calloc, realloc and free: how many have their own address for the whole program, and not that of a PLT
 * entry of the executable's. */
extern unsigned front_direct;

struct front_hook {
	const char *name;
	void **goes_on_to;
	void *hook;
};

/* Number `index` of the second set; NULL past the last. */
const struct front_hook *front_function(unsigned index);
const struct front_hook *front_operator(unsigned index);

/* The malloc that serves the program, where its_malloc is what the program calls by that name: another address if that
 * is a PLT entry of the executable's. */
void *front_server(void *its_malloc);

/* Finds the allocator whose malloc is at that address, and fills in front, front_range and where its hooks go on to.
 * False: it lacks malloc, calloc, realloc or free, so that libc's would serve a part of its blocks.  Once. */
bool front_find(void *its_malloc);

#pragma GCC visibility pop

#endif
