/*
 * Modules whose calls pass by the hooks.  Libraries opened with RTLD_DEEPBIND look for functions in themselves and in
 * libc before they come to a preloaded library.  All modules find the malloc of an allocator that is preloaded in front
 * of the shim (front.h).  Their slots (slots.h) are turned to the hooks.
 *
 * (1) A slot is turned only if it holds the very function that the hook goes on to.  So the module calls what it called
 *     before, and the hook records it on the way.  A module with another allocator, and one in a namespace of dlmopen
 * with a libc of its own, keeps its slots. (2) A lazily bound slot is turned before its first call only if no module
 * but the shim defines the function, other than the one that the hook goes on to: then it can be bound to nothing else.
 * (3) No hook runs when dlopen returns: what dlopen does depends on its caller, so the hook leaves its frame to the
 * real one (a tail call).  Modules are looked at in the next call of dlsym, dlopen or dlmopen, and at the end.  Between
 * dlopen and that, calls of its constructors are not seen.  RT_UNSEEN says so, before and after, and nothing is claimed
 * that such a call could refute. (4) Modules are listed by dl_iterate_phdr, whose lock keeps them loaded.  It is never
 * called but in these hooks, where the program takes the loader's locks anyway. (5) What was turned is remembered and
 * can be turned back.
 *
 * With an allocator in front: (6) The constructor turns the slots of all modules but the shim's and the allocator's, or
 * none: a module whose free passes by would make leaks of what the others allocate.  A lazily bound slot is turned too,
 * as the allocator's function is the first that the loader finds; not so in a library opened with RTLD_DEEPBIND.  The
 * loader keeps its own pointers to the four functions, and the executable may have copies of a library's pointers; no
 * relocation names them, and they are found by their values.
 * (7) Each library that is opened has a window (RT_UNSEEN_HEAP), from dlopen to the first call of a hook of the
 * allocator's after dlopen has returned, in which its constructors' calls are not seen.  That hook looks, too, against
 * (4): the thread has just been in dlopen, and dl_iterate_phdr's lock is held for moments only, never while
 * constructors run. (8) If a later library cannot be turned, the heap counts as unseen from the start.
 */
#ifndef RINGTAIL_TURNING_H
#define RINGTAIL_TURNING_H

#include <stdbool.h>
#include <stdint.h>

#include "shim/thread.h"

#pragma GCC visibility push(hidden)

/* A library has been opened with RTLD_DEEPBIND at some time, or an allocator is in front: turning_look has something to
 * do. */
extern bool turning_wanted;

/* About to open a library with RTLD_DEEPBIND, by this thread. */
void turning_before_deepbind(void);
/* About to open one in a namespace of its own: its calls are never seen. */
void turning_before_namespace(void);

/* Turns the slots of all modules to the hooks of front.h, whose allocator has been found.  False: a slot cannot be
 * turned, and none is.  Once, from the constructor, which may take the loader's locks. */
bool turning_to_front(void);

/* The windows of (7) that this thread has opened, and where the caller of the latest dlopen goes on. */
struct turning_window {
	unsigned count;
	uintptr_t sp; /* stack pointer after the return */
	uintptr_t pc; /* return address */
};
extern __thread struct turning_window turning_window;

/* About to open a library: begins a window, if an allocator is in front. */
void turning_before_open(const struct caller *caller);
/* A hook called by `caller` while a window is open: ends it if dlopen has returned.  Keeps errno. */
void turning_after_open(const struct caller *caller);

/* Turns the slots of modules that came since the last look.  Cheap if there are none.  Keeps errno. */
void turning_look(void);

/* The hook that stands for a function of the allocator in front, where dlsym would return that function; NULL: it would
 * not.  RTLD_NEXT, which depends on the caller, is left alone. */
void *turning_hook(void *handle, const char *name);

/* Gives all slots that are turned their former values.  Not while another thread looks. */
void turning_back(void);

#pragma GCC visibility pop

#endif
