/* A real deadlock: reported while it hangs, and after the program was killed. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "tests/e2e/blocked.h"
#include "tests/harness/rt.h"

TEST_SUITE(hang);

static const json_t *the_deadlock(struct rt *rt, const char *exe, const char *class)
{
	const json_t *finding, *found = NULL;
	size_t i;

	json_array_foreach(json_object_get(rt_process(rt, exe), "findings"), i,
	                   finding) if (!strcmp(json_text(finding, "kind"), "deadlock") &&
	                                !strcmp(json_text(finding, "class"), class)) found = finding;
	cr_assert(found, "no %s deadlock found", class);
	return found;
}

/* Frames anywhere below that name the function. */
static int mentions(const json_t *value, const char *function)
{
	const char *key;
	const json_t *inner;
	size_t i;
	int count = 0;

	json_object_foreach((json_t *)value, key, inner) count +=
	    json_is_string(inner) ? !strcmp(key, "function") && !strcmp(json_string_value(inner), function)
	                          : mentions(inner, function);
	json_array_foreach(value, i, inner) count += mentions(inner, function);
	return count;
}

/* Expects two edges, each with the place where its thread took its lock, and the place where it wanted the other's. */
static void expect_both_edges(const json_t *deadlock)
{
	const json_t *edges = json_object_get(deadlock, "edges"), *edge;
	int forward = 0, backward = 0;
	size_t i;

	cr_expect_eq(json_array_size(edges), 2, "%zu edges", json_array_size(edges));
	json_array_foreach(edges, i, edge)
	{
		forward += mentions(edge, "forward") >= 2;
		backward += mentions(edge, "backward") >= 2;
	}
	cr_expect_eq(forward, 1, "no edge with both stacks in forward()");
	cr_expect_eq(backward, 1, "no edge with both stacks in backward()");
}

static pid_t wait_until_it_hangs(struct child *child)
{
	char *line = spawn_wait_for_line(child, "hangs", 20);
	pid_t pid = line ? atoi(line) : 0;

	cr_assert(pid > 0, "abba_hang did not start");
	free(line);
	wait_until_blocked(pid);
	sleep_ms(300); /* until the hang has lasted as long as reports require */
	return pid;
}

static void kill_it(struct rt *rt, struct child *child, pid_t pid)
{
	kill(pid, SIGKILL);
	rt->program = spawn_wait(child);
	cr_expect_eq(rt->program.status, 128 + SIGKILL, "status %d: %s", rt->program.status, rt->program.err);
}

Test(hang, run_then_killed)
{
	struct rt rt = rt_new();
	struct child child = rt_start(&rt, MODE_RUN, "abba_hang");

	kill_it(&rt, &child, wait_until_it_hangs(&child));
	expect_both_edges(the_deadlock(&rt, "abba_hang", "realised"));
	cr_expect_str_eq(json_text(rt_process(&rt, "abba_hang"), "end.how"), "signal");
	cr_expect_str_eq(json_text(rt_process(&rt, "abba_hang"), "end.signal"), "SIGKILL");
	rt_end(&rt);
}

Test(hang, preload_killed)
{
	struct rt rt = rt_new();
	struct child child = rt_start(&rt, MODE_PRELOAD, "abba_hang");

	kill_it(&rt, &child, wait_until_it_hangs(&child));
	expect_both_edges(the_deadlock(&rt, "abba_hang", "realised"));
	rt_end(&rt);
}

static void report_while_it_hangs(enum mode mode)
{
	struct rt rt = rt_new();
	struct child child = rt_start(&rt, mode, "abba_hang");
	pid_t pid = wait_until_it_hangs(&child);
	json_t *process = rt_process(&rt, "abba_hang");

	expect_both_edges(the_deadlock(&rt, "abba_hang", "realised"));
	cr_expect_str_eq(json_text(process, "end.how"), "running");
	kill_it(&rt, &child, pid);
	rt_report_again(&rt);
	process = rt_process(&rt, "abba_hang");
	cr_expect_str_neq(json_text(process, "end.how"), "running", "still running after it was killed");
	expect_both_edges(the_deadlock(&rt, "abba_hang", "realised"));
	rt_end(&rt);
}

Test(hang, preload_reported_while_hanging) { report_while_it_hangs(MODE_PRELOAD); }

Test(hang, threads_are_blocked)
{
	struct rt rt = rt_new();
	struct child child = rt_start(&rt, MODE_PRELOAD, "abba_hang");
	const json_t *thread;
	int blocked = 0;
	size_t i;

	kill_it(&rt, &child, wait_until_it_hangs(&child));
	json_array_foreach(json_object_get(rt_process(&rt, "abba_hang"), "threads"), i, thread) blocked +=
	    !strcmp(json_text(thread, "state_at_end"), "blocked");
	cr_expect_eq(blocked, 3, "%d threads are blocked; two wait for mutexes, main for a join", blocked);
	rt_end(&rt);
}

static void predicted(enum mode mode)
{
	struct rt rt = rt_new();

	rt_program(&rt, mode, "abba_no_hang");
	expect_both_edges(the_deadlock(&rt, "abba_no_hang", "predicted"));
	rt_end(&rt);
}

Test(hang, predicted_run) { predicted(MODE_RUN); }
Test(hang, predicted_preload) { predicted(MODE_PRELOAD); }
