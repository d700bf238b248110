/* Built for 32 bits: the shim cannot be preloaded into it.  Allocates, and ends with status 12. */
#include "say.h"

int main(void)
{
	for (int i = 0; i < 100; i++)
		free(malloc(49));
	say("32 bits: %zu\n", sizeof(void *));
	return 12;
}
