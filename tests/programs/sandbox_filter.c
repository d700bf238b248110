/*
 * Gives up all system calls but those of an ordinary allocator and of the end, and goes on for longer than a chunk of
 * the ring is.  A forked child has no more rights than that either.
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "tests/programs/say.h"

#define ALLOW(call)                                                                                          \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##call, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

static void enter_sandbox(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		ALLOW(write),
		ALLOW(brk),
		ALLOW(mmap),
		ALLOW(munmap),
		ALLOW(clone),
		ALLOW(set_robust_list),
		ALLOW(rseq),
		ALLOW(wait4),
		ALLOW(exit_group),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};
	struct sock_fprog program = { sizeof filter / sizeof *filter, filter };

	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	must(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
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
	enter_sandbox();
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
