/* Reallocates a table of blocks, and so copies it, nearly all the time; loses nothing.  Ends when the file argv[1]
 * exists. */
#include <malloc.h>

#include "tests/programs/say.h"

#define BLOCKS 100000u

int main(int argc, char **argv)
{
	size_t room = BLOCKS;

	mallopt(M_MMAP_THRESHOLD, 1 << 30); /* realloc moves a block with a mapping of its own without copying it */
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
