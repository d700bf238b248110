/*
 * Has a malloc, calloc, realloc and free of its own, which count the calls and call the next ones (RTLD_NEXT).  Test
 * programs that make malloc fail do so.  Loses 50 blocks of 90 bytes.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

#include "say.h"

static size_t calls;

static void *next_malloc, *next_calloc, *next_realloc, *next_free;

static void *find(void **next, const char *name)
{
	if (!*next)
		*next = dlsym(RTLD_NEXT, name);
	return *next;
}

#define NEXT(type, name) ((type)find(&next_##name, #name))

void *malloc(size_t bytes)
{
	calls++;
	return NEXT(void *(*)(size_t), malloc)(bytes);
}

void *calloc(size_t count, size_t bytes)
{
	calls++;
	return NEXT(void *(*)(size_t, size_t), calloc)(count, bytes);
}

void *realloc(void *block, size_t bytes)
{
	calls++;
	return NEXT(void *(*)(void *, size_t), realloc)(block, bytes);
}

void free(void *block) { NEXT(void (*)(void *), free)(block); }

__attribute__((noinline)) static void lose(void)
{
	void *volatile block = malloc(90);

	memset(block, 0, 90);
	block = NULL;
}

int main(void)
{
	size_t before = calls;

	for (int i = 0; i < 50; i++) {
		lose();
		free(realloc(malloc(10), 200));
	}
	say("%zu calls\n", calls - before);
	return 0;
}
