/* Watchpoints on the memory of a traced process, where this machine has any that fire. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/races/watch.h"

#if defined(__x86_64__)

#define THREADS 3

TestSuite(race_watch, .timeout = 60);

static volatile long watched, beside;
static volatile long sink;

static void *use(void *unused)
{
	watched = 1;
	sink = watched;
	beside = 1;
	return NULL;
}

/* Waits to be let go, and then has each of its threads write and read the variable once. */
static void be_program(void)
{
	pthread_t threads[THREADS];

	raise(SIGSTOP);
	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, use, NULL);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	_exit(0);
}

static pid_t start_traced(void)
{
	pid_t pid = fork();
	int status;

	if (!pid)
		be_program();
	cr_assert_eq(waitpid(pid, &status, WUNTRACED), pid);
	cr_assert(!ptrace(PTRACE_SEIZE, pid, NULL, (void *)PTRACE_O_TRACECLONE));
	return pid;
}

/* Lets the program run to its end.  Returns how often it was stopped by this slot. */
static int count_stops(const struct watch *watch, int slot, pid_t pid)
{
	int status, stops = 0;
	siginfo_t info;
	pid_t tid;

	kill(pid, SIGCONT);
	while ((tid = waitpid(-1, &status, __WALL)) > 0) {
		if (WIFEXITED(status) && tid == pid)
			return WEXITSTATUS(status) ? -1 : stops;
		if (!WIFSTOPPED(status))
			continue;
		bool trap =
		    status >> 8 == SIGTRAP && !ptrace(PTRACE_GETSIGINFO, tid, NULL, &info) && watch_is_stop(&info);
		stops += trap && watch_stopped_by(watch, &info) == slot;
		ptrace(PTRACE_CONT, tid, NULL, NULL);
	}
	return -1;
}

static bool is_to_be_had(void)
{
	bool works = watch_works();

	if (!works)
		cr_log_warn("this machine has no watchpoints");
	return works;
}

static void expect_stops(volatile long *variable, bool reads, bool armed, int stops)
{
	struct watch watch;
	pid_t pid = start_traced();

	cr_assert(watch_open(&watch, pid));
	int slot = watch_arm(&watch, (uintptr_t)variable, sizeof *variable, reads);
	cr_assert_geq(slot, 0);
	if (!armed)
		watch_disarm(&watch, slot);
	cr_expect_eq(count_stops(&watch, slot, pid), stops);
	watch_close(&watch);
}

Test(race_watch, each_thread_is_stopped_behind_its_write)
{
	if (is_to_be_had())
		expect_stops(&watched, false, true, THREADS);
}

Test(race_watch, reads_stop_only_where_they_are_watched)
{
	if (is_to_be_had())
		expect_stops(&watched, true, true, 2 * THREADS);
}

Test(race_watch, a_slot_that_is_not_armed_stops_nobody)
{
	if (is_to_be_had())
		expect_stops(&watched, true, false, 0);
}

Test(race_watch, slots_are_used_again)
{
	struct watch watch;
	pid_t pid = start_traced();
	int slots[WATCH_SLOTS];

	if (is_to_be_had()) {
		cr_assert(watch_open(&watch, pid));
		for (unsigned i = 0; i < WATCH_SLOTS; i++)
			slots[i] = watch_arm(&watch, (uintptr_t)&beside, sizeof beside, false);
		for (unsigned i = 0; i < WATCH_SLOTS; i++)
			cr_expect_eq(slots[i], (int)i);
		cr_expect_eq(watch_arm(&watch, (uintptr_t)&beside, sizeof beside, false), -1);
		watch_disarm(&watch, slots[1]);
		cr_expect_eq(watch_arm(&watch, (uintptr_t)&watched, sizeof watched, false), slots[1]);
		watch_close(&watch);
	}
	kill(pid, SIGKILL);
}

Test(race_watch, where_the_kernel_refuses_nothing_is_watched)
{
	struct watch watch;
	pid_t nobody = 0x3fffffff;

	cr_expect(!watch_open(&watch, nobody));
	cr_expect_eq(watch_arm(&watch, (uintptr_t)&watched, sizeof watched, false), -1);
	watch_disarm(&watch, -1);
	watch_close(&watch);
}

#endif
