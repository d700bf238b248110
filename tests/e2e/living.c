/* Of a process that lives, nothing is said that only its end can tell.  And when one ended that was killed. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "tests/harness/rt.h"

TEST_SUITE(living);

#define WITHIN   30.0
#define SLEEP_MS 1000

struct living {
	struct rt rt;
	struct child child;
	pid_t pid;
};

static struct living begin(enum mode mode)
{
	struct living living = {.rt = rt_new()};

	living.child = rt_start(&living.rt, mode, "joins_when_told");
	char *ready = spawn_wait_for_line(&living.child, "ready", WITHIN);
	cr_assert(ready, "the program did not start");
	living.pid = atoi(ready + strlen("ready "));
	free(ready);
	return living;
}

/* ---- while it lives ------------------------------------------------------------------------------- */

static void expect_tool(struct living *living, const char *words, const char *lacks)
{
	struct outcome outcome = rt_tool(&living->rt, words);

	cr_expect_eq(outcome.status, 0, "ringtail %s: status %d: %s%s", words, outcome.status, outcome.out,
	             outcome.err);
	cr_expect_not(strstr(outcome.out, lacks), "ringtail %s says %s: %s", words, lacks, outcome.out);
	outcome_free(&outcome);
}

static void expect_nothing_said(enum mode mode)
{
	struct living living = begin(mode);
	char *found;

	expect_tool(&living, "report RUN", "never joined");
	expect_tool(&living, "report RUN --format html -o page.html", "-");
	expect_tool(&living, "threads RUN", "never joined");
	expect_tool(&living, "check RUN --fail-on=leak,deadlock,thread-leak,misuse", ":");
	expect_tool(&living, "sql RUN 'select kind || class from finding'", "thread-leak");
	json_t *process = rt_process(&living.rt, "joins_when_told");
	cr_expect_str_eq(json_text(process, "end.how"), "running");
	found = findings_summary(process, true);
	cr_expect_str_empty(found, "found %s", found);
	free(found);
	kill(living.pid, SIGUSR2);
	living.rt.program = spawn_wait(&living.child);
	cr_expect_eq(living.rt.program.status, 0);
	rt_report_again(&living.rt);
	process = rt_process(&living.rt, "joins_when_told");
	cr_expect_str_eq(json_text(process, "end.how"), "exit");
	found = findings_summary(process, false);
	cr_expect_str_empty(found, "found %s", found);
	free(found);
	rt_end(&living.rt);
}

Test(living, nothing_said_run) { expect_nothing_said(MODE_RUN); }
Test(living, nothing_said_preload) { expect_nothing_said(MODE_PRELOAD); }

/* ---- the time of death ------------------------------------------------------------------------------ */

static double seconds_at(const json_t *process) { return json_real_value(json_at(process, "end.at")); }

/* Killed while it does nothing. */
Test(living, time_of_death_run)
{
	double started = now();
	struct living living = begin(MODE_RUN);
	const json_t *process;

	sleep_ms(SLEEP_MS);
	kill(living.pid, SIGTERM);
	living.rt.program = spawn_wait(&living.child);
	double most = now() - started;
	cr_expect_eq(living.rt.program.signal, SIGTERM);
	process = rt_process(&living.rt, "joins_when_told");
	cr_expect_geq(seconds_at(process), SLEEP_MS / 1e3);
	cr_expect_leq(seconds_at(process), most + 0.1);
	cr_expect(json_is_false(json_at(process, "end.at_least")));
	expect_tool(&living, "report RUN", "at an unknown time");
	rt_end(&living.rt);
}

/* With the library alone nothing saw it. */
Test(living, time_of_death_preload)
{
	struct living living = begin(MODE_PRELOAD);
	const json_t *process;

	sleep_ms(SLEEP_MS);
	kill(living.pid, SIGTERM);
	living.rt.program = spawn_wait(&living.child);
	process = rt_process(&living.rt, "joins_when_told");
	cr_expect(json_is_true(json_at(process, "end.at_least")));
	struct outcome outcome = rt_tool(&living.rt, "report RUN");
	cr_expect(strstr(outcome.out, "killed by a signal at an unknown time, "), "%s", outcome.out);
	cr_expect(strstr(outcome.out, " or longer\n"), "%s", outcome.out);
	outcome_free(&outcome);
	rt_end(&living.rt);
}
