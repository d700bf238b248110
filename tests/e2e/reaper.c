/* What a test leaves running is ended when the tests end: by build/reaper, under which tests/run.sh runs them. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/harness/rt.h"

TEST_SUITE(reaper);

#define WITHIN 20 /* seconds */

static struct child start(const char *script)
{
	const char *argv[] = {rt_built("reaper"), "sh", "-c", script, NULL};

	return spawn_start((struct command){.argv = argv});
}

static pid_t told_pid(struct child *child)
{
	char *line = spawn_wait_for_line(child, "pid ", WITHIN);

	cr_assert(line, "it did not start");
	pid_t pid = atoi(line + strlen("pid "));
	free(line);
	return pid;
}

static bool is_gone(pid_t pid)
{
	for (double until = now() + WITHIN; now() < until; sleep_ms(10))
		if (kill(pid, 0))
			return true;
	return false;
}

Test(reaper, status_is_that_of_the_command)
{
	struct child child = start("exit 3");
	struct outcome outcome = spawn_wait(&child);

	cr_expect_eq(outcome.status, 3, "status %d", outcome.status);
	cr_expect_eq(outcome.err_bytes, 0, "%s", outcome.err);
	outcome_free(&outcome);
}

/* A daemon, which has a session of its own and whose parent has ended. */
Test(reaper, daemon_is_ended)
{
	struct child child = start("(setsid sh -c 'echo pid $$; exec sleep 1000' &)");
	pid_t pid = told_pid(&child);
	struct outcome outcome = spawn_wait(&child);

	cr_expect_eq(outcome.status, 0, "status %d", outcome.status);
	cr_expect(strstr(outcome.err, "sleep 1000"), "%s", outcome.err);
	cr_expect(is_gone(pid));
	outcome_free(&outcome);
}

Test(reaper, process_that_is_about_to_end_is_let)
{
	struct child child = start("(setsid sleep 0.5 &)");
	struct outcome outcome = spawn_wait(&child);

	cr_expect_eq(outcome.err_bytes, 0, "%s", outcome.err);
	outcome_free(&outcome);
}

/* As when `timeout` ends the tests. */
Test(reaper, all_are_ended_with_it)
{
	struct child child = start("setsid sh -c 'echo pid $$; exec sleep 1000' & wait");
	pid_t pid = told_pid(&child);

	kill(child.pid, SIGTERM);
	struct outcome outcome = spawn_wait(&child);
	cr_expect_eq(outcome.status, 128 + SIGTERM, "status %d", outcome.status);
	cr_expect(is_gone(pid));
	outcome_free(&outcome);
}
