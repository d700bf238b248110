/*
 * Processes as their tracer could change them: what they execute, their children, their masks.  Each prints what it
 * sees, and must see the same without a tracer.
 *
 *   traced_process SHAPE
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "traced_workers.h"

#define GREP   "/bin/grep"
#define STATUS "/proc/self/status"

extern char **environ;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static long shared;

/* Accesses that are stopped at. */
static void work_once(void)
{
	pthread_mutex_lock(&lock);
	shared++;
	pthread_mutex_unlock(&lock);
}

static int end(void)
{
	end_workers();
	return 0;
}

static char *tracer_line[] = {"grep", "^TracerPid", STATUS, NULL};
static char *mask_line[] = {"grep", "^SigBlk", STATUS, NULL};

static int ended(const char *how, pid_t child)
{
	int status = -1;

	waitpid(child, &status, 0);
	printf("%s: status %d\n", how, status);
	fflush(stdout);
	return status;
}

/* By each way to start a program.  The children print a line of their status. */
static void start_all(char **line)
{
	pid_t child = fork();

	fflush(stdout);
	if (!child) {
		execv(GREP, line);
		_exit(9);
	}
	ended("fork", child);
	child = vfork();
	if (!child) {
		execv(GREP, line);
		_exit(9);
	}
	ended("vfork", child);
	posix_spawn(&child, GREP, NULL, NULL, line, environ);
	ended("posix_spawn", child);
}

/* ---- what it executes ------------------------------------------------------------------------- */

static int exec_is_untraced(void)
{
	begin();
	execv(GREP, tracer_line);
	return 1;
}

/* Not by a function that is hooked. */
static int exec_by_system_call(void)
{
	begin();
	syscall(SYS_execve, GREP, tracer_line, environ);
	return 1;
}

/* The process goes on. */
static int exec_fails(void)
{
	char *nothing[] = {"nothing", NULL};

	begin();
	execv("/etc/passwd", nothing);
	printf("%s\n", strerrorname_np(errno));
	execv("/no/such/file", nothing);
	printf("%s\n", strerrorname_np(errno));
	return end();
}

static int children_are_untraced(void)
{
	begin();
	start_all(tracer_line);
	return end();
}

/* ---- its children -------------------------------------------------------------------------------- */

static void say_children(void)
{
	pid_t child = waitpid(-1, NULL, WNOHANG);

	printf("waitpid %d %s\n", (int)child, child < 0 ? strerrorname_np(errno) : "");
}

static int has_no_child(void)
{
	say_children();
	begin();
	say_children();
	int bad = end();
	say_children();
	return bad;
}

/* It would become the parent of a tool whose own parent has ended. */
static int subreaper(void)
{
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	return has_no_child();
}

/* ---- its masks ------------------------------------------------------------------------------------- */

static int masks_are_inherited(void)
{
	sigset_t traps, none;

	sigemptyset(&none);
	sigemptyset(&traps);
	sigaddset(&traps, SIGTRAP);
	sigaddset(&traps, SIGUSR1);
	begin();
	start_all(mask_line);
	pthread_sigmask(SIG_SETMASK, &traps, NULL);
	start_all(mask_line);
	pid_t child = vfork();
	if (!child) { /* as programs do that start others */
		sigprocmask(SIG_SETMASK, &none, NULL);
		execv(GREP, mask_line);
		_exit(9);
	}
	ended("vfork with a mask of its own", child);
	execv(GREP, mask_line);
	return 1;
}

/* ---- threads that no library makes ------------------------------------------------------------------ */

static atomic_int told, started;

static int wait_until_told(void *unused)
{
	atomic_store(&started, 1);
	while (!atomic_load(&told))
		syscall(SYS_futex, &told, FUTEX_WAIT, 0, NULL, NULL, 0);
	syscall(SYS_exit, 0);
	return 0;
}

static int has_raw_thread(void)
{
	static _Alignas(16) char stack[65536];
	int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;

	if (clone(wait_until_told, stack + sizeof stack, flags, NULL) < 0)
		return 1;
	while (!atomic_load(&started))
		nanosleep(&(struct timespec){0, 100000}, NULL);
	begin();
	atomic_store(&told, 1);
	syscall(SYS_futex, &told, FUTEX_WAKE, 1, NULL, NULL, 0);
	return end();
}

/* ---- signals that it handles ------------------------------------------------------------------------- */

static void nothing(int number) {}

/* From here on SIGTRAP is the program's. */
static int handles_trap_later(void)
{
	begin();
	signal(SIGTRAP, nothing);
	raise(SIGTRAP);
	printf("went on\n");
	return end();
}

static const struct {
	const char *name;
	int (*run)(void);
} shapes[] = {
    {"exec_is_untraced", exec_is_untraced},
    {"exec_by_system_call", exec_by_system_call},
    {"exec_fails", exec_fails},
    {"children_are_untraced", children_are_untraced},
    {"has_no_child", has_no_child},
    {"subreaper", subreaper},
    {"masks_are_inherited", masks_are_inherited},
    {"has_raw_thread", has_raw_thread},
    {"handles_trap_later", handles_trap_later},
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof shapes / sizeof *shapes; i++)
		if (!strcmp(argv[1], shapes[i].name))
			return shapes[i].run();
	return 2;
}
