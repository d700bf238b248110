/*
 * Kills itself with SIGKILL after N known events: N/2 times malloc(24) and free, then 5 blocks of 100 bytes
 * that stay.  N is 10000 unless given: 5005 allocations of 120500 bytes; 5 blocks, 500 bytes are live at
 * death.  Nothing of that may be lost.
 */
#include <signal.h>

#include "say.h"

static void *volatile kept[5];

int main(int argc, char **argv)
{
	int pairs = (argc > 1 ? atoi(argv[1]) : 10000) / 2;

	for (int i = 0; i < pairs; i++) {
		void *volatile block = malloc(24);

		must(block);
		free(block);
	}
	for (int i = 0; i < 5; i++)
		kept[i] = malloc(100);
	say("allocations=%d bytes=%d live_blocks=5 live_bytes=500\n", pairs + 5, pairs * 24 + 500);
	kill(getpid(), SIGKILL);
	return 1;
}
