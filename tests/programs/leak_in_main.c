/* main itself loses a block of 100 bytes: no other function of the program is on the stack. */
#include "say.h"

int main(void)
{
	void *volatile block = malloc(100);

	must(block);
	block = NULL;
	say("allocations=1 bytes=100 peak=100 live_blocks=1 live_bytes=100\n");
	return 0;
}
