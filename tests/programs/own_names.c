/*
 * Has an allocator beside malloc, under the names that jemalloc has with a prefix, as servers link it.  It loses 10
 * blocks of each, and 10 more of malloc's are freed.
 */
#include <stddef.h>
#include <string.h>

#include "say.h"
#include "wipe_stack.h"

static char pool[1 << 16];
static size_t used;
static void *volatile latest;

__attribute__((noinline)) void *je_malloc(size_t bytes)
{
	size_t from = used;

	must(bytes <= sizeof pool - used);
	used += (bytes + 15) & ~(size_t)15;
	return pool + from;
}

__attribute__((noinline)) void je_free(void *block) { memset(block, 0, 1); }

__attribute__((noinline)) static void lose(void)
{
	latest = je_malloc(40);
	latest = malloc(72);
}

int main(void)
{
	for (int i = 0; i < 10; i++) {
		lose();
		je_free(je_malloc(24));
		free(malloc(24));
	}
	latest = NULL;
	wipe_stack();
	say("done\n");
	return 0;
}
