/*
 * Modules whose calls pass by the hooks: libraries opened with RTLD_DEEPBIND, which look for functions in themselves
 * and in libc before they come to a preloaded library.  Their slots (slots.h) are turned to the hooks.
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
 */
#ifndef RINGTAIL_TURNING_H
#define RINGTAIL_TURNING_H

#include <stdbool.h>

#pragma GCC visibility push(hidden)

/* A library has been opened with RTLD_DEEPBIND at some time: turning_look has something to do. */
extern bool turning_wanted;

/* About to open a library with RTLD_DEEPBIND, by this thread. */
void turning_before_deepbind(void);
/* About to open one in a namespace of its own: its calls are never seen. */
void turning_before_namespace(void);

/* Turns the slots of modules that came since the last look.  Cheap if there are none.  Keeps errno. */
void turning_look(void);

/* Gives all slots that are turned their former values.  Not while another thread looks. */
void turning_back(void);

#pragma GCC visibility pop

#endif
