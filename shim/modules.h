/*
 * The objects (executable, libraries) that stack frames were found in, as the
 * ring file lists them; and what happens to their addresses when they go.
 *
 * dlopen is not wrapped (that would break $ORIGIN and RTLD_NEXT for its callers),
 * and dlclose is not either, since libc unloads libraries by itself too.  Instead:
 * a module is met when the first address in it is.  It is found gone when the
 * loader frees its link map, which comes through the shim's free(): after the library has
 * left _dl_find_object's table, and before another can take its place (the loader
 * holds its lock).  Its addresses are then marked dead, and get new ids if they come
 * to mean something else.  If the same library (path, build id) comes back to the same
 * place, its entry and its addresses are valid again: plugins that come and go for
 * ever take no more room than once.
 */
#ifndef RINGTAIL_MODULES_H
#define RINGTAIL_MODULES_H

#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>

#pragma GCC visibility push(hidden)

#define MODULES_MOST  4096
#define MODULES_LEAST 256 /* where memory is limited */

/* Index + 1 of the object's entry in the ring file, made when it is new; 0 when there is no room. */
uint32_t modules_index(const struct dl_find_object *object);

/* The loader freed something: looks whether known modules are gone.  Not in signal handlers. */
void modules_recheck(void);

/* Where the shim itself and the dynamic loader lie in memory. */
struct text_range {
	uintptr_t start, bytes;
};
extern struct text_range shim_range, loader_range;

static inline bool in_range(const struct text_range *range, uintptr_t address)
{
	return address - range->start < range->bytes;
}

/* Where the object lies that the address is in; empty where it is in none. */
struct text_range modules_range(uintptr_t address);

/* Finds shim_range and loader_range; once per process image. */
void modules_start_up(void);

#pragma GCC visibility pop

#endif
