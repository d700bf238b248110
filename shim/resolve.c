#include "shim/resolve.h"

#include <dlfcn.h>
#include <gnu/libc-version.h>
#include <link.h>
#include <string.h>

#include "shim/modules.h"
#include "shim/process.h"

struct real real;
bool heap_is_anothers;

#define LOADER_VERSION "GLIBC_2.34" /* libdl became a part of libc */
#if defined(__x86_64__)
#define COND_VERSION     "GLIBC_2.3.2" /* dlsym gave the 2.2.5 ABI, another layout, before glibc 2.36 */
#define COND_VERSION_OLD "GLIBC_2.2.5"
#define SPAWN_VERSION    "GLIBC_2.15"
#define HEAP_VERSION     "GLIBC_2.2.5"
#define ALIGNED_VERSION  "GLIBC_2.16"
#else
#define COND_VERSION    NULL
#define SPAWN_VERSION   NULL
#define HEAP_VERSION    "GLIBC_2.17"
#define ALIGNED_VERSION "GLIBC_2.17"
#endif

static const char late[] = "late", heap[] = HEAP_VERSION, aligned[] = ALIGNED_VERSION;
#define LATE    late
#define HEAP    heap
#define ALIGNED aligned

#define HOOK(ret, name, params, args, version, body, ...) {#name, version, (void **)&real.name},
static const struct row {
	const char *name, *version;
	void **target;
} rows[] = {
#include "shim/hooks.def"
};

bool resolve_is_of_libc(void *function)
{
	struct dl_find_object object, libc;
	return !_dl_find_object(function, &object) && !_dl_find_object((void *)gnu_get_libc_version, &libc) &&
	       object.dlfo_link_map == libc.dlfo_link_map;
}

/* glibc's own debugging allocator, libc_malloc_debug.so, has its functions for the versions that programs ask for, and
 * none for a look-up that asks for no version. */
static void *resolve_heap(const struct row *row)
{
	void *found = real.dlsym(RTLD_NEXT, row->name);
	return resolve_is_of_libc(found) ? dlvsym(RTLD_NEXT, row->name, row->version) : found;
}

static void *resolve(const struct row *row)
{
	if (row->version == heap || row->version == aligned)
		return resolve_heap(row);
	return row->version ? dlvsym(RTLD_NEXT, row->name, row->version) : real.dlsym(RTLD_NEXT, row->name);
}

/* What looks up the others, then the allocator: dlsym may need it. */
void resolve_all(void)
{
	real.dlsym = (__typeof__(real.dlsym))dlvsym(RTLD_NEXT, "dlsym", LOADER_VERSION);
	real.dlopen = (__typeof__(real.dlopen))dlvsym(RTLD_NEXT, "dlopen", LOADER_VERSION);
	for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i].version != late)
			*rows[i].target = resolve(&rows[i]);
}

/* The function that the program calls by this name, if that is not the shim's.  It is the first of any version, or the
 * first of glibc's: libc_malloc_debug.so's, if it is not the one behind the shim. */
static void *in_front(const char *name, void *behind)
{
	void *first = real.dlsym(RTLD_DEFAULT, name), *of_version = dlvsym(RTLD_DEFAULT, name, heap);
	if (!in_range(&shim_range, (uintptr_t)first))
		return first;
	return of_version != behind && !resolve_is_of_libc(of_version) ? of_version : NULL;
}

bool resolve_front(struct front_allocator *found)
{
	void *of_malloc = in_front("malloc", (void *)real.malloc), *of_free = in_front("free", (void *)real.free);
	heap_is_anothers = in_front("realloc", (void *)real.realloc) != NULL;
	found->malloc = (__typeof__(found->malloc))of_malloc;
	found->free = (__typeof__(found->free))of_free;
	return of_malloc && of_free;
}

void *resolve_in_front(const char *name, bool *by_version)
{
	void *first = real.dlsym(RTLD_DEFAULT, name);
	*by_version = in_range(&shim_range, (uintptr_t)first);
	for (unsigned i = 0; *by_version && i < sizeof rows / sizeof *rows; i++)
		if ((rows[i].version == heap || rows[i].version == aligned) && !strcmp(rows[i].name, name))
			return dlvsym(RTLD_DEFAULT, name, rows[i].version);
	return first;
}

bool is_in_executable(void *function)
{
	struct dl_find_object object;
	return !_dl_find_object(function, &object) && !*object.dlfo_link_map->l_name;
}

void *resolve_late(const char *name)
{
	void *found = real.dlsym(RTLD_NEXT, name);
	dlerror(); /* functions that this libc lacks must not show as the program's dlerror */
	return found;
}

static void *find_in(const char *library, const char *name)
{
	void *handle = real.dlopen(library, RTLD_LAZY | RTLD_NOLOAD);
	void *found = handle ? real.dlsym(handle, name) : NULL;
	if (handle)
		dlclose(handle);
	return found;
}

void *resolve_operator(const char *name)
{
	void *found = real.dlsym(RTLD_NEXT, name);
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
