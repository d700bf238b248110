/*
 * Two calls on one line lose a block each, of 10 and 20 bytes: whether that is one finding or two, no two
 * findings of a report may have the same id.
 */
#include "say.h"

__attribute__((noinline)) static void lose(size_t bytes)
{
	void *volatile block = malloc(bytes);

	must(block);
	block = NULL;
}

int main(void)
{
	lose(10);
	lose(20); /* two call sites, one line */
	say("allocations=2 bytes=30 peak=30 live_blocks=2 live_bytes=30\n");
	return 0;
}
