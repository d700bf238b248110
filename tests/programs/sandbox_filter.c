/*
 * Gives up all system calls but those that an ordinary allocator needs and exit, and then records more events than a
 * chunk of the ring holds.  A forked child has the same filter.
 */
#include <sys/wait.h>

#include "sandbox.h"

static void give_up_calls(void)
{
	struct sock_filter filter[] = {
	    SANDBOX_START,          ALLOW(write), ALLOW(brk),   ALLOW(mmap),       ALLOW(munmap), ALLOW(clone),
	    ALLOW(set_robust_list), ALLOW(rseq),  ALLOW(wait4), ALLOW(exit_group), DENY_OTHERS,
	};
	enter_sandbox(filter, sizeof filter / sizeof *filter);
}

static void work(void)
{
	for (int i = 0; i < 20000; i++)
		free(malloc(20 + i % 50));
}

int main(void)
{
	int status;
	pid_t child;

	work();
	give_up_calls();
	work();
	child = fork();
	if (!child) {
		work();
		_exit(3);
	}
	must(waitpid(child, &status, 0) == child);
	say("status %x\n", status);
	return 0;
}
