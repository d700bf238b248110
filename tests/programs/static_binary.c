/* Linked statically: LD_PRELOAD does not reach it, so it cannot be watched.  Prints a line and ends with 11. */
#include "say.h"

int main(void)
{
	free(malloc(10));
	say("static\n");
	return 11;
}
