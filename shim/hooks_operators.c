/*
 * operator new and delete.  The real operators of a C++ runtime call malloc and free, which are hooked.  The hooks here
 * only note the operator and its caller for the hook that follows (thread->origin).
 *
 * jemalloc, tcmalloc, mimalloc and tbbmalloc have operators of their own, which call no malloc that could be hooked.
 * They are known by their place: the object that malloc itself is in.  These are recorded here, also where they call
 * malloc all the same (jemalloc's for aligned memory).  If new returns a part of malloc's block, with a header of its
 * own before it, operators are treated as a runtime's from then on.
 *
 * Exceptions (bad_alloc) pass through.
 */
#include <dlfcn.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>

#include "shim/front.h"
#include "shim/hooks.h"
#include "shim/modules.h"
#include "shim/turning.h"

/* The mark ends with the operator, also if that throws bad_alloc. */
static void forget_origin(void *data, bool unwound)
{
	struct thread *self = data;
	if (!self)
		return;
	if (unwound && self->origin.own)
		heap_record_new(self, &self->origin, NULL, 0);
	self->origin.type = 0;
}

/* Only the outermost operator counts: new[] calls new, nothrow new calls new.  A runtime's may call the allocator's
 * own, which is recorded in its place.  NULL: nothing more is to be done. */
static inline struct thread *mark_origin(unsigned type, const struct caller *caller, bool own, const void *block,
                                         size_t bytes)
{
	struct thread *self = thread_self();
	if (!self || (self->origin.type && (self->origin.own || !own)))
		return NULL;
	if (!self->origin.type) {
		self->origin.caller = *caller;
		self->origin.type = type;
	}
	self->origin.own = own;
	self->origin.block = block;
	self->origin.bytes = bytes;
	self->origin.inner = NULL;
	self->origin.inner_bytes = 0;
	return self;
}

/* The real operators, and which of them are the allocator's own. */
#define NEW(name, type, align, params, args)                                                                           \
	static void *(*real_##name)params;                                                                             \
	static bool own_##name;
#define DELETE(name, type, size, params, args)                                                                         \
	static void(*real_##name) params;                                                                              \
	static bool own_##name;
#include "shim/operators.def"
#undef NEW
#undef DELETE

#define NEW(name, ...)    {#name, (void **)&real_##name, &own_##name},
#define DELETE(name, ...) {#name, (void **)&real_##name, &own_##name},
static const struct operator_row {
	const char *name;
	void **real;
	bool *own;
} rows[] = {
#include "shim/operators.def"
};
#undef NEW
#undef DELETE

static bool looked_up;
static struct text_range allocator_range; /* the object that malloc is in */

/* All at once: a look-up waits for the loader's lock, which a thread in dlopen may hold that waits for this one. */
static __attribute__((noinline)) void look_up(void)
{
	allocator_range = modules_range((uintptr_t)real.malloc);
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		void *found = resolve_operator(rows[i].name);
		*rows[i].own = in_range(&allocator_range, (uintptr_t)found);
		*rows[i].real = found;
	}
	store_release(&looked_up, real__Znwm != NULL);
}

/* The operators of an allocator in front are its own until a block shows that they go on to malloc. */
static bool front_own = true;

static void treat_as_runtime(void)
{
	store_relaxed(&front_own, false);
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++)
		store_relaxed(rows[i].own, false);
}

extern void *_ZSt15get_new_handlerv(void) __attribute__((weak)); /* std::get_new_handler: every C++ runtime has it */

/*
 * Where the program has a C++ runtime from the start, before main: no thread holds the loader's lock, and dlerror
 * has no message that could get lost.  A runtime linked into the executable itself calls its own operators, never the
 * hooks, and looking for others would cost a search of the library path each.
 */
void operators_start_up(void)
{
	if (_ZSt15get_new_handlerv && !looked_up && !is_in_executable(_ZSt15get_new_handlerv))
		look_up();
}

#define LOOK_UP()                                                                                                      \
	if (unlikely(!load_acquire(&looked_up)))                                                                       \
	look_up()

void operators_look_up(void) { LOOK_UP(); }

void *operators_real(const char *name)
{
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++)
		if (!strcmp(rows[i].name, name))
			return load_acquire(&looked_up) ? *rows[i].real : NULL;
	return NULL;
}

/* False for blocks that an allocator makes for itself by its own operators: they are not recorded. */
static bool is_for_program(const struct caller *caller) { return !in_range(&allocator_range, caller->pc); }

static __attribute__((noinline)) void record_new(struct thread *self, const void *block, size_t align)
{
	if (self && !heap_record_new(self, &self->origin, block, align))
		treat_as_runtime();
}

/* If an operator is called and no C++ runtime is found, the hook does the operator's work. */
#define NEW(name, type, align, params, args)                                                                           \
	EXPORT void *name params;                                                                                      \
	void *name params                                                                                              \
	{                                                                                                              \
		struct caller caller = CALLER();                                                                       \
		LOOK_UP();                                                                                             \
		bool own = unlikely(load_relaxed(&own_##name)) && is_for_program(&caller);                             \
		SCOPE(scope, forget_origin, mark_origin(type, &caller, own, NULL, bytes));                             \
		void *made = real_##name ? real_##name args : malloc(bytes);                                           \
		if (unlikely(own))                                                                                     \
			record_new(scope.data, made, align);                                                           \
		return made;                                                                                           \
	}
#define DELETE(name, type, size, params, args)                                                                         \
	EXPORT void name params;                                                                                       \
	void name params                                                                                               \
	{                                                                                                              \
		struct caller caller = CALLER();                                                                       \
		LOOK_UP();                                                                                             \
		bool own = unlikely(load_relaxed(&own_##name)) && is_for_program(&caller);                             \
		SCOPE(scope, forget_origin, mark_origin(type, &caller, own, block, size));                             \
		if (unlikely(own) && scope.data && block)                                                              \
			heap_record_delete(scope.data, &((struct thread *)scope.data)->origin);                        \
		if (real_##name)                                                                                       \
			real_##name args;                                                                              \
		else                                                                                                   \
			free(block);                                                                                   \
	}
#include "shim/operators.def"
#undef NEW
#undef DELETE

/* ---- of an allocator in front (front.h) --------------------------------------------------- */

/* Whether the hook itself records: as for allocators behind the shim. */
static bool front_records(const struct caller *caller)
{
	if (unlikely(turning_window.count))
		turning_after_open(caller);
	return load_relaxed(&front_own) && !in_range(&front_range, caller->pc);
}

#define NEW(name, type, align, params, args)                                                                           \
	static void *(*in_front_##name)params;                                                                         \
	static void *front_##name params                                                                               \
	{                                                                                                              \
		struct caller caller = CALLER();                                                                       \
		bool own = front_records(&caller);                                                                     \
		SCOPE(scope, forget_origin, mark_origin(type, &caller, own, NULL, bytes));                             \
		void *made = in_front_##name args;                                                                     \
		if (own)                                                                                               \
			record_new(scope.data, made, align);                                                           \
		return made;                                                                                           \
	}
#define DELETE(name, type, size, params, args)                                                                         \
	static void(*in_front_##name) params;                                                                          \
	static void front_##name params                                                                                \
	{                                                                                                              \
		struct caller caller = CALLER();                                                                       \
		bool own = front_records(&caller);                                                                     \
		SCOPE(scope, forget_origin, mark_origin(type, &caller, own, block, size));                             \
		if (own && scope.data && block)                                                                        \
			heap_record_delete(scope.data, &((struct thread *)scope.data)->origin);                        \
		in_front_##name args;                                                                                  \
	}
#include "shim/operators.def"
#undef NEW
#undef DELETE

#define NEW(name, ...)    {#name, (void **)&in_front_##name, (void *)front_##name},
#define DELETE(name, ...) {#name, (void **)&in_front_##name, (void *)front_##name},
static const struct front_hook front_operators[] = {
#include "shim/operators.def"
};
#undef NEW
#undef DELETE

const struct front_hook *front_operator(unsigned index)
{
	return index < sizeof front_operators / sizeof *front_operators ? &front_operators[index] : NULL;
}
