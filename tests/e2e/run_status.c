/* Exit statuses of `ringtail run` and of the tool: a contract. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/harness/rt.h"

TEST_SUITE(run_status);

static int count_lines(const char *text)
{
	int lines = 0;

	for (; *text; text++)
		lines += *text == '\n';
	return lines;
}

static void tool(struct rt *rt, const char *line)
{
	struct outcome outcome = rt_tool(rt, line);

	outcome_free(&outcome);
}

static void expect_status(const char *line, int status, const char *in_stderr)
{
	struct rt rt = rt_new();
	struct outcome outcome = rt_tool(&rt, line);

	cr_expect_eq(outcome.status, status, "ringtail %s: status %d, not %d: %s", line, outcome.status, status,
	             outcome.err);
	cr_expect(strstr(outcome.err, in_stderr), "ringtail %s: stderr lacks \"%s\": %s", line, in_stderr, outcome.err);
	outcome_free(&outcome);
	rt_end(&rt);
}

/* STATUS(name, "ringtail's arguments", exit status, "in stderr") */
#define STATUS(name, line, status, text)                                                                               \
	Test(run_status, name) { expect_status(line, status, text); }

STATUS(success, "run -o RUN -- true", 0, "")
STATUS(of_the_command, "run -o RUN -- sh -c 'exit 7'", 7, "")
STATUS(without_dashes, "run -o RUN sh -c 'exit 8'", 8, "")
STATUS(of_a_signal, "run -o RUN -- sh -c 'kill -TERM $$'", 128 + 15, "was killed by signal 15")
STATUS(of_a_kill, "run -o RUN -- sh -c 'kill -KILL $$'", 128 + 9, "was killed by signal 9")
STATUS(not_found, "run -o RUN -- /no/such/command", 127, "/no/such/command")
STATUS(not_in_path, "run -o RUN -- no-such-command", 127, "no-such-command")
STATUS(not_executable, "run -o RUN -- data/script.sql", 126, "data/script.sql")
STATUS(wrong_run_option, "run --no-such-option -- true", 64, "no-such-option")
STATUS(wrong_value, "run --depth=many -o RUN -- true", 64, "depth")
STATUS(no_depth, "run --depth=0 -o RUN -- true", 64, "from 1 to 4096")
STATUS(too_deep, "run --depth=4097 -o RUN -- true", 64, "from 1 to 4096")
STATUS(wrong_choice, "run --stacks=some -o RUN -- true", 64, "stacks")
STATUS(no_command, "run", 64, "")
STATUS(wrong_command, "nonsense", 64, "nonsense")
STATUS(no_arguments, "", 64, "")
STATUS(wrong_format, "report RUN --format nonsense", 64, "nonsense")
STATUS(help, "--help", 0, "")

/* ---- standard streams that are closed, broken or full ----------------------------------------------- */

/* The writing end of a pipe without readers: both ends are opened, and the reading end is closed before the tool
 * runs. */
#define BROKEN(fd) "mkfifo pipe && exec 9<>pipe " #fd ">pipe 9<&-; "

/* `ringtail LINE` in a shell that has done something to its streams. */
static void expect_in_shell(const char *before, const char *line, int status, int signal, const char *in_stderr)
{
	struct rt rt = rt_new();
	char script[4 * RT_PATH];
	const char *argv[] = {"sh", "-c", script, NULL};
	const char *left[] = {"find", rt.run, "-name", "ringtail.db-journal", NULL};

	if (strncmp(line, "run", 3))
		rt_program(&rt, MODE_RUN, "known_heap");
	snprintf(script, sizeof script, "RUN=%s BUILD=%s; %s exec %s %s", rt.run, rt_built("."), before,
	         rt_built("ringtail"), line);
	struct outcome outcome = spawn((struct command){.argv = argv, .directory = rt.work});
	cr_expect_eq(outcome.status, status, "%s ringtail %s: status %d, not %d: %s", before, line, outcome.status,
	             status, outcome.err);
	cr_expect_eq(outcome.signal, signal, "%s ringtail %s: signal %d: %s", before, line, outcome.signal,
	             outcome.err);
	cr_expect(strstr(outcome.err, in_stderr), "%s ringtail %s: stderr lacks \"%s\": %s", before, line, in_stderr,
	          outcome.err);
	outcome_free(&outcome);
	outcome = spawn((struct command){.argv = left, .directory = rt.work});
	cr_expect_str_empty(outcome.out, "%s ringtail %s: left behind: %s", before, line, outcome.out);
	outcome_free(&outcome);
	rt_end(&rt);
}

/* STREAM(name, "sh", "ringtail's arguments", exit status, or 128 + what it dies of, "in stderr") */
#define STREAM(name, before, line, status, text)                                                                       \
	Test(run_status, name) { expect_in_shell(before, line, status, (status) > 128 ? (status)-128 : 0, text); }

STREAM(is_kept_with_a_broken_stderr, BROKEN(2), "run -o $RUN -- sh -c 'exit 3'", 3, "")
STREAM(is_kept_with_a_closed_stderr, "exec 2>&-;", "run -o $RUN -- sh -c 'exit 3'", 3, "")
STREAM(is_kept_with_all_closed, "exec 0<&- 1>&- 2>&-;", "run -o $RUN -- sh -c 'exit 3'", 3, "")
STREAM(is_kept_with_a_full_stderr, "exec 2>/dev/full;", "run -o $RUN -- true", 0, "")
STREAM(of_fail_on_with_a_broken_stderr, BROKEN(2), "run -o $RUN --fail-on=leak:definite -- $BUILD/programs/lost_basket",
       66, "")
STREAM(report_to_nobody, BROKEN(1), "report $RUN", 128 + SIGPIPE, "")
STREAM(json_to_nobody, BROKEN(1), "report $RUN --format json", 128 + SIGPIPE, "")
STREAM(events_to_nobody, BROKEN(1), "events $RUN", 128 + SIGPIPE, "")
STREAM(sql_to_nobody, BROKEN(1), "sql $RUN 'select * from process'", 128 + SIGPIPE, "")
STREAM(export_to_nobody, BROKEN(1), "export $RUN --format folded", 128 + SIGPIPE, "")
STREAM(help_to_nobody, BROKEN(1), "--help", 128 + SIGPIPE, "")
STREAM(check_with_a_broken_stderr, BROKEN(2), "check $RUN --fail-on leak", 66, "")
STREAM(broken_pipe_of_a_caller_that_ignores_it, "trap '' PIPE; " BROKEN(1), "report $RUN", 70, "Broken pipe")
STREAM(report_to_a_full_disk, "exec >/dev/full;", "report $RUN", 70, "No space left")
STREAM(json_to_a_full_disk, "exec >/dev/full;", "report $RUN --format json", 70, "No space left")
STREAM(events_to_a_full_disk, "exec >/dev/full;", "events $RUN", 70, "standard output")
STREAM(sql_to_a_full_disk, "exec >/dev/full;", "sql $RUN 'select * from process'", 70, "No space left")
STREAM(help_to_a_full_disk, "exec >/dev/full;", "--help", 70, "No space left")
STREAM(verdict_to_a_full_disk, "exec 2>/dev/full;", "check $RUN --fail-on deadlock", 70, "")
STREAM(report_to_a_closed_stdout, "exec >&-;", "report $RUN", 70, "standard output")

/* If nothing can be written, a line about that goes to standard error before the program starts.  It must not go to a
 * descriptor of ringtail that got the number 2.  closed: a bit for each. */
static void expect_own_streams(unsigned closed)
{
	struct rt rt = rt_new();
	char script[4 * RT_PATH], expected[8] = "", path[RT_PATH + 16], open[8] = "";
	const char *argv[] = {"sh", "-c", script, NULL};

	for (unsigned fd = 0; fd < 3; fd++)
		if (!(closed & 1u << fd))
			snprintf(expected + strlen(expected), 2, "%u", fd);
	snprintf(
	    script, sizeof script,
	    "cd /proc; export TMPDIR=%s; exec %s %s %s; exec %s run -- "
	    "sh -c 'for fd in 0 1 2; do [ -e /proc/$$/fd/$fd ] && open=$open$fd; done; echo $open > %s/open; exit 3'",
	    rt.work, closed & 1 ? "0<&-" : "", closed & 2 ? "1>&-" : "", closed & 4 ? "2>&-" : "", rt_built("ringtail"),
	    rt.work);
	struct outcome outcome = spawn((struct command){.argv = argv, .directory = rt.work});
	cr_expect_eq(outcome.status, 3, "%x: status %d: %s", closed, outcome.status, outcome.err);
	snprintf(path, sizeof path, "%s/open", rt.work);
	FILE *file = fopen(path, "r");
	cr_assert(file && fscanf(file, "%7s", open) >= -1, "%x: the program did not run: %s", closed, outcome.err);
	fclose(file);
	cr_expect_str_eq(open, expected, "%x: descriptors %s, not %s", closed, open, expected);
	outcome_free(&outcome);
	const char *made[] = {"find", rt.work, "-name", "ringtail.db", NULL};
	outcome = spawn((struct command){.argv = made, .directory = rt.work});
	cr_expect(strstr(outcome.out, "/ringtail.sh."), "%x: nothing was recorded there", closed);
	outcome_free(&outcome);
	rt_end(&rt);
}

Test(run_status, closed_streams_in_a_directory_that_cannot_be_written_to)
{
	for (unsigned closed = 0; closed < 8; closed++)
		expect_own_streams(closed);
}

static void expect_static(const char *options, int status, bool is_run)
{
	struct rt rt = rt_new();

	rt_program_with(&rt, MODE_RUN, options, "static_binary");
	cr_expect_eq(rt.program.status, status, "status %d: %s", rt.program.status, rt.program.err);
	cr_expect(strstr(rt.program.err, "static"), "not said that it is static: %s", rt.program.err);
	cr_expect_eq(strstr(rt.program.out, "static") != NULL, is_run);
	rt_end(&rt);
}

/* Signals that another process sends to the tool, which a shell without a terminal has started in the background, with
 * interrupts ignored. */
static void expect_passed_on(const char *signal, int status)
{
	struct rt rt = rt_new();
	char script[2 * RT_PATH];
	const char *argv[] = {"sh", "-c", script, NULL};

	snprintf(script, sizeof script,
	         "%s run -o %s -- /usr/bin/python3 -c 'import os, signal\n"
	         "signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIG%s])\nopen(\"ready\", \"w\")\n"
	         "signal.sigwait([signal.SIG%s])\nos._exit(%d)' & pid=$!\n"
	         "while [ ! -e ready ]; do sleep 0.05; done; kill -%s $pid; wait $pid",
	         rt_built("ringtail"), rt.run, signal, signal, status, signal);
	rt.program = spawn((struct command){.argv = argv, .directory = rt.work, .timeout = 40});
	cr_expect_eq(rt.program.status, status, "%s: status %d: %s", signal, rt.program.status, rt.program.err);
	rt_end(&rt);
}

Test(run_status, an_interrupt_that_a_process_sends_is_passed_on) { expect_passed_on("INT", 21); }
Test(run_status, a_quit_that_a_process_sends_is_passed_on) { expect_passed_on("QUIT", 22); }
Test(run_status, a_termination_is_passed_on) { expect_passed_on("TERM", 23); }

Test(run_status, static_binary_is_run_and_said) { expect_static("", 11, true); }
Test(run_status, static_binary_must_be_watched) { expect_static("--must-watch", 69, false); }

Test(run_status, run_directory_is_private_and_newest)
{
	struct rt rt = rt_new();
	struct outcome outcome = rt_tool(&rt, "run -- true");
	struct outcome list, report;
	const char *argv[] = {"sh", "-c", "stat -c '%a %n' ringtail.true.*", NULL};

	cr_expect_eq(outcome.status, 0, "%s", outcome.err);
	list = spawn((struct command){.argv = argv, .directory = rt.work});
	cr_expect_eq(strncmp(list.out, "700 ringtail.true.", 18), 0, "%s%s", list.out, list.err);
	report = rt_tool(&rt, "report");
	cr_expect_eq(report.status, 0, "%s", report.err);
	cr_expect(strstr(report.err, "ringtail.true."), "report does not say which run: %s", report.err);
	outcome_free(&outcome);
	outcome_free(&list);
	outcome_free(&report);
	rt_end(&rt);
}

Test(run_status, sql_reads_only)
{
	struct rt rt = rt_new();
	struct outcome outcome;

	rt_program(&rt, MODE_RUN, "known_heap");
	outcome = rt_tool(&rt, "sql RUN 'select 6 * 7'");
	cr_expect_eq(outcome.status, 0, "%s", outcome.err);
	cr_expect(strstr(outcome.out, "42"), "%s", outcome.out);
	outcome_free(&outcome);
	outcome = rt_tool(&rt, "sql RUN 'create table x(y)'");
	cr_expect_neq(outcome.status, 0, "sql may write");
	outcome_free(&outcome);
	rt_end(&rt);
}

/* ---- a run of which nothing was recorded --------------------------------------------------------- */

/* In a directory with an older run of another program. */
static void expect_note(const char *line, const char *why)
{
	struct rt rt = rt_new();

	tool(&rt, "run --quiet true");
	tool(&rt, line);
	for (int given = 0; given < 2; given++) {
		struct outcome report = rt_tool(&rt, given ? "sql 'select 1'" : "report");
		cr_expect_eq(report.status, 65, "%s: status %d: %s", line, report.status, report.err);
		cr_expect_str_empty(report.out, "another program's run is shown: %s", report.out);
		cr_expect(strstr(report.err, "ringtail: nothing was recorded in the newest run here, ringtail."), "%s",
		          report.err);
		cr_expect(strstr(report.err, why), "%s: stderr lacks \"%s\": %s", line, why, report.err);
		cr_expect(strstr(report.err, "; the newest that was recorded is ringtail.true."), "%s", report.err);
		outcome_free(&report);
	}
	tool(&rt, "run --quiet -- sh -c :");
	struct outcome after = rt_tool(&rt, "report");
	cr_expect_eq(after.status, 0, "%s", after.err);
	cr_expect(strstr(after.err, "ringtail: reading ringtail.sh."), "%s", after.err);
	outcome_free(&after);
	rt_program(&rt, MODE_BARE, "sh -c 'ls -d ringtail.*'");
	cr_expect_eq(count_lines(rt.program.out), 2, "the note was left behind: %s", rt.program.out);
	rt_end(&rt);
}

#define NOTE(name, line, why)                                                                                          \
	Test(run_status, note_on_##name)                                                                               \
	{                                                                                                              \
		char words[4 * RT_PATH];                                                                               \
                                                                                                                       \
		snprintf(words, sizeof words, line, rt_built("programs"));                                             \
		expect_note(words, why);                                                                               \
	}

NOTE(a_static_program, "run -- %s/static_binary", "is statically linked")
NOTE(a_static_program_that_is_checked, "run --fail-on=default -- %s/static_binary", "is statically linked")
NOTE(a_program_that_must_be_watched, "run --must-watch -- %s/static_binary", "is statically linked")
NOTE(another_libc, "run -- %s/musl_binary", "is linked with musl")
NOTE(a_refused_allocator, "run --must-watch -- %s/own_malloc", "its malloc does not come to ringtail")
NOTE(a_missing_program, "run -- %s/none", "none: no such file")
NOTE(a_missing_command, "run -- no-such-command %s", "no-such-command: command not found")
NOTE(what_cannot_be_executed, "run -- %s", "Permission denied")

Test(run_status, a_named_run_may_be_recorded_after_a_note)
{
	struct rt rt = rt_new();

	tool(&rt, "run -o RUN -- /no/such/command");
	struct outcome report = rt_tool(&rt, "report RUN");
	cr_expect_eq(report.status, 65, "%s", report.err);
	cr_expect(strstr(report.err, "/no/such/command: no such file"), "%s", report.err);
	outcome_free(&report);
	tool(&rt, "run --quiet -o RUN -- true");
	report = rt_tool(&rt, "report RUN");
	cr_expect_eq(report.status, 0, "%s", report.err);
	outcome_free(&report);
	rt_end(&rt);
}

/* ---- the name of a directory that the library makes ----------------------------------------------- */

static void expect_name(const char *command, const char *name)
{
	struct rt rt = rt_new();
	char line[8 * RT_PATH], expected[64];

	snprintf(line, sizeof line,
	         "bash -c 'ln -s %s other-name; printf \"#!%s\" >script; chmod +x script; "
	         "(export LD_PRELOAD=%s; exec %s >/dev/null 2>&1); echo ringtail.*'",
	         rt_built("programs/known_heap"), rt_built("programs/known_heap"), rt_built("libringtail.so"), command);
	rt_program(&rt, MODE_BARE, line);
	snprintf(expected, sizeof expected, "ringtail.%s.", name);
	cr_expect(strstr(rt.program.out, expected) == rt.program.out, "%s: %s, not %s", command, rt.program.out,
	          expected);
	rt_end(&rt);
}

Test(run_status, preloaded_names_by_the_command) { expect_name("./other-name", "other-name"); }
Test(run_status, preloaded_names_a_script_by_its_interpreter) { expect_name("./script", "known_heap"); }
Test(run_status, preloaded_ignores_a_feigned_name) { expect_name("-a feigned ./other-name", "other-name"); }
