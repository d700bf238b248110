/*
 * Holds a block from where only an allocator knows to look: in a block from a function of the allocator's own, or as
 * the hooks that jemalloc is told to get its memory by. "linked": the functions are named by the program.  "dlsym": it
 * looks them up; this name makes it.  "hooks": the same.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "say.h"
#include "wipe_stack.h"

#ifdef LINKED
void *mallocx(size_t bytes, int flags) __attribute__((weak));
void *mi_malloc(size_t bytes) __attribute__((weak));
void *tc_malloc(size_t bytes) __attribute__((weak));
void *scalable_malloc(size_t bytes) __attribute__((weak));

static void *from_allocator(size_t bytes)
{
	if (mallocx)
		return mallocx(bytes, 0);
	return mi_malloc ? mi_malloc(bytes) : tc_malloc ? tc_malloc(bytes) : scalable_malloc(bytes);
}
#else
static void *find(const char *name) { return dlsym(RTLD_DEFAULT, name); }

static void *from_allocator(size_t bytes)
{
	static const char *const names[] = {"mi_malloc", "tc_malloc", "scalable_malloc"};
	void *(*call)(size_t bytes) = NULL;
	void *(*mallocx)(size_t bytes, int flags) = (void *(*)(size_t, int))find("mallocx");

	for (size_t i = 0; i < sizeof names / sizeof *names && !call; i++)
		call = (void *(*)(size_t))find(names[i]);
	return mallocx ? mallocx(bytes, 0) : call(bytes);
}
#endif

static volatile uintptr_t hidden; /* the address with all bits turned: no pointer */

__attribute__((noinline)) static void *keep(size_t bytes) { return malloc(bytes); }

__attribute__((noinline)) static void keep_in_own_block(void)
{
	void **own = from_allocator(64);

	must(own);
	own[1] = keep(300);
	hidden = ~(uintptr_t)own;
}

/* extent_hooks_t of jemalloc begins with the function that maps memory. */
__attribute__((noinline)) static void keep_as_hooks(void)
{
	int (*mallctl)(const char *name, void *old, size_t *length, void *new, size_t bytes) =
	    (int (*)(const char *, void *, size_t *, void *, size_t))dlsym(RTLD_DEFAULT, "mallctl");
	void **hooks = keep(9 * sizeof(void *)), **present;
	size_t length = sizeof present;

	must(hooks && mallctl && !mallctl("arena.0.extent_hooks", &present, &length, NULL, 0));
	memcpy(hooks, present, 9 * sizeof(void *));
	must(!mallctl("arena.0.extent_hooks", NULL, NULL, &hooks, sizeof hooks));
}

int main(int argc, char **argv)
{
	argc == 2 && !strcmp(argv[1], "hooks") ? keep_as_hooks() : keep_in_own_block();
	wipe_stack();
	say("done\n");
	return 0;
}
