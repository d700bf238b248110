/*
 * Ends in the way that its argument names: return, exit, _exit, _Exit, quick_exit, abort, pthread_exit (of
 * main, while a thread still works and ends the process by its own end), thread_exit (exit called by a thread),
 * segv, exit_group (by syscall), thread_return.  Makes three blocks of 64 bytes before, so that there is something to lose.
 */
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>

#include "say.h"

static void *volatile kept[3];

static void at_exit(void) { say("atexit\n"); }
static void at_quick(void) { say("at_quick_exit\n"); }
__attribute__((destructor)) static void destructor(void) { say("destructor\n"); }

static void *outlive_main(void *argument)
{
	nanosleep(&(struct timespec){ .tv_nsec = 100000000 }, NULL);
	free(malloc(10));
	say("thread ends last\n");
	return argument;
}

static void *exit_from_thread(void *argument)
{
	exit(7);
	return argument;
}

static int by_threads(const char *how)
{
	pthread_t thread;

	if (!strcmp(how, "pthread_exit")) {
		pthread_create(&thread, NULL, outlive_main, NULL);
		pthread_exit(NULL);
	}
	pthread_create(&thread, NULL, exit_from_thread, NULL);
	pthread_join(thread, NULL);
	return 1;
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "return";

	atexit(at_exit);
	at_quick_exit(at_quick);
	for (int i = 0; i < 3; i++)
		kept[i] = malloc(64);
	say("%s\n", how);
	if (!strcmp(how, "exit"))
		exit(3);
	if (!strcmp(how, "_exit"))
		_exit(4);
	if (!strcmp(how, "_Exit"))
		_Exit(5);
	if (!strcmp(how, "exit_group"))
		syscall(SYS_exit_group, 8);
	if (!strcmp(how, "quick_exit"))
		quick_exit(6);
	if (!strcmp(how, "abort"))
		abort();
	if (!strcmp(how, "segv"))
		raise(SIGSEGV);
	if (!strcmp(how, "pthread_exit") || !strcmp(how, "thread_exit"))
		return by_threads(how);
	return 2;
}
