/* Children and exec images: each has its own part of the report, and its own heap. */
#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>

#include "tests/harness/rt.h"

TEST_SUITE(processes);

static json_t *with_status(json_t *report, int status)
{
	json_t *process, *found = NULL;
	size_t i;

	json_array_foreach(json_object_get(report, "processes"), i,
	                   process) if (!strcmp(json_text(process, "end.how"), "exit") &&
	                                json_number(process, "end.status") == status) found = process;
	cr_assert(found, "no process ended with %d", status);
	return found;
}

static void fork_tree(enum mode mode)
{
	struct rt rt = rt_new();
	json_t *report;

	rt_program(&rt, mode, "fork_tree");
	report = rt_report(&rt);
	cr_expect_eq(json_array_size(json_object_get(report, "processes")), 7);
	for (int number = 1; number <= 7; number++) {
		json_t *process = with_status(report, number);

		cr_expect_eq(json_number(process, "heap.allocations"), number, "%d: %lld allocations", number,
		             json_number(process, "heap.allocations"));
		cr_expect_eq(json_number(process, "heap.live_at_end_blocks"), number - number / 2);
		if (number > 1)
			cr_expect_eq(json_number(process, "parent"),
			             json_number(with_status(report, number / 2), "pid"));
	}
	cr_expect_eq(events_lost(report), 0);
	rt_end(&rt);
}

Test(processes, fork_tree_run) { fork_tree(MODE_RUN); }
Test(processes, fork_tree_preload) { fork_tree(MODE_PRELOAD); }

static void exec_chain(enum mode mode)
{
	struct rt rt = rt_new();
	json_t *processes, *process;
	size_t i;

	rt_program(&rt, mode, "exec_chain");
	processes = json_object_get(rt_report(&rt), "processes");
	cr_assert_eq(json_array_size(processes), 4, "%zu images", json_array_size(processes));
	json_array_foreach(processes, i, process)
	{
		cr_expect_str_eq(json_text(process, "end.how"), i < 3 ? "exec" : "exit");
		cr_expect_eq(json_number(process, "heap.allocations"), 4 - (long long)i);
		cr_expect_eq(json_number(process, "pid"), json_number(json_array_get(processes, 0), "pid"));
	}
	rt_end(&rt);
}

Test(processes, exec_chain_run) { exec_chain(MODE_RUN); }
Test(processes, exec_chain_preload) { exec_chain(MODE_PRELOAD); }

/* ---- how children ended, as their parent knows ---------------------------------------------------- */

static const struct ended_child {
	long long blocks;
	const char *how;
	int status;
	const char *signal;
} children[] = {
#define CHILD(blocks, end, wait, how, status, signal) {blocks, how, status, signal},
#include "tests/e2e/tables/child_ends.def"
};

static const json_t *with_blocks(json_t *report, long long blocks)
{
	json_t *process;
	size_t i;

	json_array_foreach(json_object_get(report, "processes"), i,
	                   process) if (json_number(process, "heap.allocations") == blocks) return process;
	cr_assert_fail("no process made %lld blocks", blocks);
	return NULL;
}

static void expect_child(const json_t *process, const struct ended_child *expected)
{
	const json_t *signal = json_at(process, "end.signal");

	cr_expect_str_eq(json_text(process, "end.how"), expected->how, "%lld blocks", expected->blocks);
	if (!expected->signal) {
		cr_expect(json_is_null(signal));
		cr_expect_eq(json_number(process, "end.status"), expected->status);
		return;
	}
	cr_assert(json_is_string(signal), "%s is not named", expected->signal);
	cr_expect_str_eq(json_string_value(signal), expected->signal);
	cr_expect(strstr(json_text(process, "leak_scan.why_not"), expected->signal));
}

static void child_ends(enum mode mode)
{
	struct rt rt = rt_new();

	rt_program(&rt, mode, "child_ends");
	json_t *report = rt_report(&rt);
	for (size_t i = 0; i < sizeof children / sizeof *children; i++)
		expect_child(with_blocks(report, children[i].blocks), &children[i]);
	struct outcome text = rt_tool(&rt, "report RUN");
	cr_expect(strstr(text.out, "killed by SIGSEGV; 3 allocations"), "%s", text.out);
	outcome_free(&text);
	rt_end(&rt);
}

Test(processes, child_ends_run) { child_ends(MODE_RUN); }
Test(processes, child_ends_preload) { child_ends(MODE_PRELOAD); }

/* A forked child execs at once, with an environment that does not say where to record: it belongs to the same run. */
static void fork_exec_bare(enum mode mode)
{
	struct rt rt = rt_new();
	json_t *report;

	rt_program(&rt, mode, "fork_exec_bare");
	report = rt_report(&rt);
	cr_expect_eq(json_array_size(json_object_get(report, "processes")), 2);
	with_status(report, 0);
	with_status(report, 5);
	rt_end(&rt);
}

Test(processes, fork_exec_bare_run) { fork_exec_bare(MODE_RUN); }
Test(processes, fork_exec_bare_preload) { fork_exec_bare(MODE_PRELOAD); }

static void exec_refused(enum mode mode)
{
	struct rt rt = rt_new();
	json_t *report;

	rt_program(&rt, mode, "exec_refused");
	cr_expect_eq(rt.program.status, 9, "status %d: %s", rt.program.status, rt.program.out);
	report = rt_report(&rt);
	cr_expect_eq(json_array_size(json_object_get(report, "processes")), 1);
	with_status(report, 9);
	rt_end(&rt);
}

Test(processes, exec_refused_run) { exec_refused(MODE_RUN); }
Test(processes, exec_refused_preload) { exec_refused(MODE_PRELOAD); }

static void expect_code(const json_t *process, long long code)
{
	if (code < 128)
		cr_expect_eq(json_number(process, "end.status"), code);
	else
		cr_expect_str_eq(json_text(process, "end.signal"), code == 128 + SIGABRT ? "SIGABRT" : "SIGSEGV");
}

/* Only the parent of a process knows the signal that ended it: with MODE_PRELOAD, and for a crash, it may be missing.
 */
static void expect_end(enum mode mode, const char *argument, const char *how, long long code)
{
	struct rt rt = rt_new();
	json_t *process;
	char line[64];

	snprintf(line, sizeof line, "exits %s", argument);
	rt_program(&rt, mode, line);
	process = rt_process(&rt, "exits");
	cr_expect_str_eq(json_text(process, "end.how"), how, "%s: %s", line, json_text(process, "end.how"));
	if (mode == MODE_RUN || !strcmp(how, "exit"))
		expect_code(process, code);
	cr_expect_geq(json_number(process, "heap.allocations"), 3, "%s", line);
	cr_expect_eq(events_lost(rt.json), 0);
	rt_end(&rt);
}

/* EXIT(argument, end.how, status or 128 + signal) */
#define EXIT(name, how, code)                                                                                          \
	Test(processes, name##_run) { expect_end(MODE_RUN, #name, how, code); }                                        \
	Test(processes, name##_preload) { expect_end(MODE_PRELOAD, #name, how, code); }

EXIT(return, "exit", 2)
EXIT(exit, "exit", 3)
EXIT(_exit, "exit", 4)
EXIT(_Exit, "exit", 5)
EXIT(exit_group, "exit", 8)
EXIT(quick_exit, "exit", 6)
EXIT(abort, "signal", 128 + SIGABRT)
EXIT(pthread_exit, "exit", 0)
EXIT(thread_exit, "exit", 7)
EXIT(segv, "signal", 128 + SIGSEGV)

/* ---- the tree of a text report ---------------------------------------------------------------------- */

/* Columns before the process's pid in the line that says how it ended; fails the test where there is none. */
static int column_of(const char *report, int status)
{
	char ending[64];

	snprintf(ending, sizeof ending, "exited with status %d;", status);
	const char *at = strstr(report, ending);
	cr_assert(at, "no \"%s\" in %s", ending, report);
	while (at > report && at[-1] != '\n')
		at--;
	return (int)strspn(at, " ");
}

/* --exe takes a name or the end of a path, in every command. */
Test(processes, are_selected_by_the_end_of_their_path)
{
	static const char *const commands[] = {"events RUN --exe", "report RUN --format json --exe"};
	struct rt rt = rt_new();
	char line[64];

	rt_program(&rt, MODE_RUN, "fork_tree");
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
		snprintf(line, sizeof line, "%s programs/fork_tree", commands[i]);
		struct outcome whole = rt_tool(&rt, line);
		cr_expect(strlen(whole.out) > 100, "%s: %s", line, whole.out);
		outcome_free(&whole);
		snprintf(line, sizeof line, "%s grams/fork_tree", commands[i]);
		struct outcome part = rt_tool(&rt, line);
		cr_expect_str_empty(part.out, "%s: %s", line, part.out);
		outcome_free(&part);
	}
	rt_end(&rt);
}

/* A link is the program's name if the command led through it; another file's name, or a made up one, is not. */
static void expect_program(enum mode mode, const char *command, const char *name)
{
	struct rt rt = rt_new();
	char line[4 * RT_PATH], field[128];

	snprintf(line, sizeof line, "bash -c 'cp %s prog; ln -s prog service; cp prog other; %s'",
	         rt_built("programs/known_heap"), command);
	rt_program(&rt, mode, line);
	struct outcome report = rt_tool(&rt, "leaks RUN --format json");
	snprintf(field, sizeof field, "/work/%s\",\n", name);
	cr_expect(strstr(report.out, field), "%s: no %s in %s", command, field, report.out);
	outcome_free(&report);
	snprintf(field, sizeof field, "events RUN --exe %s", name);
	report = rt_tool(&rt, field);
	cr_expect(strlen(report.out) > 100, "%s: %s", field, report.out);
	outcome_free(&report);
	rt_end(&rt);
}

#define PROGRAM(name, ...)                                                                                             \
	Test(processes, name##_run) { expect_program(MODE_RUN, __VA_ARGS__); }                                         \
	Test(processes, name##_preload) { expect_program(MODE_PRELOAD, __VA_ARGS__); }
PROGRAM(a_link_is_the_name_of_its_program, "./service", "service")
PROGRAM(a_link_with_its_path_is_the_name, "$PWD/service", "service")
PROGRAM(another_file_is_not_the_name, "(exec -a other ./prog)", "prog")
PROGRAM(a_made_up_name_is_not_the_name, "(exec -a nothing ./prog)", "prog")

Test(processes, text_shows_who_started_whom)
{
	struct rt rt = rt_new();

	rt_program(&rt, MODE_RUN, "fork_tree");
	struct outcome report = rt_tool(&rt, "report RUN");
	for (int number = 2; number <= 7; number++)
		cr_expect_eq(column_of(report.out, number), column_of(report.out, number / 2) + 2, "%d", number);
	cr_expect(strstr(report.out, "7 processes; "), "%s", report.out);
	cr_expect(strstr(report.out, "none lost; 28 allocations"), "%s", report.out);
	outcome_free(&report);
	rt_end(&rt);
}

Test(processes, many_short_ones_are_all_there)
{
	struct rt rt = rt_new();
	const json_t *process;
	size_t i;

	rt_program(&rt, MODE_RUN, "sh -c 'i=0; while [ $i -lt 50 ]; do /bin/true; i=$((i+1)); done'");
	const json_t *processes = json_object_get(rt_report(&rt), "processes");
	cr_expect_eq(json_array_size(processes), 51, "%zu", json_array_size(processes));
	json_array_foreach(processes, i, process)
	{
		cr_expect_eq(json_number(process, "end.status"), 0);
		cr_expect_eq(json_number(process, "events.lost"), 0);
		cr_expect(json_is_true(json_at(process, "leak_scan.done")), "%s", json_text(process, "exe"));
	}
	struct outcome report = rt_tool(&rt, "report RUN");
	cr_expect(strstr(report.out, " 50 x    true "), "%s", report.out);
	outcome_free(&report);
	rt_end(&rt);
}

/* The daemon has changed to /, and closed all descriptors. */
Test(processes, a_daemon_that_forked_twice)
{
	struct rt rt = rt_new();

	rt_program_with(&rt, MODE_RUN, "--wait=all", "daemon_twice");
	json_t *report = rt_report(&rt);
	cr_expect_eq(json_array_size(json_object_get(report, "processes")), 3);
	cr_expect_eq(json_number(with_status(report, 3), "heap.allocations"), 7);
	cr_expect_eq(json_number(with_status(report, 1), "heap.allocations"), 1);
	rt_end(&rt);
}

/* ---- what is not followed ----------------------------------------------------------------------------- */

static void expect_unfollowed(const char *line, const char *said)
{
	struct rt rt = rt_new();

	rt_program(&rt, MODE_RUN, line);
	cr_expect_eq(rt.program.status, 0, "%s", rt.program.err);
	if (said)
		cr_expect(strstr(rt.program.err, said), "%s: not \"%s\": %s", line, said, rt.program.err);
	else
		cr_expect(!strstr(rt.program.err, "not followed"), "%s: %s", line, rt.program.err);
	rt_end(&rt);
}

Test(processes, programs_without_an_environment_are_counted)
{
	expect_unfollowed("clears_environment", "ringtail: 4 programs were not followed: ");
	expect_unfollowed("sh -c 'env -i /bin/true; true'", "ringtail: 1 program was not followed: ");
	expect_unfollowed("sh -c '/bin/true; true'", NULL);
	expect_unfollowed("fork_exec_bare", NULL);
}

/* ---- rings that are being made --------------------------------------------------------------------- */

/* The collector meets a ring as its process has left it: stopped when it had written the magic and no more. */
Test(processes, a_ring_that_is_half_written_is_waited_for)
{
	struct rt rt = rt_new();

	rt_program(&rt, MODE_RUN,
	           "sh -c 'set -- ../run/*.ring; truncate -s 1M ../run/1.0.ring;"
	           "dd if=$1 of=../run/1.0.ring bs=8 count=1 conv=notrunc 2> /dev/null; sleep 0.5; exit 5'");
	cr_expect_eq(rt.program.status, 5);
	cr_expect_not(strstr(rt.program.err, "version"), "%s", rt.program.err);
	cr_expect_not(strstr(rt.program.err, "still running"), "%s",
	              rt.program.err); /* no process is left to complete it */
	cr_expect_not(strstr(rt.program.err, "1.0.ring"), "%s", rt.program.err);
	rt_end(&rt);
}

/* ---- what records after the command has ended --------------------------------------------------------- */

static void expect_late(const char *line, const char *options)
{
	struct rt rt = rt_new();

	rt_program_with(&rt, MODE_RUN, options, line);
	cr_expect_eq(rt.program.status, 1, "%s", rt.program.err);
	json_t *report = rt_report(&rt);
	cr_expect_eq(json_array_size(json_object_get(report, "processes")), 2, "%s: %s", line, rt.program.err);
	json_t *late = with_status(report, 3);
	cr_expect_eq(json_number(late, "heap.allocations"), 7);
	cr_expect(json_is_true(json_at(late, "leak_scan.done")), "%s", line);
	cr_expect(!strstr(rt.program.err, "still running"), "%s", rt.program.err);
	rt_end(&rt);
}

Test(processes, a_child_that_records_late) { expect_late("records_late fork", "--wait=all"); }

Test(processes, an_image_that_begins_late)
{
	char line[RT_PATH + 64];

	snprintf(line, sizeof line, "records_late exec %s", rt_built("programs/slow_audit.so"));
	expect_late(line, "--wait=all");
}

/* `ringtail run` waits for the child, as it may record until it has ended. */
Test(processes, a_child_that_never_records)
{
	struct rt rt = rt_new();
	double begun = now();

	rt_program_with(&rt, MODE_RUN, "--wait=all", "records_late never");
	cr_expect_geq(now() - begun, 0.5);
	cr_expect_eq(json_array_size(json_object_get(rt_report(&rt), "processes")), 1);
	cr_expect(!strstr(rt.program.err, "still running"), "%s", rt.program.err);
	rt_end(&rt);
}
