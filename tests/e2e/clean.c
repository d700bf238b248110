/* Correct programs stay clean: clean.def. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/harness/rt.h"

TEST_SUITE(clean);

/* The first row of the answer, without the line of names; malloced. */
static char *ask(struct rt *rt, const char *sql)
{
	char words[1024], *row;
	struct outcome outcome;

	snprintf(words, sizeof words, "sql --format csv RUN '%s'", sql);
	outcome = rt_tool(rt, words);
	cr_assert_eq(outcome.status, 0, "%s", outcome.err);
	row = strchr(outcome.out, '\n');
	row = strdup(row ? row + 1 : "");
	row[strcspn(row, "\r\n")] = '\0';
	outcome_free(&outcome);
	return row;
}

static void expect_no_accusation(struct rt *rt)
{
	char *first =
	    ask(rt, "select p.exe, f.kind, f.class, f.message from finding f join process p on p.id = f.process"
	            " where not f.information and (f.kind = \"deadlock\" and f.class <> \"inversion\""
	            " or f.kind = \"misuse\" and f.class <> \"api-error-ignored\")");

	cr_expect_str_empty(first, "%s", first);
	free(first);
}

static void expect_watched(struct rt *rt, const char *exe, long threads)
{
	char sql[512], *found;

	snprintf(sql, sizeof sql,
	         "select max(n) from (select count(*) as n from thread join process p on p.id = process"
	         " where p.exe like \"%%/%s%%\" and p.events_lost = 0 group by process)",
	         exe);
	found = ask(rt, sql);
	cr_expect_geq(atol(found), threads, "%s threads of %s were watched", found, exe);
	free(found);
}

static void expect_clean(const char *exe, long threads, const char *line)
{
	struct rt rt = rt_new();

	rt_program_with(&rt, MODE_RUN, "--on-deadlock=kill", line);
	cr_expect_eq(rt.program.status, 0, "status %d: %s", rt.program.status, rt.program.err);
	cr_expect(!strstr(rt.program.err, "deadlock in"), "%s", rt.program.err);
	expect_no_accusation(&rt);
	expect_watched(&rt, exe, threads);
	rt_end(&rt);
}

#define CLEAN(name, exe, threads, line)                                                                                \
	Test(clean, name, .timeout = 120) { expect_clean(exe, threads, line); }
#include "tests/e2e/tables/clean.def"
