/*
 * A signal waits for a thread that is about to be created: its handler runs before the thread's start routine, and
 * forks.  In the child, the thread goes on to its start routine like in the parent, and creates a thread of its own.
 * The argument names the call: pthread or c11.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <threads.h>
#include <unistd.h>

#include "say.h"

#define ROUNDS 20

static volatile sig_atomic_t in_child;
static volatile pid_t child;
static int value = 42;

static void fork_now(int number)
{
	(void)number;
	pid_t forked = fork();
	in_child = forked == 0;
	if (forked > 0)
		child = forked;
}

static void *allocate(void *argument)
{
	void *volatile block = malloc(100);

	free(block);
	return argument;
}

/* Ends a child with success only if the routine got its argument, and threads can be created there. */
static void work(const int *argument)
{
	pthread_t thread;

	must(argument == &value && *argument == 42);
	allocate(NULL);
	if (!in_child)
		return;
	must(pthread_create(&thread, NULL, allocate, &value) == 0);
	must(pthread_join(thread, NULL) == 0);
	_exit(7);
}

static void *routine(void *argument)
{
	work(argument);
	return argument;
}

static int routine_c11(void *argument)
{
	work(argument);
	return 5;
}

static void expect_child(void)
{
	int status = 0;

	must(waitpid(child, &status, 0) == child);
	must(WIFEXITED(status) && WEXITSTATUS(status) == 7);
}

/* Blocked here and by no attribute there: the new thread takes the signal as soon as libc lets it. */
static void by_pthread_create(void)
{
	pthread_attr_t attributes;
	pthread_t thread;
	sigset_t none;
	void *result;

	sigemptyset(&none);
	pthread_attr_init(&attributes);
	must(pthread_attr_setsigmask_np(&attributes, &none) == 0);
	kill(getpid(), SIGUSR1);
	must(pthread_create(&thread, &attributes, routine, &value) == 0);
	must(pthread_join(thread, &result) == 0 && result == &value);
	pthread_attr_destroy(&attributes);
	expect_child();
}

/* thrd_create has no attributes: the default ones of the process have the mask. */
static void by_thrd_create(void)
{
	pthread_attr_t attributes;
	sigset_t none;
	thrd_t thread;
	int result;

	sigemptyset(&none);
	pthread_attr_init(&attributes);
	must(pthread_attr_setsigmask_np(&attributes, &none) == 0);
	must(pthread_setattr_default_np(&attributes) == 0);
	kill(getpid(), SIGUSR1);
	must(thrd_create(&thread, routine_c11, &value) == thrd_success);
	must(thrd_join(thread, &result) == thrd_success && result == 5);
	expect_child();
}

int main(int argc, char **argv)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGUSR1);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	signal(SIGUSR1, fork_now);
	for (int i = 0; i < ROUNDS; i++)
		if (argc > 1 && !strcmp(argv[1], "c11"))
			by_thrd_create();
		else
			by_pthread_create();
	say("done\n");
	return 0;
}
