/* Calls that wait go on through every look at their process: tests/programs/waiting_calls.def is the table of them. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/harness/rt.h"

TEST_SUITE(waiting_calls);

#define LOOKS       5
#define REST_WITHIN 20 /* seconds, for a time-out of one */

static bool has_ended(const struct child *child)
{
	siginfo_t info = {0};

	return waitid(P_PID, (id_t)child->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == child->pid;
}

static void expect_unharmed(const struct rt *rt, const char *what)
{
	cr_expect_eq(rt->program.status, 0, "%s: status %d: %s%s", what, rt->program.status, rt->program.out,
	             rt->program.err);
}

/* ---- at the end of the process -------------------------------------------------------------- */

static void expect_quiet_end(enum mode mode)
{
	struct rt rt = rt_new();

	rt_program(&rt, mode, "waiting_calls exit");
	expect_unharmed(&rt, "at exit");
	if (mode != MODE_BARE)
		cr_expect(json_is_true(json_at(rt_process(&rt, "waiting_calls"), "leak_scan.done")));
	rt_end(&rt);
}

Test(waiting_calls, at_exit_bare) { expect_quiet_end(MODE_BARE); }
Test(waiting_calls, at_exit_run) { expect_quiet_end(MODE_RUN); }
Test(waiting_calls, at_exit_preload) { expect_quiet_end(MODE_PRELOAD); }

/* ---- while it runs ----------------------------------------------------------------------------- */

static void stop(struct rt *rt, struct child *child)
{
	char path[RT_PATH + 16];

	snprintf(path, sizeof path, "%s/stop", rt->work);
	close(open(path, O_CREAT | O_WRONLY, 0600));
	rt->program = spawn_wait(child);
}

static void expect_quiet_looks(enum mode mode)
{
	struct rt rt = rt_new();
	struct child child = rt_start(&rt, mode, "waiting_calls loop stop");

	cr_assert(spawn_wait_for_lines(&child, "all wait", 1, 30), "it did not start");
	for (int i = 0; i < LOOKS && mode != MODE_BARE; i++) {
		struct outcome outcome = rt_tool(&rt, "leaks --now RUN");
		cr_expect_eq(outcome.status, 0, "status %d: %s", outcome.status, outcome.err);
		outcome_free(&outcome);
	}
	stop(&rt, &child);
	expect_unharmed(&rt, "looked at");
	rt_end(&rt);
}

Test(waiting_calls, looked_at_bare) { expect_quiet_looks(MODE_BARE); }
Test(waiting_calls, looked_at_run) { expect_quiet_looks(MODE_RUN); }
Test(waiting_calls, looked_at_preload) { expect_quiet_looks(MODE_PRELOAD); }

/* ---- the rest of a time-out ---------------------------------------------------------------------- */

/* Looks follow each other at once.  A call that began its time-out again after each look would come back only where a
 * look takes longer than the time-out.  On one processor, as the kernel tells nothing of a thread that has moved. */
static void expect_rest(const char *call)
{
	struct rt rt = rt_new();
	char line[128];

	snprintf(line, sizeof line, "taskset -c 0 %s once %s", rt_built("programs/waiting_calls"), call);
	struct child child = rt_start(&rt, MODE_RUN, line);
	cr_assert(spawn_wait_for_lines(&child, "waits", 1, 30), "it did not start");
	for (double until = now() + REST_WITHIN; !has_ended(&child) && now() < until;) {
		struct outcome outcome = rt_tool(&rt, "leaks --now RUN");
		outcome_free(&outcome);
	}
	cr_expect(has_ended(&child), "%s has not come back", call);
	if (!has_ended(&child))
		spawn_kill_all();
	rt.program = spawn_wait(&child);
	expect_unharmed(&rt, call);
	rt_end(&rt);
}

#define REST(call)                                                                                                     \
	Test(waiting_calls, rest_of_##call) { expect_rest(#call); }
REST(epoll_wait_)
REST(epoll_pwait2_)
REST(sigtimedwait_)
REST(semtimedop_)
REST(io_getevents_)
REST(io_uring_enter_)

/* ---- while a deadlock is told ------------------------------------------------------------------ */

static bool has_told(const struct child *child, const char *text)
{
	char told[4096];
	ssize_t got = pread(child->err, told, sizeof told - 1, 0);

	told[got > 0 ? got : 0] = '\0';
	return strstr(told, text) != NULL;
}

Test(waiting_calls, while_a_deadlock_is_told)
{
	struct rt rt = rt_new();
	struct child child = rt_start(&rt, MODE_RUN, "waiting_calls hang stop");

	for (double until = now() + 30; !has_told(&child, "deadlock") && now() < until;)
		sleep_ms(10);
	cr_expect(has_told(&child, "deadlock"));
	stop(&rt, &child);
	expect_unharmed(&rt, "in a deadlock");
	rt_end(&rt);
}
