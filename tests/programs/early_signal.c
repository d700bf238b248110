/*
 * Calls signal(), sigaction() and a handler before its first malloc, also from a constructor: a shim that is ready only
 * at the first allocation would crash here.  One block of 12 bytes in the end.
 */
#include <signal.h>

#include "say.h"

static volatile sig_atomic_t handled;

static void handler(int number)
{
	handled++;
	(void)number;
}

__attribute__((constructor(101))) static void first_of_all(void)
{
	signal(SIGUSR1, handler);
	raise(SIGUSR1);
}

int main(void)
{
	struct sigaction action = {.sa_handler = handler};

	signal(SIGPIPE, SIG_IGN);
	sigaction(SIGUSR2, &action, NULL);
	raise(SIGUSR2);
	raise(SIGPIPE);
	say("handled %d\n", (int)handled);
	free(malloc(12));
	return 0;
}
