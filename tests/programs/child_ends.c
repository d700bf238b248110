/* Makes the children of tests/e2e/tables/child_ends.def one after the other, and waits for each. */
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "say.h"

static void *volatile kept[16];

#if defined(__x86_64__)
static void exit_past_libc(long status)
{
	__asm__ volatile("syscall" : : "a"(SYS_exit_group), "D"(status) : "rcx", "r11", "memory");
}
#endif

/* The first of two waits leaves the child to be waited for. */
static void seen_twice(pid_t child)
{
	siginfo_t info;

	must(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT) == 0);
	must(waitpid(child, NULL, 0) == child);
}

static void stopped_and_killed(pid_t child)
{
	int status;

	must(waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status));
	kill(child, SIGINT);
	kill(child, SIGCONT);
	must(waitpid(child, &status, 0) == child);
}

static void make_blocks(int count)
{
	for (int i = 0; i < count; i++)
		kept[i] = malloc(32);
}

int main(void)
{
	struct rusage usage;
	siginfo_t info;
	int status;
	pid_t child;

#define CHILD(blocks, end, wait_for_it, ...)                                                                           \
	child = fork();                                                                                                \
	if (child == 0) {                                                                                              \
		signal(SIGQUIT, SIG_DFL);                                                                              \
		signal(SIGINT, SIG_DFL);                                                                               \
		setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});                                                        \
		make_blocks(blocks);                                                                                   \
		end;                                                                                                   \
		pause();                                                                                               \
	}                                                                                                              \
	wait_for_it;
#include "../e2e/tables/child_ends.def"
	say("all children have ended\n");
	return 0;
}
