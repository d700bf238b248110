/* Deadlocks that are noticed while the program hangs, and waits that look like hangs: hangs.def. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/harness/rt.h"

TEST_SUITE(hang_live);

#define MOST_EDGES 8

static int by_text(const void *left, const void *right) { return strcmp(left, right); }

/* The texts in order, with spaces between. */
static void join_sorted(char (*texts)[80], size_t count, char *to, size_t room)
{
	qsort(texts, count, sizeof *texts, by_text);
	*to = '\0';
	for (size_t i = 0; i < count; i++) {
		strncat(to, i ? " " : "", room - strlen(to) - 1);
		strncat(to, texts[i], room - strlen(to) - 1);
	}
}

static const json_t *only_realised(struct rt *rt)
{
	const json_t *finding, *found = NULL;
	size_t i;

	json_array_foreach(json_object_get(rt_process(rt, "hangs"), "findings"), i, finding)
	{
		const char *class = json_string_value(json_object_get(finding, "class"));

		if (!class || strcmp(class, "realised"))
			continue;
		cr_expect(!found, "more than one realised deadlock");
		found = finding;
	}
	cr_assert(found, "no realised deadlock is in the report");
	return found;
}

/* The function of the innermost frame where the edge's thread waits. */
static const char *waits_in(const json_t *edge)
{
	return json_text(json_array_get(json_at(edge, "wanted.stack"), 0), "function");
}

static void expect_cycle(const json_t *deadlock, size_t edges, const char *objects, const char *functions)
{
	const json_t *array = json_object_get(deadlock, "edges"), *edge;
	char kinds[MOST_EDGES][80], places[MOST_EDGES][80], text[MOST_EDGES * 80];
	size_t i;

	cr_assert_eq(json_array_size(array), edges, "%zu edges", json_array_size(array));
	json_array_foreach(array, i, edge)
	{
		snprintf(kinds[i], sizeof kinds[i], "%s%s", json_text(edge, "held.what"),
		         json_is_true(json_object_get(edge, "inferred")) ? "?" : "");
		snprintf(places[i], sizeof places[i], "%s", waits_in(edge));
	}
	join_sorted(kinds, edges, text, sizeof text);
	cr_expect_str_eq(text, objects, "the cycle is made of %s", text);
	join_sorted(places, edges, text, sizeof text);
	cr_expect_str_eq(text, functions, "its threads wait in %s", text);
}

static void expect_hang(const char *shape, size_t edges, const char *objects, const char *functions)
{
	struct rt rt = rt_new();
	char line[128];
	const char *told;

	snprintf(line, sizeof line, "hangs %s", shape);
	rt_program_with(&rt, MODE_RUN, "--on-deadlock=kill", line);
	cr_expect_eq(rt.program.status, 67, "status %d", rt.program.status);
	told = strstr(rt.program.err, "deadlock:realised");
	cr_assert(told, "nothing was said: %s", rt.program.err);
	cr_expect(strstr(rt.program.err, "ringtail: deadlock in ") < told);
	cr_expect(!strstr(rt.program.err, "cannot read"), "the notice is not whole: %s", rt.program.err);
	expect_cycle(only_realised(&rt), edges, objects, functions);
	rt_end(&rt);
}

static void expect_no_hang(const char *line)
{
	struct rt rt = rt_new();

	rt_program_with(&rt, MODE_RUN, "--on-deadlock=kill", line);
	cr_expect_eq(rt.program.status, 0, "status %d: %s", rt.program.status, rt.program.err);
	cr_expect(!strstr(rt.program.err, "deadlock in"), "%s", rt.program.err);
	rt_end(&rt);
}

#define PASTE_(a, b) a##b
#define PASTE(a, b)  PASTE_(a, b)
#define HANG(shape, edges, objects, functions)                                                                         \
	Test(hang_live, shape) { expect_hang(#shape, edges, objects, functions); }
#define NO_HANG(line)                                                                                                  \
	Test(hang_live, PASTE(none_, __LINE__)) { expect_no_hang(#line); }
#include "tests/e2e/tables/hangs.def"

/* The deadlock is reported once while the program goes on hanging, and the stored report has it, too. */
Test(hang_live, report_goes_on)
{
	struct rt rt = rt_new();
	struct child child = rt_start(&rt, MODE_RUN, "hangs mutexes");
	char *line = spawn_wait_for_line(&child, "hangs", 20);
	const char *told;

	cr_assert(line, "hangs did not start");
	cr_assert(spawn_wait_for_errors(&child, "ringtail: deadlock in ", 1, 50), "nothing was said");
	sleep_ms(1000); /* time in which it might be reported again */
	kill(atoi(line), SIGTERM);
	free(line);
	rt.program = spawn_wait(&child);
	cr_expect_eq(rt.program.status, 128 + SIGTERM);
	told = strstr(rt.program.err, "ringtail: deadlock in ");
	cr_assert(told, "nothing was said: %s", rt.program.err);
	cr_expect(!strstr(told + 1, "ringtail: deadlock in "), "told twice: %s", rt.program.err);
	expect_cycle(only_realised(&rt), 2, "mutex mutex", "first_then_second second_then_first");
	rt_end(&rt);
}

/* Runs the tool when the program's threads wait for each other for ever. */
static struct outcome once_it_hangs(struct rt *rt, const char *words)
{
	double until = now() + 50;
	struct outcome outcome = rt_tool(rt, words);

	while (!outcome.status && !strstr(outcome.out, "deadlock:realised") && now() < until) {
		sleep_ms(50);
		outcome_free(&outcome);
		outcome = rt_tool(rt, words);
	}
	return outcome;
}

/* By the id of a process that hangs, recorded by the library alone. */
static void expect_from_outside(const char *program, const char *message)
{
	struct rt rt = rt_new();
	struct child child = rt_start(&rt, MODE_PRELOAD, program);
	char *line = spawn_wait_for_line(&child, "hangs", 20), words[64];
	struct outcome outcome;

	cr_assert(line, "hangs did not start");
	snprintf(words, sizeof words, "deadlocks %d", atoi(line));
	outcome = once_it_hangs(&rt, words);
	cr_expect_eq(outcome.status, 0, "%s", outcome.err);
	cr_expect(strstr(outcome.out, "deadlock:realised"), "%s", outcome.out);
	cr_expect(strstr(outcome.out, message), "%s", outcome.out);
	kill(-child.pid, SIGKILL); /* its children too */
	free(line);
	outcome_free(&outcome);
	rt.program = spawn_wait(&child);
	rt_end(&rt);
}

Test(hang_live, deadlocks_of_a_process)
{
	expect_from_outside("hangs sem_and_mutex", "two threads wait for each other for ever, as far as past");
}
Test(hang_live, deadlocks_of_two_processes)
{
	expect_from_outside("hangs shared_mutexes", "two threads of different processes wait for each other");
}
Test(hang_live, all_asleep_from_outside)
{
	expect_from_outside("hangs all_asleep", "all threads are blocked and nothing can wake them");
}

Test(hang_live, trace_lines)
{
	struct rt rt = rt_new();
	const char *at;
	unsigned pid, threads, running, lines = 0;
	char line[2 * RT_PATH];
	double started = now();
	struct child child;

	snprintf(line, sizeof line, "env HANGS_UNTIL=stop %s idle_pool_ok", rt_built("programs/hangs"));
	child = rt_start_with(&rt, MODE_RUN, "--trace-every=200", line);
	cr_expect(spawn_wait_for_errors(&child, "threads=5 ", 3, 50));
	snprintf(line, sizeof line, "%s/stop", rt.work);
	close(open(line, O_CREAT | O_WRONLY, 0600));
	rt.program = spawn_wait(&child);
	for (at = rt.program.err; (at = strstr(at, "ringtail: ")); at++)
		if (sscanf(at, "ringtail: %u: threads=%u running=%u blocked{", &pid, &threads, &running) == 3)
			lines += threads == 5 && strstr(at, "cond=4 ") != NULL;
	cr_expect(lines >= 2 && lines <= (now() - started) / 0.2, "%u lines: %s", lines, rt.program.err);
	rt_end(&rt);
}
