/* The personality routine of the shim's frames.  Interface: Itanium C++ ABI, "Exception Handling", 1.6. */
#include "shim/scope.h"

#include <dlfcn.h>
#include <stddef.h>

#include "shim/atomics.h"
#include "shim/resolve.h"

#define FRAME_MOST 2048 /* bytes of stack that a hook's frame may have */

__thread struct open_scope scopes[SCOPES_MOST];
__thread unsigned scope_count;

enum { CONTINUE_UNWIND = 8, CLEANUP_PHASE = 2 };

struct _Unwind_Exception;
struct _Unwind_Context;

int __gcc_personality_v0(int version, int actions, uint64_t class, struct _Unwind_Exception *exception,
                         struct _Unwind_Context *context) __attribute__((visibility("hidden")));
void _Unwind_Resume(struct _Unwind_Exception *exception) __attribute__((visibility("hidden")));

typedef uintptr_t get_cfa(struct _Unwind_Context *);

/* The unwinder's function that tells a frame's stack pointer.  An unwinder is loaded when the personality routine runs,
 * if only privately by pthread_cancel. */
static get_cfa *find_get_cfa(void)
{
	static get_cfa *cached;
	get_cfa *found = load_acquire(&cached);
	if (found)
		return found;
	void *libgcc = real.dlopen("libgcc_s.so.1", RTLD_LAZY | RTLD_NOLOAD);
	found = (get_cfa *)real.dlsym(libgcc ? libgcc : RTLD_DEFAULT, "_Unwind_GetCFA");
	if (libgcc)
		dlclose(libgcc);
	store_release(&cached, found);
	return found;
}

/* libgcc and LLVM's libunwind give the stack pointer that the frame has at its call.  A value that is impossible, as
 * from the context of another unwinder, is not used. */
static uintptr_t frame_sp(struct _Unwind_Context *context)
{
	uintptr_t here = (uintptr_t)__builtin_frame_address(0);
	get_cfa *ask = find_get_cfa();
	uintptr_t sp = ask ? ask(context) : 0;
	return sp > here ? sp : here;
}

/* The compiler refers to C's personality routine by this name. */
int __gcc_personality_v0(int version, int actions, uint64_t class, struct _Unwind_Exception *exception,
                         struct _Unwind_Context *context)
{
	if (version != 1 || !(actions & CLEANUP_PHASE))
		return CONTINUE_UNWIND;
	uintptr_t sp = frame_sp(context);
	scope_forget(sp);
	if (scope_count && scopes[scope_count - 1].at - sp < FRAME_MOST) {
		const struct scope scope = scopes[--scope_count].scope;
		scope.function(scope.data, true);
	}
	return CONTINUE_UNWIND;
}

/* The compiler's landing pads refer to it; no unwinding ever lands there. */
void _Unwind_Resume(struct _Unwind_Exception *exception) { __builtin_trap(); }
