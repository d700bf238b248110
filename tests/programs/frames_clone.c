/*
 * A child of clone that shares its parent's memory, as the children of posix_spawn do, allocates on a stack that the
 * program gave it: malloc(118), ten times.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <sys/wait.h>

#include "say.h"

static int child(void *argument)
{
	free(malloc(118));
	return argument != NULL;
}

/* The parent waits meanwhile, because the child uses the thread-local storage of the parent's thread. */
static void clone_once(void)
{
	static char stack[65536] __attribute__((aligned(16)));
	int status, pid = clone(child, stack + sizeof stack, CLONE_VM | CLONE_VFORK | SIGCHLD, NULL);

	must(pid > 0 && waitpid(pid, &status, 0) == pid && status == 0);
}

int main(void)
{
	for (int i = 0; i < 10; i++)
		clone_once();
	say("done\n");
	return 0;
}
