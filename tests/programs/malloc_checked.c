/* Writes one byte behind a block of malloc, realloc or aligned_alloc, and frees the block: libc_malloc_debug with
 * MALLOC_CHECK_=3 ends the program then. */
#include <malloc.h>
#include <string.h>

#include "say.h"

int main(int argc, char **argv)
{
	char *block = NULL;

	must(argc == 2);
	if (!strcmp(argv[1], "malloc"))
		block = malloc(24);
	if (!strcmp(argv[1], "realloc"))
		block = realloc(malloc(8), 24);
	if (!strcmp(argv[1], "aligned"))
		block = aligned_alloc(64, 24);
	must(block);
	say("block of %zu\n", malloc_usable_size(block));
	((volatile char *)block)[24] ^= -1; /* whatever byte is there, another one */
	free(block);
	say("freed\n");
	return 4;
}
