/* A table of blocks that is reallocated, and copied, nearly all the time: nothing is ever lost.  Ends when the file
 * argv[1] is there. */
#include <malloc.h>

#include "tests/programs/say.h"

#define BLOCKS 100000u

int main(int argc, char **argv)
{
	size_t room = BLOCKS;

	mallopt(M_MMAP_THRESHOLD, 1 << 30); /* a block of its own mapping would be moved without copying */
	char **table = malloc(room * sizeof *table);
	for (unsigned i = 0; i < BLOCKS; i++)
		table[i] = malloc(24);
	say("realloc_always %d\n", (int)getpid());
	while (argc < 2 || access(argv[1], F_OK)) {
		room = room == BLOCKS ? 2 * BLOCKS : BLOCKS;
		table = realloc(table, room * sizeof *table);
		must(table);
		free(malloc(3 * BLOCKS * sizeof *table));
	}
	for (unsigned i = 0; i < BLOCKS; i++)
		free(table[i]);
	free(table);
	return 0;
}
