/*
 * Ten million events in one thread: five million times malloc and free, of 1 to 512 bytes, from three call
 * sites.  5000000 allocations of 1282469280 bytes, all temporary, none left; peak 512 bytes in one block.
 * Argument: the number of pairs.
 */
#include "say.h"

__attribute__((noinline)) static void pair(size_t bytes)
{
	char *volatile block = malloc(bytes);

	must(block);
	free(block);
}

__attribute__((noinline)) static void deeper(size_t bytes, int levels)
{
	if (levels)
		deeper(bytes, levels - 1);
	else
		pair(bytes);
	__asm__ volatile("" ::: "memory"); /* no tail call */
}

int main(int argc, char **argv)
{
	long pairs = argc > 1 ? atol(argv[1]) : 5000000;
	unsigned long long bytes = 0;

	for (long i = 0; i < pairs; i++) {
		size_t size = 1 + (size_t)(i & 511);

		bytes += size;
		if (i % 3 == 0)
			pair(size);
		else
			deeper(size, i % 3 == 1 ? 3 : 12);
	}
	say("allocations=%ld bytes=%llu peak=512 live_blocks=0 live_bytes=0 temporary=%ld\n", pairs, bytes, pairs);
	return 0;
}
