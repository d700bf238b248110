/* What goes to a terminal and what goes to a pipe: the pager, widths, and what ringtail says without a command.
 * script(1) of util-linux makes the terminals. */
#include <criterion/criterion.h>
#include <stdio.h>

#include <string.h>

#include "tests/harness/rt.h"

TEST_SUITE(terminal);

/* Runs a line of shell in which $R is the tool and $RUN the run. */
static struct outcome shell(struct rt *rt, const char *line)
{
	char tool[RT_PATH + 8], run[RT_PATH + 8];
	snprintf(tool, sizeof tool, "R=%s", rt_built("ringtail"));
	snprintf(run, sizeof run, "RUN=%s", rt->run);
	const char *argv[] = {"sh", "-c", line, NULL}, *env[] = {tool, run, "TERM=xterm", NULL};

	return spawn((struct command){.argv = argv, .env = env, .directory = rt->work});
}

static struct rt recorded(void)
{
	struct rt rt = rt_new();

	rt_program(&rt, MODE_RUN, "leak_simple");
	return rt;
}

static void expect_paged(struct rt *rt, const char *line, bool paged)
{
	struct outcome outcome = shell(rt, line);

	cr_expect_eq(outcome.status, 0, "%s: %s", line, outcome.err);
	cr_expect(strstr(outcome.out, "leak"), "%s: %s", line, outcome.out);
	cr_expect_eq(strstr(outcome.out, "PAGED:") != NULL, paged, "%s: %s", line, outcome.out);
	outcome_free(&outcome);
}

#define ON_TERMINAL(command) "script -qec '" command "' /dev/null < /dev/null"

Test(terminal, reports_go_through_the_pager)
{
	struct rt rt = recorded();

	expect_paged(&rt, "RINGTAIL_PAGER='sed s/^/PAGED:/' " ON_TERMINAL("$R report $RUN"), true);
	expect_paged(&rt, "PAGER='sed s/^/PAGED:/' " ON_TERMINAL("$R leaks $RUN"), true);
	expect_paged(&rt, "RINGTAIL_PAGER='sed s/^/PAGED:/' PAGER=false " ON_TERMINAL("$R leaks $RUN"), true);
	expect_paged(&rt, "PAGER='sed s/^/PAGED:/' " ON_TERMINAL("$R sql $RUN \"select kind from finding\""), true);
	rt_end(&rt);
}

Test(terminal, some_output_goes_through_none)
{
	struct rt rt = recorded();

	expect_paged(&rt, "PAGER='sed s/^/PAGED:/' $R report $RUN", false);
	expect_paged(&rt, "PAGER='sed s/^/PAGED:/' " ON_TERMINAL("$R report $RUN --no-pager"), false);
	expect_paged(&rt, "PAGER='sed s/^/PAGED:/' " ON_TERMINAL("$R --no-pager report $RUN"), false);
	expect_paged(&rt, "PAGER='sed s/^/PAGED:/' " ON_TERMINAL("$R report $RUN --format json"), false);
	expect_paged(&rt, "PAGER='sed s/^/PAGED:/' RINGTAIL_PAGER= " ON_TERMINAL("$R report $RUN"), false);
	expect_paged(&rt, "PAGER='sed s/^/PAGED:/' RINGTAIL_PAGER=cat " ON_TERMINAL("$R report $RUN"), false);
	expect_paged(&rt, "PAGER='sed s/^/PAGED:/' TERM=dumb " ON_TERMINAL("$R report $RUN"), false);
	expect_paged(&rt, "PAGER=no-such-pager " ON_TERMINAL("$R report $RUN"), false);
	rt_end(&rt);
}

/* A pager that ends before it has read all is how users leave a long report. */
Test(terminal, a_pager_that_is_left_early_is_no_error)
{
	struct rt rt = recorded();
	struct outcome outcome =
	    shell(&rt, "PAGER='head -n 1' " ON_TERMINAL("$R report $RUN --full-stacks; echo ended") " | tail -n 1");

	cr_expect(strstr(outcome.out, "ended"), "%s", outcome.out);
	cr_expect_null(strstr(outcome.out, "cannot write"), "%s", outcome.out);
	outcome_free(&outcome);
	rt_end(&rt);
}

Test(terminal, less_shows_colours_and_ends_by_itself)
{
	struct rt rt = recorded();

	expect_paged(
	    &rt, "unset LESS; PAGER='echo PAGED:$LESS; cat' " ON_TERMINAL("$R report $RUN") " | grep -e FRX -e leak",
	    true);
	struct outcome outcome = shell(&rt, "PAGER=cat\\ - " ON_TERMINAL("$R report $RUN"));
	cr_expect(strstr(outcome.out, "\033["), "%s", outcome.out);
	outcome_free(&outcome);
	rt_end(&rt);
}

static size_t longest_line(const char *text)
{
	size_t longest = 0;

	for (; *text; text += strcspn(text, "\n"), text += *text == '\n')
		if (strcspn(text, "\n") > longest)
			longest = strcspn(text, "\n");
	return longest;
}

Test(terminal, a_pipe_is_as_wide_as_its_names_or_as_columns_says)
{
	struct rt rt = rt_new();

	rt_program(&rt, MODE_RUN, "new_leaks");
	struct outcome whole = shell(&rt, "unset COLUMNS; $R heap $RUN"),
	               narrow = shell(&rt, "COLUMNS=80 $R heap $RUN");
	struct outcome wide = shell(&rt, "COLUMNS=5000 $R heap $RUN");
	cr_expect_str_eq(whole.out, wide.out);
	cr_expect_leq(longest_line(narrow.out), longest_line(whole.out));
	cr_expect_null(strstr(whole.out, "...::"), "a name was cut: %s", whole.out);
	outcome_free(&whole);
	outcome_free(&narrow);
	outcome_free(&wide);
	rt_end(&rt);
}

Test(terminal, ringtail_alone_says_what_to_do_next)
{
	struct rt rt = rt_new();
	struct outcome before = shell(&rt, "$R");

	cr_expect_eq(before.status, 64);
	cr_expect(strstr(before.err, "ringtail run CMD"), "%s", before.err);
	outcome_free(&before);
	struct outcome run = shell(&rt, "$R run true 2> /dev/null; $R");
	cr_expect(strstr(run.err, "the newest run here, ringtail.true."), "%s", run.err);
	outcome_free(&run);
	rt_end(&rt);
}

Test(terminal, version_is_a_command)
{
	struct rt rt = rt_new();
	struct outcome command = rt_tool(&rt, "version"), option = rt_tool(&rt, "--version");

	cr_expect_eq(command.status, 0);
	cr_expect_str_eq(command.out, option.out);
	cr_expect_eq(strncmp(command.out, "ringtail ", 9), 0);
	outcome_free(&command);
	outcome_free(&option);
	rt_end(&rt);
}
