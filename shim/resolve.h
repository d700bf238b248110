/* The real functions behind the hooks: one typed pointer per row of hooks.def. */
#ifndef RINGTAIL_RESOLVE_H
#define RINGTAIL_RESOLVE_H

#include <stdbool.h>

#include "shim/hooked.h"

#pragma GCC visibility push(hidden)

#define HOOK(ret, name, params, args, version, body, ...) ret(*name) params;
struct real {
#include "shim/hooks.def"
};
#undef HOOK

extern struct real real;

/* Looks all of them up with RTLD_NEXT: the allocator or library that comes behind the shim is the one called.  A
 * look-up that succeeds calls nothing of the program's.  One that fails allocates, perhaps by a malloc of the program's
 * that takes locks, and so comes through the hooks before they are ready.  So a function that may be missing is looked
 * up later (LATE). */
void resolve_all(void);

/* True if the program's allocator is in front of the shim - its own, or a library preloaded before.  Then its blocks
 * come here only where it lacks a function, or where it goes on to the next one. */
extern bool heap_is_anothers;

/* That allocator.  False: there is none.  Once, at the end of boot, for heap_is_anothers; later again. */
struct front_allocator {
	void *(*malloc)(size_t bytes);
	void (*free)(void *block);
};
bool resolve_front(struct front_allocator *found);

/* The function that the program calls by this name; it may be the shim's.  by_version: only calls that ask for glibc's
 * version come to it. */
void *resolve_in_front(const char *name, bool *by_version);

/* Whether the function is part of the libc that the shim itself calls. */
bool resolve_is_of_libc(void *function);

/* Whether the function is part of the executable. */
bool is_in_executable(void *function);

/* The function of a LATE row, or NULL where there is none. */
void *resolve_late(const char *name);

/* A C++ operator, or NULL where there is none: a C program has none, and a plugin may bring libstdc++ late and out of
 * RTLD_NEXT's sight. */
void *resolve_operator(const char *name);
/* Looks the operators up if the program has them from the start.  Once, at the end of start-up. */
void operators_start_up(void);
/* Finds where an allocator's memory is.  In a constructor, as the list of objects may change later. */
void heap_start_up(void);

/* The condition variable functions of before glibc 2.3.2, for programs of that age. */
void *resolve_old(const char *name);

#pragma GCC visibility pop

#endif
