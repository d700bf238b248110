/* Four worker processes leak at one place, one of them also at another; a fifth one and the parent leak nothing.
 * usage: leaking_workers [unequal]: with `unequal` each worker leaks once more than the one before */
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "say.h"
#include "wipe_stack.h"

#define WORKERS 5
#define BYTES   1000

static void *volatile last;

static __attribute__((noinline)) void lose(void)
{
	last = malloc(BYTES);
	must(last != NULL);
	last = NULL;
}

static __attribute__((noinline)) void lose_more(void)
{
	last = malloc(4 * BYTES);
	must(last != NULL);
	last = NULL;
}

static void work(int number, int times)
{
	for (int i = 0; i < times && number < 4; i++)
		lose();
	if (number == 4)
		free(malloc(BYTES));
	if (number == 2)
		lose_more();
	wipe_stack();
}

int main(int argc, char **argv)
{
	(void)argv;

	for (int i = 0; i < WORKERS; i++) {
		pid_t pid = fork();
		must(pid >= 0);
		if (pid == 0) {
			work(i, argc > 1 ? i + 1 : 1);
			return 0;
		}
	}
	for (int i = 0; i < WORKERS; i++)
		must(wait(NULL) > 0);
	return 0;
}
