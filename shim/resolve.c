#include "shim/resolve.h"

#include <dlfcn.h>

#include "shim/process.h"

struct real real;
bool heap_is_anothers;

#if defined(__x86_64__)
#define COND_VERSION "GLIBC_2.3.2" /* dlsym gave the 2.2.5 ABI, another layout, before glibc 2.36 */
#define COND_VERSION_OLD "GLIBC_2.2.5"
#define SPAWN_VERSION "GLIBC_2.15"
#else
#define COND_VERSION NULL
#define SPAWN_VERSION NULL
#endif

static const char late[] = "late";
#define LATE late

#define HOOK(ret, name, params, args, version, body, ...) {#name, version, (void **)&real.name},
static const struct row {
	const char *name, *version;
	void **target;
} rows[] = {
#include "shim/hooks.def"
};

/* The allocator first: dlsym may need it. */
void resolve_all(void)
{
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (rows[i].version == late)
			continue;
		*rows[i].target = rows[i].version ? dlvsym(RTLD_NEXT, rows[i].name, rows[i].version)
		                                  : dlsym(RTLD_NEXT, rows[i].name);
	}
}

void resolve_front(void) { heap_is_anothers = !in_range(&shim_range, (uintptr_t)dlsym(RTLD_DEFAULT, "realloc")); }

void *resolve_late(const char *name)
{
	void *found = dlsym(RTLD_NEXT, name);
	dlerror(); /* what this libc lacks is not the program's error */
	return found;
}

static void *find_in(const char *library, const char *name)
{
	void *handle = dlopen(library, RTLD_LAZY | RTLD_NOLOAD);
	void *found = handle ? dlsym(handle, name) : NULL;
	if (handle)
		dlclose(handle);
	return found;
}

void *resolve_operator(const char *name)
{
	void *found = dlsym(RTLD_NEXT, name);
	if (found)
		return found;
	found = find_in("libstdc++.so.6", name);
	if (!found)
		found = find_in("libc++.so.1", name);
	dlerror();
	return found;
}

void *resolve_old(const char *name)
{
#ifdef COND_VERSION_OLD
	return dlvsym(RTLD_NEXT, name, COND_VERSION_OLD);
#else
	return NULL;
#endif
}
