/*
 * Not position independent: the address of free that it takes is that of its own PLT entry, for all modules, and data
 * of its library is copied into it.  Loses 10 blocks, and frees 300 in three ways.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/programs/say.h"
#include "tests/programs/wipe_stack.h"

extern void *(*kept_malloc)(size_t);
extern void (*kept_free)(void *);

static void (*volatile own_free)(void *) = free;
static void *volatile latest;

__attribute__((noinline)) static void lose_kept(void) { latest = kept_malloc(72); }

int main(void)
{
	for (int i = 0; i < 100; i++) {
		kept_free(malloc(40));
		own_free(kept_malloc(40));
		free(strdup("a block of libc's"));
		if (i % 10 == 0)
			lose_kept();
	}
	latest = NULL;
	wipe_stack();
	must(own_free == free);
	say("done\n");
	return 0;
}
