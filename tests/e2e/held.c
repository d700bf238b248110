/* Signals that arrive while an end or an exec is held back for the leak scan: they act as if the process were gone, or
 * the new program ran. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shim/format.h"
#include "tests/harness/rt.h"

TEST_SUITE(held);

#define WITHIN 30 /* seconds, for events that should happen at once */

/* ---- a hold that lasts until it is let go -------------------------------------------------------------- */

struct held {
	struct rt rt;
	struct child child;
	enum mode mode;
	pid_t pid; /* of the program */
};

/* The script also ends if the test has ended, and its directory is gone. */
static void write_script(const char *path, const char *go)
{
	FILE *file = fopen(path, "w");

	cr_assert(file, "cannot write %s", path);
	fprintf(file, "#!/bin/sh\nwhile [ ! -e %s ]; do [ -e \"$0\" ] || exit; sleep 0.02; done\nexec %s \"$@\"\n", go,
	        rt_built("ringtail-scan"));
	fclose(file);
	chmod(path, 0700);
}

/* Runs the program with the library beside a `ringtail-scan` that waits for a file before it begins. */
static struct child start_alone(struct rt *rt, const char *how, const char *threads)
{
	char library[RT_PATH + 32], tool[RT_PATH + 32], go[RT_PATH + 32], preload[2 * RT_PATH], setting[2 * RT_PATH];
	const char *env[] = {preload, setting, NULL},
	           *argv[] = {rt_built("programs/ends_when_told"), how, threads, NULL};

	snprintf(library, sizeof library, "%s/libringtail.so", rt->root);
	snprintf(tool, sizeof tool, "%s/ringtail-scan", rt->root);
	snprintf(go, sizeof go, "%s/go", rt->root);
	cr_assert(symlink(rt_built("libringtail.so"), library) == 0);
	write_script(tool, go);
	snprintf(preload, sizeof preload, "LD_PRELOAD=%s", library);
	snprintf(setting, sizeof setting, "RINGTAIL=run=%s", rt->run);
	return spawn_start((struct command){.argv = argv, .env = env, .directory = rt->work});
}

static struct child start_under_run(struct rt *rt, const char *how, const char *threads)
{
	char line[128];

	snprintf(line, sizeof line, "ends_when_told %s %s", how, threads);
	return rt_start(rt, MODE_RUN, line);
}

/* The id of the thread that waits at the end, which it stores once it holds signals; 0: no thread waits. */
static uint32_t waiting_thread(const struct held *held)
{
	char path[RT_PATH + 64];
	uint32_t thread = 0;

	snprintf(path, sizeof path, "%s/%d.0.ring", held->rt.run, (int)held->pid);
	int file = open(path, O_RDONLY | O_CLOEXEC);
	if (file >= 0 && pread(file, &thread, sizeof thread, offsetof(struct rt_header, scan_tid)) < 0)
		thread = 0;
	close(file);
	return thread;
}

/* Returns when the program waits at its end, or before its exec. */
static struct held hold(enum mode mode, const char *how, const char *threads)
{
	struct held held = {.rt = rt_new(), .mode = mode};
	double until = now() + WITHIN;

	held.child = mode == MODE_RUN ? start_under_run(&held.rt, how, threads) : start_alone(&held.rt, how, threads);
	char *ready = spawn_wait_for_line(&held.child, "ready", WITHIN);
	cr_assert(ready, "the program did not start");
	held.pid = atoi(ready + strlen("ready "));
	free(ready);
	if (mode == MODE_RUN)
		kill(held.child.pid, SIGSTOP);
	kill(held.pid, SIGUSR2);
	while (!waiting_thread(&held) && now() < until)
		sleep_ms(1);
	cr_assert(waiting_thread(&held), "the program did not come to its end");
	return held;
}

static void let_go(struct held *held)
{
	char go[RT_PATH + 32];

	snprintf(go, sizeof go, "%s/go", held->rt.root);
	if (held->mode == MODE_RUN)
		kill(held->child.pid, SIGCONT);
	else
		close(open(go, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	held->rt.program = spawn_wait(&held->child);
}

static void expect_end(struct held *held, int status, const char *said)
{
	char expected[512];

	snprintf(expected, sizeof expected, "ready %d\n%s", (int)held->pid, said);
	cr_expect_eq(held->rt.program.status, status, "status %d, not %d: %s", held->rt.program.status, status,
	             held->rt.program.err);
	expect_same_text("stdout", held->rt.program.out, expected);
	rt_end(&held->rt);
}

/* ---- the end -------------------------------------------------------------------------------------------- */

/* Sends a signal that ends a program, one that the program handles, one that stops it, and others. */
static void expect_gone(enum mode mode, const char *how, const char *threads)
{
	const int signals[] = {SIGHUP, SIGTERM, SIGTSTP, SIGINT, SIGALRM, SIGCHLD, SIGUSR2, SIGABRT, SIGRTMIN + 3};
	struct held held = hold(mode, how, threads);

	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
		kill(held.pid, signals[i]);
	let_go(&held);
	expect_end(&held, 7, "");
}

#define GONE(name, how)                                                                                                \
	Test(held, name##_run) { expect_gone(MODE_RUN, how, "0"); }                                                    \
	Test(held, name##_preload) { expect_gone(MODE_PRELOAD, how, "0"); }                                            \
	Test(held, name##_with_threads_run) { expect_gone(MODE_RUN, how, "3"); }                                       \
	Test(held, name##_with_threads_preload) { expect_gone(MODE_PRELOAD, how, "3"); }
GONE(return_of_main, "return")
GONE(exit, "exit")
GONE(_exit, "_exit")
GONE(quick_exit, "quick_exit")
GONE(exit_by_a_thread, "thread")

/* SIGKILL is not held back, and a stop lasts until SIGCONT. */
static void expect_killed(enum mode mode)
{
	struct held held = hold(mode, "exit", "2");

	kill(held.pid, SIGKILL);
	let_go(&held);
	expect_end(&held, 128 + SIGKILL, "");
}

Test(held, killed_run) { expect_killed(MODE_RUN); }
Test(held, killed_preload) { expect_killed(MODE_PRELOAD); }

static void expect_stopped(enum mode mode)
{
	struct held held = hold(mode, "exit", "2");

	kill(held.pid, SIGSTOP);
	kill(held.pid, SIGCONT);
	let_go(&held);
	expect_end(&held, 7, "");
}

Test(held, stopped_run) { expect_stopped(MODE_RUN); }
Test(held, stopped_preload) { expect_stopped(MODE_PRELOAD); }

/* ---- the announcement ------------------------------------------------------------------------------------ */

/* A tool that polls may come between any two instructions of the ending thread.  The test stops the thread at each of
 * its system calls, which is often enough: holding signals takes several. */

static void be_traced(const struct rt *rt)
{
	char preload[2 * RT_PATH], setting[2 * RT_PATH];
	int null = open("/dev/null", O_RDWR);

	snprintf(preload, sizeof preload, "LD_PRELOAD=%s", rt_built("libringtail.so"));
	snprintf(setting, sizeof setting, "RINGTAIL=run=%s", rt->run);
	putenv(preload);
	putenv(setting);
	dup2(null, STDOUT_FILENO);
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	execl(rt_built("programs/exits"), "exits", "exit", NULL);
	_exit(127);
}

static bool read_header(const struct rt *rt, pid_t pid, struct rt_header *header)
{
	char path[RT_PATH + 64];

	snprintf(path, sizeof path, "%s/%d.0.ring", rt->run, (int)pid);
	int file = open(path, O_RDONLY | O_CLOEXEC);
	bool good = file >= 0 && pread(file, header, sizeof *header, 0) == (ssize_t)sizeof *header;
	if (file >= 0)
		close(file);
	return good;
}

Test(held, frames_are_told_before_the_wait_is_announced)
{
	struct rt rt = rt_new();
	static struct rt_header header;
	pid_t pid = fork();
	int status;

	if (!pid)
		be_traced(&rt);
	cr_assert(waitpid(pid, &status, 0) == pid);
	while (!read_header(&rt, pid, &header) || header.scan_state == RT_SCAN_NONE) {
		ptrace(PTRACE_SYSCALL, pid, NULL, NULL);
		cr_assert(waitpid(pid, &status, 0) == pid && WIFSTOPPED(status), "the program never waited");
	}
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	cr_expect_eq(header.scan_state, RT_SCAN_WAITING, "state %u", header.scan_state);
	cr_expect_eq((pid_t)header.scan_tid, pid, "the waiting thread is %u", header.scan_tid);
	cr_expect_neq(header.scan_sp, 0, "the program's frame is not known");
	rt_end(&rt);
}

/* ---- exec ----------------------------------------------------------------------------------------------- */

static void expect_state_after(enum mode mode, const char *threads)
{
	struct held held = hold(mode, "exec", threads);

	kill(held.pid, SIGUSR1);
	kill(held.pid, SIGQUIT);
	kill(held.pid, SIGWINCH);
	let_go(&held);
	expect_end(&held, 7, "blocked: 10\npending: 10\nignored: 3\n");
}

Test(held, exec_keeps_all_as_it_was_run) { expect_state_after(MODE_RUN, "0"); }
Test(held, exec_keeps_all_as_it_was_preload) { expect_state_after(MODE_PRELOAD, "0"); }
Test(held, exec_of_many_threads_keeps_all_as_it_was_run) { expect_state_after(MODE_RUN, "3"); }
Test(held, exec_of_many_threads_keeps_all_as_it_was_preload) { expect_state_after(MODE_PRELOAD, "3"); }

/* The handler ended with the old program: the new program dies of the signal. */
static void expect_new_program_told(enum mode mode)
{
	struct held held = hold(mode, "exec_stay", "0");

	kill(held.pid, SIGHUP);
	let_go(&held);
	expect_end(&held, 128 + SIGHUP, "");
}

Test(held, exec_passes_a_signal_to_the_new_program_run) { expect_new_program_told(MODE_RUN); }
Test(held, exec_passes_a_signal_to_the_new_program_preload) { expect_new_program_told(MODE_PRELOAD); }

static void expect_old_program_told(enum mode mode)
{
	struct held held = hold(mode, "exec_fails", "0");

	kill(held.pid, SIGHUP);
	let_go(&held);
	expect_end(&held, 7, "handled\nblocked: 10\npending:\nignored: 3\n");
}

Test(held, exec_that_fails_leaves_a_signal_to_the_old_program_run) { expect_old_program_told(MODE_RUN); }
Test(held, exec_that_fails_leaves_a_signal_to_the_old_program_preload) { expect_old_program_told(MODE_PRELOAD); }
