/*
 * operator new and delete.  The real operators call malloc and free, which come through our hooks; what is done here is
 * to note which operator it was, and its caller, for the hook that follows (thread->origin).  A runtime whose
 * operator new does not call malloc is passed through unrecorded.  Exceptions (bad_alloc) pass through as well.
 */
#include <dlfcn.h>
#include <link.h>
#include <stdlib.h>

#include "shim/hooks.h"

/* Whatever the operator did, bad_alloc included, the mark does not outlive it. */
static void forget_origin(void *self, bool unwound)
{
	if (self)
		((struct thread *)self)->origin.type = 0;
}

/* Only the outermost operator counts: new[] calls new, nothrow new calls new. */
static inline struct thread *mark_origin(unsigned type, const struct caller *caller)
{
	struct thread *self = thread_self();
	if (!self || self->origin.type)
		return NULL;
	self->origin.caller = *caller;
	self->origin.type = type;
	return self;
}

#define ORIGIN(type)                                                                                                   \
	struct caller caller = CALLER();                                                                               \
	SCOPE(scope, forget_origin, mark_origin(type, &caller))

/* The real operators. */
#define NEW(name, type, params, args)    static void *(*real_##name)params;
#define DELETE(name, type, params, args) static void(*real_##name) params;
#include "shim/operators.def"
#undef NEW
#undef DELETE

#define NEW(name, type, params, args)    {#name, (void **)&real_##name},
#define DELETE(name, type, params, args) {#name, (void **)&real_##name},
static const struct operator_row {
	const char *name;
	void **real;
} rows[] = {
#include "shim/operators.def"
};
#undef NEW
#undef DELETE

static bool looked_up;

/* All at once: a look-up waits for the loader's lock, which a thread in dlopen may hold that waits for this one. */
static __attribute__((noinline)) void look_up(void)
{
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++)
		*rows[i].real = resolve_operator(rows[i].name);
	store_release(&looked_up, real__Znwm != NULL);
}

extern void *_ZSt15get_new_handlerv(void) __attribute__((weak)); /* std::get_new_handler: every C++ runtime has it */

static bool is_in_library(void *function)
{
	struct dl_find_object object;
	return _dl_find_object(function, &object) == 0 && *object.dlfo_link_map->l_name;
}

/*
 * Where the program has a C++ runtime from the start, before main: no thread holds the loader's lock, and dlerror
 * has no message that could get lost.  A runtime linked into the executable itself calls its own operators, never the
 * hooks, and looking for others would cost a search of the library path each.
 */
void operators_start_up(void)
{
	if (_ZSt15get_new_handlerv && !looked_up && is_in_library(_ZSt15get_new_handlerv))
		look_up();
}

#define LOOK_UP()                                                                                                      \
	if (unlikely(!load_acquire(&looked_up)))                                                                       \
	look_up()

/* Where an operator is called and no C++ runtime is found, the hook does what its operator would. */
#define NEW(name, type, params, args)                                                                                  \
	EXPORT void *name params;                                                                                      \
	void *name params                                                                                              \
	{                                                                                                              \
		ORIGIN(type);                                                                                          \
		LOOK_UP();                                                                                             \
		return real_##name ? real_##name args : malloc(bytes);                                                 \
	}
#define DELETE(name, type, params, args)                                                                               \
	EXPORT void name params;                                                                                       \
	void name params                                                                                               \
	{                                                                                                              \
		ORIGIN(type);                                                                                          \
		LOOK_UP();                                                                                             \
		if (real_##name)                                                                                       \
			real_##name args;                                                                              \
		else                                                                                                   \
			free(block);                                                                                   \
	}
#include "shim/operators.def"
