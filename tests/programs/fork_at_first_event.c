/*
 * A signal handler forks while the shim records a program's first event, at each system call that the shim makes there.
 * The program traces a child that is itself, and delivers the signal at the child's first system call, in the next
 * child at the second one, and so on, until a child has ended before its signal.  With the argument `fork` the children
 * are forks, else they are executed anew.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "say.h"

static volatile pid_t forked = -1;

static void handler(int number)
{
	(void)number;
	forked = fork();
}

static void be_interrupted(void)
{
	int status = 0;

	signal(SIGUSR1, handler);
	kill(getpid(), SIGSTOP);
	void *volatile block = malloc(10);
	free(block);
	if (forked > 0)
		must(waitpid(forked, &status, 0) == forked);
	_exit(status != 0);
}

static void be_traced(bool execute)
{
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	if (execute)
		execl("/proc/self/exe", "fork_at_first_event", "interrupted", NULL);
	be_interrupted();
}

static int go_on(pid_t child, int how, int with)
{
	int status;

	must(ptrace(how, child, NULL, with) == 0);
	must(waitpid(child, &status, 0) == child);
	return status;
}

static bool stopped_itself(int status) { return WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP; }

/* False if the child ended before that stop.  Counts the children that did not end well. */
static bool interrupt_at(int stop, bool execute, int *bad)
{
	pid_t child = fork();
	bool sent = false;
	int status;

	if (!child)
		be_traced(execute);
	must(waitpid(child, &status, 0) == child);
	while (!stopped_itself(status))
		status = go_on(child, PTRACE_CONT, 0);
	for (int i = 0; WIFSTOPPED(status); i++) {
		int with = WSTOPSIG(status) == SIGUSR1 || i == stop ? SIGUSR1 : 0;
		sent |= i == stop;
		status = go_on(child, PTRACE_SYSCALL, with);
	}
	*bad += !WIFEXITED(status) || WEXITSTATUS(status) != 0;
	return sent;
}

int main(int argc, char **argv)
{
	int stops = 0, bad = 0;

	if (argc == 2 && !strcmp(argv[1], "interrupted"))
		be_interrupted();
	while (interrupt_at(stops, argc == 1, &bad) && stops < 2000)
		stops++;
	say("%d children ended badly\n", bad);
	return bad != 0;
}
