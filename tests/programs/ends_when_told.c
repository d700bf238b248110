/*
 * Waits for SIGUSR2 and then ends with status 7, in the way that its argument names: return, exit, _exit, quick_exit,
 * thread (a thread calls exit).  Or it executes itself: as "after", which prints its signal masks and ends (exec); as
 * "stay", which waits for a signal to end it (exec_stay); or it tries to execute a directory, which fails (exec_fails).
 * SIGHUP has a handler that prints a line, SIGQUIT is ignored, SIGUSR1 is blocked; all else is as it was.
 *
 * usage: ends_when_told HOW [THREADS]        THREADS more threads block no signal but SIGUSR1 and SIGUSR2
 */
#include <pthread.h>
#include <signal.h>
#include <string.h>

#include "say.h"

static void *volatile kept;

static void handler(int signal)
{
	(void)signal;
	say("handled\n");
}

static _Noreturn void *wait_for_signals(void *unused)
{
	(void)unused;
	for (;;)
		pause();
}

static void *end(void *unused)
{
	(void)unused;
	exit(7);
}

static void say_set(const char *what, const sigset_t *set)
{
	say("%s:", what);
	for (int signal = 1; signal < 65; signal++)
		if (sigismember(set, signal) == 1)
			say(" %d", signal);
	say("\n");
}

static void say_signals(void)
{
	sigset_t set, ignored;
	struct sigaction action;

	sigprocmask(SIG_BLOCK, NULL, &set);
	say_set("blocked", &set);
	sigpending(&set);
	say_set("pending", &set);
	sigemptyset(&ignored);
	for (int signal = 1; signal < 65; signal++)
		if (!sigaction(signal, NULL, &action) && action.sa_handler == SIG_IGN)
			sigaddset(&ignored, signal);
	say_set("ignored", &ignored);
}

static void execute(const char *self, const char *how)
{
	const char *next = !strcmp(how, "exec_stay") ? "stay" : "after";

	execl(!strcmp(how, "exec_fails") ? "/" : self, self, next, (char *)NULL);
	say_signals();
	exit(7);
}

static int end_by(const char *self, const char *how)
{
	pthread_t thread;

	if (!strncmp(how, "exec", 4))
		execute(self, how);
	if (!strcmp(how, "exit"))
		exit(7);
	if (!strcmp(how, "_exit"))
		_exit(7);
	if (!strcmp(how, "quick_exit"))
		quick_exit(7);
	if (!strcmp(how, "thread")) {
		must(pthread_create(&thread, NULL, end, NULL) == 0);
		wait_for_signals(NULL);
	}
	return 7;
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "return";
	pthread_t thread;
	sigset_t set;
	int signal;

	if (!strcmp(how, "after"))
		say_signals();
	if (!strcmp(how, "after"))
		return 7;
	if (!strcmp(how, "stay"))
		wait_for_signals(NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, &set, NULL);
	sigaction(SIGHUP, &(struct sigaction){.sa_handler = handler}, NULL);
	sigaction(SIGQUIT, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
	for (int i = argc > 2 ? atoi(argv[2]) : 0; i > 0; i--)
		must(pthread_create(&thread, NULL, wait_for_signals, NULL) == 0);
	kept = malloc(100);
	say("ready %d\n", (int)getpid());
	sigdelset(&set, SIGUSR1);
	sigwait(&set, &signal);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	return end_by(argv[0], how);
}
