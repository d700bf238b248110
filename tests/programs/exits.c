/*
 * Ends in the way that its argument names: return, exit, _exit, _Exit, quick_exit, abort, pthread_exit (of
 * main, while another thread works and, as the last one, ends the process), thread_exit (exit called by a thread),
 * segv, kill, exit_group (by syscall), raw_exit_group (by an instruction of its own), exec (of true), not_dumpable
 * (exit, after it has made itself not dumpable), other_user (exit, as a user without access to root's files; for root),
 * restricted (exit, after it has given up system calls).
 * Before that it makes three blocks of 64 bytes, which are kept, and loses one of 100.
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>

#include "say.h"
#include "thread_state.h"

static void *volatile kept[3];

static void at_exit(void) { say("atexit\n"); }
static void at_quick(void) { say("at_quick_exit\n"); }
__attribute__((destructor)) static void destructor(void) { say("destructor\n"); }

static void *outlive_main(void *argument)
{
	nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
	free(malloc(10));
	say("thread ends last\n");
	return argument;
}

/* Exits once main waits in pthread_join, which two looks in a row tell: main may also sleep for a moment within
 * pthread_create.  Before it waits, main's stack and registers may hold pointers of any kind. */
static void *exit_from_thread(void *argument)
{
	await_process(getpid());
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

__attribute__((noinline)) static void lose(void)
{
	void *volatile lost = malloc(100);

	memset(lost, 1, 100);
	lost = NULL;
}

static void raw_exit_group(void)
{
#if defined(__x86_64__)
	__asm__ volatile("syscall" : : "a"(SYS_exit_group), "D"(9) : "rcx", "r11", "memory");
#endif
}

/* A filter that lets every call pass: the library cannot know that. */
static bool give_up_calls(void)
{
	struct sock_filter allow = {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW};
	struct sock_fprog program = {1, &allow};

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "return";

	atexit(at_exit);
	at_quick_exit(at_quick);
	for (int i = 0; i < 3; i++)
		kept[i] = malloc(64);
	lose();
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
	if (!strcmp(how, "raw_exit_group"))
		raw_exit_group();
	if (!strcmp(how, "exec"))
		execl("/bin/true", "true", (char *)NULL);
	if (!strcmp(how, "not_dumpable") && prctl(PR_SET_DUMPABLE, 0) == 0)
		exit(10);
	if (!strcmp(how, "other_user") && setgid(65534) == 0 && setuid(65534) == 0)
		exit(11);
	if (!strcmp(how, "restricted") && give_up_calls())
		exit(12);
	if (!strcmp(how, "kill"))
		kill(getpid(), SIGKILL);
	if (!strcmp(how, "segv"))
		raise(SIGSEGV);
	if (!strcmp(how, "pthread_exit") || !strcmp(how, "thread_exit"))
		return by_threads(how);
	return 2;
}
