/*
 * Seven blocks of 64 bytes are lost in lose() and nothing points to them; one of 1000 bytes in a global is
 * still reachable; ten of 32 bytes are freed.  18 allocations of 1768 bytes; 8 blocks, 1448 bytes are live at the end.
 */
#include <string.h>

#include "say.h"

void *reachable;
static volatile int times = 7; /* not known to the compiler: one call site */

__attribute__((noinline)) static void lose(void)
{
	void *volatile block = malloc(64);

	must(block);
	memset(block, 0x5a, 64);
	block = NULL;
}

int main(void)
{
	for (int i = 0; i < times; i++)
		lose();
	reachable = malloc(1000);
	for (int i = 0; i < 10; i++)
		free(malloc(32));
	say("allocations=18 bytes=1768 peak=1480 live_blocks=8 live_bytes=1448\n");
	return 0;
}
