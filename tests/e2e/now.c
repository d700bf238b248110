/* `ringtail leaks --now`: scans of programs that run, and go on. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/harness/server.h"

TEST_SUITE(now);

static json_t *look_json(struct server *server, const char *run)
{
	char words[128];
	json_error_t error;

	snprintf(words, sizeof words, "leaks --now %s --format json", run);
	struct outcome outcome = rt_tool(&server->rt, words);
	cr_assert_eq(outcome.status, 0, "status %d: %s", outcome.status, outcome.err);
	json_t *json = json_loadb(outcome.out, outcome.out_bytes, 0, &error);
	cr_assert(json, "no JSON: %s", error.text);
	outcome_free(&outcome);
	return json;
}

/* Blocks of a class that were allocated in a function, in the processes of a report. */
static long long blocks_of(const json_t *report, const char *class, const char *function)
{
	const json_t *process, *finding;
	long long blocks = 0;
	size_t i, k;

	json_array_foreach(json_object_get(report, "processes"), i, process)
	    json_array_foreach(json_object_get(process, "findings"), k, finding)
	{
		const json_t *stack = json_array_get(json_object_get(finding, "stacks"), 0);
		const json_t *frame = json_array_get(json_object_get(stack, "frames"), 0);

		if (!strcmp(json_text(finding, "class"), class) && !strcmp(json_text(frame, "function"), function))
			blocks += json_number(finding, "blocks");
	}
	return blocks;
}

static const json_t *only_process(const json_t *report)
{
	cr_assert_eq(json_array_size(json_object_get(report, "processes")), 1);
	return json_array_get(json_object_get(report, "processes"), 0);
}

static void expect_scans(enum mode mode)
{
	struct server server = serve(mode, "");
	json_t *first, *second;

	server_do(&server, "llllll");
	first = look_json(&server, "RUN");
	server_do(&server, "llllll");
	second = look_json(&server, "RUN");
	cr_expect(json_is_true(json_at(only_process(first), "leak_scan.done")));
	cr_expect_str_eq(json_text(only_process(second), "end.how"), "running");
	cr_expect_eq(blocks_of(first, "reachable", "remember"), 6);
	cr_expect_eq(blocks_of(second, "reachable", "remember"), 12);
	/* The last one may still be in a register. */
	cr_expect_geq(blocks_of(first, "definite", "lose"), 5);
	cr_expect_geq(blocks_of(second, "definite", "lose"), 11);
	cr_expect_eq(blocks_of(second, "definite", "remember"), 0);
	json_decref(first);
	json_decref(second);
	server_end(&server);
}

Test(now, two_scans_run) { expect_scans(MODE_RUN); }
Test(now, two_scans_preload) { expect_scans(MODE_PRELOAD); }

/* The commands that show a run take the snapshot for one. */
Test(now, a_snapshot_is_a_run)
{
	static const char *const commands[] = {"report", "leaks", "heap", "threads", "locks", "deadlocks"};
	struct server server = serve(MODE_RUN, "");
	char words[2 * RT_PATH];

	server_do(&server, "lll");
	struct outcome outcome = server_look(&server, "");
	cr_expect_eq(outcome.status, 0, "%s", outcome.err);
	cr_expect(strstr(outcome.err, "/now-1.db"), "%s", outcome.err);
	cr_expect(strstr(outcome.out, "the process was stopped for "), "%s", outcome.out);
	outcome_free(&outcome);
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
		snprintf(words, sizeof words, "%s %s/now-1.db", commands[i], server.rt.run);
		outcome = rt_tool(&server.rt, words);
		cr_expect_eq(outcome.status, 0, "%s: status %d: %s", commands[i], outcome.status, outcome.err);
		cr_expect(strstr(outcome.out, "grows"), "%s: %s", commands[i], outcome.out);
		outcome_free(&outcome);
	}
	server_end(&server);
}

static void expect_scans_among_threads(enum mode mode)
{
	struct server server = serve(mode, "");

	cr_assert_eq(write(server.letters, "tttttttttttttttttttt", 20), 20);
	for (int i = 0; i < 5; i++) {
		json_t *report = look_json(&server, "RUN");
		cr_expect(json_is_true(json_at(only_process(report), "leak_scan.done")));
		cr_expect_eq(blocks_of(report, "definite", "remember"), 0);
		json_decref(report);
	}
	server_end(&server);
}

Test(now, threads_come_and_go_run) { expect_scans_among_threads(MODE_RUN); }
Test(now, threads_come_and_go_preload) { expect_scans_among_threads(MODE_PRELOAD); }

/* If the process is stopped within realloc, the table may lie in two places or in none. */
static void expect_nothing_lost_in_realloc(enum mode mode)
{
	struct rt rt = rt_new();
	struct server server = {.rt = rt};
	char path[RT_PATH + 16];

	server.child = rt_start(&server.rt, mode, "realloc_always stop");
	char *line = spawn_wait_for_line(&server.child, "realloc_always", 20);
	cr_assert(line, "it did not start");
	free(line);
	for (int i = 0; i < 10; i++) {
		json_t *report = look_json(&server, "RUN");
		cr_expect_eq(blocks_of(report, "definite", "main"), 0);
		cr_expect_eq(blocks_of(report, "indirect", "main"), 0);
		json_decref(report);
	}
	snprintf(path, sizeof path, "%s/stop", server.rt.work);
	close(open(path, O_CREAT | O_WRONLY, 0600));
	server.rt.program = spawn_wait(&server.child);
	cr_expect_eq(server.rt.program.status, 0, "status %d: %s", server.rt.program.status, server.rt.program.err);
	rt_end(&server.rt);
}

Test(now, within_realloc_run) { expect_nothing_lost_in_realloc(MODE_RUN); }
Test(now, within_realloc_preload) { expect_nothing_lost_in_realloc(MODE_PRELOAD); }

static void expect_all_processes(enum mode mode)
{
	struct server server = serve(mode, "");
	json_t *report;
	char pid[16];

	server_do(&server, "f");
	char *line = spawn_wait_for_line(&server.child, "child ", 20);
	cr_assert(line, "no child");
	report = look_json(&server, "RUN");
	cr_expect_eq(json_array_size(json_object_get(report, "processes")), 2);
	cr_expect_geq(blocks_of(report, "definite", "lose"), 9);
	json_decref(report);
	snprintf(pid, sizeof pid, "%d", atoi(line + strlen("child ")));
	report = look_json(&server, pid);
	cr_expect_eq(json_number(only_process(report), "pid"), atoi(pid));
	json_decref(report);
	free(line);
	server_end(&server);
}

Test(now, all_processes_run) { expect_all_processes(MODE_RUN); }
Test(now, all_processes_preload) { expect_all_processes(MODE_PRELOAD); }

/* Old events were overwritten: the report says so, and does not report blocks as lost to which an unknown block may
 * point. */
Test(now, overwritten)
{
	struct server server = serve(MODE_PRELOAD, "max=1M");

	for (int i = 0; i < 200; i++)
		server_do(&server, "r");
	struct outcome outcome = server_look(&server, "");
	cr_expect_eq(outcome.status, 0, "%s", outcome.err);
	cr_expect(strstr(outcome.err, "events are no longer in its ring"), "%s", outcome.err);
	cr_expect(strstr(outcome.out, "loss:events") || strstr(outcome.out, "lost "), "%s", outcome.out);
	outcome_free(&outcome);
	server_end(&server);
}

/* ---- what cannot be done --------------------------------------------------------------------- */

static void expect_refusal(struct outcome outcome, int status, const char *text)
{
	cr_expect_eq(outcome.status, status, "status %d: %s", outcome.status, outcome.err);
	cr_expect(strstr(outcome.err, text), "not \"%s\": %s", text, outcome.err);
	cr_expect(strchr(outcome.err, '\n') == strrchr(outcome.err, '\n'), "not one line: %s", outcome.err);
	cr_expect_eq(outcome.out_bytes, 0, "%s", outcome.out);
	outcome_free(&outcome);
}

static void expect_bounded_pause(enum mode mode)
{
	struct server server = serve(mode, "");

	expect_refusal(server_look(&server, "--pause 0.000001"), 69, "allow more with --pause");
	server_do(&server, "l");
	server_end(&server);
}

Test(now, pause_is_bounded_run) { expect_bounded_pause(MODE_RUN); }
Test(now, pause_is_bounded_preload) { expect_bounded_pause(MODE_PRELOAD); }

/* A reader that is stopped, by Ctrl-Z say, does not answer: the command does not wait for it for ever. */
Test(now, reader_that_is_stopped)
{
	struct server server = serve(MODE_RUN, "");

	struct outcome answered = server_look(&server, "");
	cr_expect_eq(answered.status, 0, "status %d: %s", answered.status, answered.err);
	outcome_free(&answered);
	kill(server.child.pid, SIGSTOP);
	expect_refusal(server_look(&server, ""), 65, "is stopped: let it go on");
	kill(server.child.pid, SIGCONT);
	server_do(&server, "l");
	server_end(&server);
}

static void expect_refused_to_a_second_tracer(enum mode mode)
{
	struct server server = serve(mode, "");

	cr_assert_eq(ptrace(PTRACE_SEIZE, server.pid, NULL, NULL), 0);
	expect_refusal(server_look(&server, ""), 69, "a debugger or tracer (pid ");
	kill(server.pid, SIGSTOP); /* only a stopped one can be left */
	cr_assert_eq(waitpid(server.pid, NULL, __WALL), server.pid);
	cr_assert_eq(ptrace(PTRACE_DETACH, server.pid, NULL, NULL), 0);
	kill(server.pid, SIGCONT);
	server_do(&server, "l");
	server_end(&server);
}

Test(now, traced_run) { expect_refused_to_a_second_tracer(MODE_RUN); }
Test(now, traced_preload) { expect_refused_to_a_second_tracer(MODE_PRELOAD); }

/* Root without CAP_SYS_PTRACE, as in a container: processes that have it may not be looked at. */
Test(now, without_the_right_to_trace)
{
	if (geteuid())
		cr_skip_test("only root can give up CAP_SYS_PTRACE");
	struct server server = serve(MODE_PRELOAD, "");
	const char *argv[] = {
	    "setpriv", "--bounding-set=-sys_ptrace", rt_built("ringtail"), "leaks", "--now", server.rt.run, NULL};

	expect_refusal(spawn((struct command){.argv = argv, .directory = server.rt.work}), 69, "CAP_SYS_PTRACE");
	server_end(&server);
}

Test(now, heap_not_watched)
{
	struct server server = serve(MODE_RUN, "--heap=no");

	expect_refusal(server_look(&server, ""), 69, "--heap=no");
	server_end(&server);
}

Test(now, nothing_to_look_at)
{
	struct rt rt = rt_new();
	char words[64];

	rt_program(&rt, MODE_RUN, "leak_simple");
	expect_refusal(rt_tool(&rt, "leaks --now RUN"), 65, "no process of this run is running");
	expect_refusal(rt_tool(&rt, "leaks --now 4194305"), 65, "no process with this id");
	snprintf(words, sizeof words, "leaks --now %d", (int)getpid());
	expect_refusal(rt_tool(&rt, words), 65, "is not recorded: start it with");
	expect_refusal(rt_tool(&rt, "leaks RUN --pause 1"), 64, "--now");
	expect_refusal(rt_tool(&rt, "leaks --now RUN --pause never"), 64, "--pause takes");
	expect_refusal(rt_tool(&rt, "heap --now RUN"), 64, "has no option --now");
	rt_end(&rt);
}

/* Whenever the process is killed, the answer is complete, or one clear line. */
static void expect_death_is_noticed(enum mode mode)
{
	for (int i = 0; i < 5; i++) {
		struct server server = serve(mode, "");
		char command[128];
		const char *argv[] = {"sh", "-c", command, NULL};

		server_do(&server, "lt");
		snprintf(command, sizeof command, "(sleep 0.0%d; kill -9 %d) & exec %s leaks --now %s", i, server.pid,
		         rt_built("ringtail"), "../run");
		struct outcome outcome = spawn((struct command){.argv = argv, .directory = server.rt.work});
		cr_expect(outcome.status == 0 || outcome.status == 65 || outcome.status == 69, "status %d: %s",
		          outcome.status, outcome.err);
		cr_expect_eq(outcome.status == 0, outcome.out_bytes != 0, "status %d: %s", outcome.status, outcome.out);
		cr_expect(!strstr(outcome.out, "leak:definite  100 B"), "%s", outcome.out);
		outcome_free(&outcome);
		server.rt.program = spawn_wait(&server.child);
		cr_expect_eq(server.rt.program.status, 128 + SIGKILL);
		close(server.letters);
		rt_end(&server.rt);
	}
}

Test(now, killed_meanwhile_run) { expect_death_is_noticed(MODE_RUN); }
Test(now, killed_meanwhile_preload) { expect_death_is_noticed(MODE_PRELOAD); }
