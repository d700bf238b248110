/*
 * Scopes: what a hook must do when it is left by an unwinding - a C++ exception, pthread_exit, cancellation -
 * as well as when it returns.
 *
 * The compiler's usual way (landing pads and _Unwind_Resume) would bring a copy of libgcc's unwinder into the shim, and
 * mix it with whichever unwinder is at work: libgcc's, LLVM's, one linked into the program.  So frames with a scope
 * have a personality routine of the shim's own (scope.c), which never lands: it runs the frame's scope and lets the
 * unwinder go on.
 *
 * A frame may also be left by longjmp, which the shim does not see.  So the record of open scopes is kept outside of
 * the stack, and an entry counts as that of a live frame only where the stack pointer says so.
 *
 * Use:  SCOPE(name, function, data);   function(data, unwound) runs once, at the end of the block or at unwinding.
 */
#ifndef RINGTAIL_SCOPE_H
#define RINGTAIL_SCOPE_H

#include <stdbool.h>
#include <stdint.h>

#pragma GCC visibility push(hidden)

#define SCOPES_MOST 8 /* open at a time in one thread; of any further one, unwinding runs nothing */

struct scope { /* in the frame; its address tells the frame */
	void (*function)(void *data, bool unwound);
	void *data;
};

struct open_scope {
	uintptr_t at;
	struct scope scope;
};

extern __thread struct open_scope scopes[SCOPES_MOST];
extern __thread unsigned scope_count;

/* Forgets scopes further in than `at`: their frames are gone. */
static inline void scope_forget(uintptr_t at)
{
	while (scope_count && scopes[scope_count - 1].at < at)
		scope_count--;
}

static inline void scope_enter(const struct scope *scope)
{
	scope_forget((uintptr_t)scope);
	if (scope_count == SCOPES_MOST)
		return;
	scopes[scope_count] = (struct open_scope){(uintptr_t)scope, *scope};
	scope_count++;
}

static inline void scope_leave(const struct scope *scope)
{
	scope_forget((uintptr_t)scope + 1);
	scope->function(scope->data, false);
}

/* The cleanup attribute is what gives the function a personality. */
#define SCOPE(name, function, data)                                                                                    \
	__attribute__((cleanup(scope_leave))) const struct scope name = {function, data};                              \
	scope_enter(&name)

#pragma GCC visibility pop

#endif
