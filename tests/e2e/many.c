/* Reports on many processes: what matters first, findings that several workers share once, and the selection of some.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/harness/rt.h"

TEST_SUITE(many);

static void expect_in(const char *text, const char *wanted)
{
	cr_expect_not_null(strstr(text, wanted), "no \"%s\" in:\n%s", wanted, text);
}

static void expect_not_in(const char *text, const char *unwanted)
{
	cr_expect_null(strstr(text, unwanted), "\"%s\" in:\n%s", unwanted, text);
}

static unsigned count_of(const char *text, const char *part)
{
	unsigned count = 0;

	for (; (text = strstr(text, part)); text += strlen(part))
		count++;
	return count;
}

static struct outcome tool(struct rt *rt, const char *words)
{
	struct outcome outcome = rt_tool(rt, words);

	cr_expect_eq(outcome.status, 0, "%s: %s", words, outcome.err);
	return outcome;
}

static struct rt recorded(void)
{
	struct rt rt = rt_new();

	rt_program(&rt, MODE_RUN, "leaking_workers");
	cr_assert_eq(rt.program.status, 0, "%s", rt.program.err);
	return rt;
}

/* Both leaks are of 4,000 bytes in all, so their order is not tested. */
Test(many, what_workers_share_is_one_finding)
{
	struct rt rt = recorded();

	expect_in(rt.program.err, "2 leak:definite, 7.8 KiB in 5 blocks, in 4 processes\n");
	struct outcome report = tool(&rt, "report RUN");
	expect_in(report.out, "FINDINGS: 2, in 4 of 6 processes");
	expect_in(report.out, "in 4 of 6 processes of leaking_workers: pid ");
	expect_in(report.out, "in 1 of 6 processes of leaking_workers: pid ");
	expect_not_in(report.out, ", ...");
	cr_expect_eq(count_of(report.out, ". leak:definite"), 2);
	cr_expect_lt(strstr(report.out, "FINDINGS"), strstr(report.out, "\nprocesses\n"));
	outcome_free(&report);
	rt_end(&rt);
}

/* The amount of the heading is the sum; that of the message is one process's, and says so before.  Which of the workers
 * began first differs from run to run. */
Test(many, amounts_of_workers_that_leak_unequally)
{
	struct rt rt = rt_new();

	rt_program(&rt, MODE_RUN, "leaking_workers unequal");
	struct outcome report = tool(&rt, "report RUN");
	expect_in(report.out, "leak:definite  9.8 KiB in 10 blocks");
	expect_in(report.out, "; the first:\n   ");
	expect_not_in(report.out, "\n   10000 bytes in 10 blocks");
	outcome_free(&report);
	rt_end(&rt);
}

Test(many, the_last_line_names_the_process_that_shows_most)
{
	struct rt rt = recorded();
	struct outcome report = tool(&rt, "report RUN"), pid;

	pid = tool(&rt, "sql --format csv RUN 'select pid from process where id = (select process from finding where"
	                " class = \"definite\" group by process order by count(*) desc limit 1)'");
	char line[64];
	snprintf(line, sizeof line, " --pid %d tells all of one process", atoi(strchr(pid.out, '\n') + 1));
	expect_in(report.out, line);
	outcome_free(&report);
	outcome_free(&pid);
	rt_end(&rt);
}

/* The words of a command with the pid of the only process that has two leaks. */
static const char *with_pid(struct rt *rt, const char *format)
{
	static char words[256];
	struct outcome pid =
	    tool(rt, "sql --format csv RUN 'select pid from process where id = (select process from finding where"
	             " class = \"definite\" group by process order by count(*) desc limit 1)'");

	snprintf(words, sizeof words, format, atoi(strchr(pid.out, '\n') + 1));
	outcome_free(&pid);
	return words;
}

Test(many, commands_show_the_selected_process_alone)
{
	struct rt rt = recorded();
	struct outcome report = tool(&rt, with_pid(&rt, "report RUN --pid %d"));

	expect_in(report.out, "FINDINGS: 2");
	expect_in(report.out, "\nHEAP\n");
	expect_not_in(report.out, "processes of");
	outcome_free(&report);
	struct outcome count = tool(&rt, with_pid(&rt, "sql --pid %d --format csv RUN 'select count(*) from process'"));
	cr_expect_str_eq(strchr(count.out, '\n') + 1, "1\r\n");
	outcome_free(&count);
	struct outcome events = tool(&rt, with_pid(&rt, "events RUN --pid %d")), all = tool(&rt, "events RUN");
	cr_expect_gt(events.out_bytes, 0);
	cr_expect_lt(events.out_bytes, all.out_bytes);
	outcome_free(&events);
	outcome_free(&all);
	struct outcome lines = rt_tool(&rt, with_pid(&rt, "check RUN --pid %d"));
	cr_expect_eq(lines.status, 66);
	cr_expect_eq(count_of(lines.out, "leak:definite"), 2, "%s", lines.out);
	outcome_free(&lines);
	rt_end(&rt);
}

Test(many, a_number_of_the_database_selects_an_image)
{
	struct rt rt = recorded();
	struct outcome first = tool(&rt, "sql --process 1 --format csv RUN 'select id from process'"),
	               events = tool(&rt, "events RUN --process 1"), all = tool(&rt, "events RUN"),
	               profile = tool(&rt, "export RUN --format folded --process 1");

	cr_expect_str_eq(first.out, "id\r\n1\r\n");
	cr_expect_gt(events.out_bytes, 0);
	cr_expect_lt(events.out_bytes, all.out_bytes);
	outcome_free(&first);
	outcome_free(&events);
	outcome_free(&all);
	outcome_free(&profile);
	rt_end(&rt);
}

Test(many, a_program_is_selected_by_name_or_path)
{
	struct rt rt = rt_new();
	char words[2 * RT_PATH];

	rt_program(&rt, MODE_RUN, "sh -c 'env true; exit 0'");
	struct outcome name = tool(&rt, "sql --exe env --format csv RUN 'select count(*) from process'");
	cr_expect_str_eq(strchr(name.out, '\n') + 1, "1\r\n");
	outcome_free(&name);
	struct outcome path = tool(&rt, "sql --exe env --format csv RUN 'select exe from process'");
	snprintf(words, sizeof words, "sql --exe %.*s --format csv RUN 'select count(*) from process'",
	         (int)strcspn(strchr(path.out, '\n') + 1, "\r\n"), strchr(path.out, '\n') + 1);
	outcome_free(&path);
	path = tool(&rt, words);
	cr_expect_str_eq(strchr(path.out, '\n') + 1, "1\r\n");
	outcome_free(&path);
	rt_end(&rt);
}

Test(many, a_selection_of_nothing_says_so)
{
	static const char *const words[] = {"report RUN --pid 1",         "leaks RUN --exe nosuch",
	                                    "heap RUN --process 99999",   "threads RUN --pid 1",
	                                    "events RUN --process 99999", "sql RUN --exe nosuch 'select 1'"};
	struct rt rt = recorded();

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		struct outcome outcome = rt_tool(&rt, words[i]);
		cr_expect_eq(outcome.status, 64, "%s: %d", words[i], outcome.status);
		expect_in(outcome.err, "holds no process");
		outcome_free(&outcome);
	}
	rt_end(&rt);
}

/* Twenty images and more of which nothing is reported share lines; --limit 0 shows them all. */
Test(many, processes_that_did_nothing_share_a_line)
{
	struct rt rt = rt_new();

	rt_program(&rt, MODE_RUN,
	           "sh -c 'for i in 1 2 3 4 5 6 7 8; do sh -c \"env true; env true; exit 0\"; done; leak=1'");
	struct outcome folded = tool(&rt, "report RUN"), all = tool(&rt, "report RUN --limit 0");
	expect_in(folded.out, "that it started");
	expect_not_in(all.out, "that it started");
	cr_expect_lt(count_of(folded.out, "\n"), count_of(all.out, "\n"));
	outcome_free(&folded);
	outcome_free(&all);
	rt_end(&rt);
}
