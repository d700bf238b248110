/*
 * dlopen, dlmopen and dlsym.  What they do depends on their caller: where a library is looked for, in which namespace,
 * and which object is the next one.  So each hook does its work first and leaves its frame to the real function (a tail
 * call), which sees the program's caller.
 */
#include <dlfcn.h>

#include "shim/boot.h"
#include "shim/hooks.h"
#include "shim/known_allocator.h"
#include "shim/turning.h"

/* Before main, a constructor of another library may come first. */
static inline void be_ready(void)
{
	if (unlikely(!real.dlmopen) && !boot_under_way())
		thread_self();
}

static __attribute__((noinline)) void look(struct caller caller, bool opens)
{
	turning_look();
	if (opens)
		turning_before_open(&caller);
}

void *dlopen(const char *file, int mode)
{
	be_ready();
	if (unlikely(turning_wanted))
		look(CALLER(), true);
	if (unlikely(mode & RTLD_DEEPBIND))
		turning_before_deepbind();
	return real.dlopen(file, mode);
}

void *dlmopen(Lmid_t space, const char *file, int mode)
{
	be_ready();
	if (unlikely(turning_wanted))
		look(CALLER(), space == LM_ID_BASE);
	if (space != LM_ID_BASE)
		turning_before_namespace();
	else if (unlikely(mode & RTLD_DEEPBIND))
		turning_before_deepbind();
	return real.dlmopen(space, file, mode);
}

void *dlsym(void *handle, const char *name)
{
	be_ready();
	if (unlikely(turning_wanted)) {
		turning_look();
		void *hook = turning_hook(handle, name);
		if (hook)
			return hook;
	}
	if (unlikely(known_allocator_serves()) && !known_allocator_has((uintptr_t)__builtin_return_address(0)))
		known_allocator_looked_up(handle, name);
	return real.dlsym(handle, name);
}
