/* Signals: each reaches the program as often as it was sent, and the end of `ringtail run` is the end of the program.
 */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/harness/rt.h"

TEST_SUITE(signals);

#define WITHIN 30 /* seconds, for events that should happen at once */

/* ---- what is sent to `ringtail run` ------------------------------------------------------------------- */

static void expect_line(struct child *child, const char *text)
{
	char *line = spawn_wait_for_line(child, text, WITHIN);

	cr_expect(line, "the program was not told \"%s\"", text);
	free(line);
}

static struct child start(struct rt *rt, const char *line)
{
	struct child child = rt_start(rt, MODE_RUN, line);

	expect_line(&child, "ready");
	return child;
}

static void expect_told(struct rt *rt, struct child *child, const char *expected)
{
	rt->program = spawn_wait(child);
	cr_expect_eq(rt->program.status, 0, "status %d: %s", rt->program.status, rt->program.err);
	expect_same_text("stdout", rt->program.out, expected);
	rt_end(rt);
}

/* The tool takes signals in the order of their numbers: if it passed the hangup on, the program would get it before the
 * next signal, which is passed on. */
Test(signals, one_for_the_group_comes_once)
{
	struct rt rt = rt_new();
	struct child child = start(&rt, "told_signals");

	kill(-child.pid, SIGHUP);
	expect_line(&child, "hangup");
	kill(child.pid, SIGUSR1);
	expect_line(&child, "user");
	kill(child.pid, SIGTERM);
	expect_told(&rt, &child, "ready\nhangup\nuser\ntermination\n");
}

Test(signals, one_for_the_group_comes_once_each_time)
{
	struct rt rt = rt_new();
	struct child child = start(&rt, "told_signals");
	char expected[1024] = "ready\n", line[64];

	for (int i = 1; i <= 10; i++) {
		snprintf(line, sizeof line, "queued %d\n", i);
		kill(-child.pid, SIGHUP);
		sigqueue(child.pid, SIGRTMIN, (union sigval){.sival_int = i});
		expect_line(&child, line);
		strcat(strcat(strcat(expected, "hangup\n"), line), "real-time\n");
	}
	kill(-child.pid, SIGTERM);
	expect_told(&rt, &child, strcat(expected, "termination\n"));
}

static void expect_passed_on(const char *line)
{
	struct rt rt = rt_new();
	struct child child = start(&rt, line);

	kill(-child.pid, SIGHUP);
	expect_line(&child, "hangup");
	kill(child.pid, SIGUSR1);
	expect_line(&child, "user");
	kill(child.pid, SIGTERM);
	expect_told(&rt, &child, "ready\nhangup\nuser\ntermination\n");
}

Test(signals, one_for_the_group_is_passed_on_to_another_group) { expect_passed_on("told_signals group"); }
Test(signals, one_for_the_group_is_passed_on_to_another_session) { expect_passed_on("told_signals session"); }

/* ---- how it ends -------------------------------------------------------------------------------------- */

static void expect_dead_of(int signal, const char *options, const char *line)
{
	struct rt rt = rt_new();

	rt_program_with(&rt, MODE_RUN, options, line);
	cr_expect_eq(rt.program.signal, signal, "%s: signal %d, not %d: %s", line, rt.program.signal, signal,
	             rt.program.err);
	cr_expect(strstr(rt.program.err, "was killed by signal"), "%s", rt.program.err);
	rt_end(&rt);
}

#define DEAD_OF(name, signal, options, line)                                                                           \
	Test(signals, name) { expect_dead_of(signal, options, line); }
DEAD_OF(ends_by_sigterm_as_the_program_did, SIGTERM, "", "sh -c 'kill -TERM $$'")
DEAD_OF(ends_by_sigkill_as_the_program_did, SIGKILL, "", "sh -c 'kill -KILL $$'")
DEAD_OF(ends_by_sigsegv_as_the_program_did, SIGSEGV, "", "exits segv")
DEAD_OF(ends_by_sigabrt_as_the_program_did, SIGABRT, "", "exits abort")
DEAD_OF(ends_by_a_real_time_signal_as_the_program_did, 40, "", "sh -c 'kill -40 $$'")
DEAD_OF(ends_by_sigint_when_nothing_is_found, SIGINT, "--fail-on=default", "sh -c 'kill -INT $$'")

/* The program's core dump is the only one. */
Test(signals, leaves_no_core_of_its_own)
{
	struct rt rt = rt_new();
	char script[2 * RT_PATH];
	const char *argv[] = {"sh", "-c", script, NULL};

	snprintf(script, sizeof script, "ulimit -c unlimited; exec %s run -o %s -- sh -c 'ulimit -c 0; kill -SEGV $$'",
	         rt_built("ringtail"), rt.run);
	rt.program = spawn((struct command){.argv = argv, .directory = rt.work});
	cr_expect_eq(rt.program.signal, SIGSEGV);
	const char *list[] = {"sh", "-c", "ls | grep core", NULL};
	struct outcome cores = spawn((struct command){.argv = list, .directory = rt.work});
	cr_expect_str_empty(cores.out, "%s", cores.out);
	outcome_free(&cores);
	rt_end(&rt);
}
