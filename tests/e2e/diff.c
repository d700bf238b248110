/* `ringtail diff`: two scans of a program that grows, and two runs. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/harness/server.h"

TEST_SUITE(diff);

static json_t *diff_json(struct rt *rt, const char *words)
{
	char line[2 * RT_PATH];
	json_error_t error;

	snprintf(line, sizeof line, "diff --format json %s", words);
	struct outcome outcome = rt_tool(rt, line);
	cr_assert_eq(outcome.status, 0, "status %d: %s", outcome.status, outcome.err);
	json_t *json = json_loadb(outcome.out, outcome.out_bytes, 0, &error);
	cr_assert(json, "no JSON: %s", error.text);
	outcome_free(&outcome);
	return json;
}

static const char *innermost(const json_t *site)
{
	return json_text(json_array_get(json_object_get(site, "stack"), 0), "function");
}

/* Two scans, and between them work at many places, one of which grows. */
static void expect_growth(enum mode mode)
{
	struct server server = serve(mode, "");
	struct outcome outcome;
	json_t *json;

	server_do(&server, "xxxx");
	outcome = server_look(&server, "");
	cr_assert_eq(outcome.status, 0, "%s", outcome.err);
	outcome_free(&outcome);
	server_do(&server, "xxxxxxx");
	outcome = server_look(&server, "");
	cr_assert_eq(outcome.status, 0, "%s", outcome.err);
	outcome_free(&outcome);
	json = diff_json(&server.rt, "../run/now-1.db ../run/now-2.db");
	cr_assert_eq(json_array_size(json_object_get(json, "sites")), 1);
	const json_t *site = json_array_get(json_object_get(json, "sites"), 0);
	cr_expect_str_eq(json_text(site, "change"), "grown");
	cr_expect_str_eq(innermost(site), "remember");
	cr_expect_eq(json_number(site, "blocks"), 7);
	cr_expect_eq(json_number(site, "old.bytes"), 400);
	cr_expect_eq(json_number(site, "new.bytes"), 1100);
	cr_expect_eq(json_number(json, "totals.bytes"), 700);
	json_decref(json);
	server_end(&server);
}

Test(diff, growth_run) { expect_growth(MODE_RUN); }
Test(diff, growth_preload) { expect_growth(MODE_PRELOAD); }

/* Compares two runs: findings that only one of them has are new or fixed. */
Test(diff, findings_of_two_runs)
{
	struct rt before = rt_new(), after = rt_new();
	char words[2 * RT_PATH];
	size_t i, fresh = 0, fixed = 0;
	const json_t *item;

	rt_program(&before, MODE_RUN, "leak_simple");
	rt_program(&after, MODE_PRELOAD, "leak_list");
	snprintf(words, sizeof words, "%s RUN", before.run);
	json_t *json = diff_json(&after, words);
	json_array_foreach(json_object_get(json, "findings"), i, item)
	{
		const char *function = json_text(json_array_get(json_at(item, "finding.stacks"), 0), "label");

		cr_expect_str_eq(function, "allocated here");
		fresh += !strcmp(json_text(item, "change"), "new");
		fixed += !strcmp(json_text(item, "change"), "fixed");
	}
	cr_expect_gt(fresh, 0);
	cr_expect_gt(fixed, 0);
	json_decref(json);
	rt_end(&before);
	rt_end(&after);
}

/* The same program twice, once from its database alone: everything is still there. */
Test(diff, the_same_twice)
{
	struct rt before = rt_new(), after = rt_new();
	char words[2 * RT_PATH];
	size_t i;
	const json_t *item;

	rt_program(&before, MODE_RUN, "leak_list");
	rt_program(&after, MODE_RUN, "leak_list");
	snprintf(words, sizeof words, "%s/ringtail.db RUN", before.run);
	json_t *json = diff_json(&after, words);
	cr_expect_eq(json_array_size(json_object_get(json, "sites")), 0);
	cr_expect_gt(json_array_size(json_object_get(json, "findings")), 0);
	json_array_foreach(json_object_get(json, "findings"), i, item)
	    cr_expect_str_eq(json_text(item, "change"), "still");
	json_decref(json);
	rt_end(&before);
	rt_end(&after);
}

/* Sites of one place that changed alike are one row.  The JSON has each. */
Test(diff, sites_of_one_place_are_one_row)
{
	static const char *const lines[] = {" new    shared_place (wrapped_places.c:74)  2 stacks\n",
	                                    " in the stack that grew most (--format json has all):\n",
	                                    " new    xmalloc < known (wrapped_places.c:71)\n"};
	struct rt before = rt_new(), after = rt_new();
	char words[2 * RT_PATH];

	rt_program(&before, MODE_RUN, "leak_simple");
	rt_program(&after, MODE_RUN, "wrapped_places");
	snprintf(words, sizeof words, "diff %s RUN --by allocated --limit 0", before.run);
	struct outcome outcome = rt_tool(&after, words);
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
		cr_expect(strstr(outcome.out, lines[i]), "no \"%s\" in:\n%s", lines[i], outcome.out);
	outcome_free(&outcome);
	rt_end(&before);
	rt_end(&after);
}

/* A finding that has not changed has one line, and one more with its place, where a thread would wait. */
Test(diff, a_deadlock_that_is_still_there_has_a_place)
{
	struct rt rt = rt_new();
	struct outcome outcome;

	rt_program(&rt, MODE_RUN, "abba_no_hang");
	outcome = rt_tool(&rt, "diff RUN RUN");
	const char *line = strstr(outcome.out, "  deadlock:predicted  [");
	cr_assert(line, "%s", outcome.out);
	cr_expect(strstr(line, "]\n      forward (abba_no_hang.c:") ||
	              strstr(line, "]\n      backward (abba_no_hang.c:"),
	          "%s", line);
	outcome_free(&outcome);
	rt_end(&rt);
}

static void expect_refusal(struct rt *rt, const char *words, int status, const char *text)
{
	struct outcome outcome = rt_tool(rt, words);

	cr_expect_eq(outcome.status, status, "%s: status %d: %s", words, outcome.status, outcome.err);
	cr_expect(strstr(outcome.err, text), "%s: not \"%s\": %s", words, text, outcome.err);
	cr_expect_eq(outcome.out_bytes, 0, "%s: %s", words, outcome.out);
	outcome_free(&outcome);
}

Test(diff, wrong_use)
{
	struct rt rt = rt_new();

	rt_program(&rt, MODE_RUN, "leak_simple");
	expect_refusal(&rt, "diff", 64, "diff takes OLD and NEW");
	expect_refusal(&rt, "diff RUN", 64, "diff takes OLD and NEW");
	expect_refusal(&rt, "diff RUN RUN RUN", 64, "diff takes OLD and NEW");
	expect_refusal(&rt, "diff RUN nowhere", 65, "no run nowhere");
	expect_refusal(&rt, "diff RUN data/script.sql", 65, "neither the directory of a run nor a database");
	expect_refusal(&rt, "diff RUN RUN --by weight", 64, "--by takes live, peak or allocated");
	expect_refusal(&rt, "diff RUN RUN --only nonsense", 64, "no such kind");
	expect_refusal(&rt, "diff RUN RUN --now", 64, "has no option --now");
	expect_refusal(&rt, "heap RUN --by peak", 64, "has no option --by");
	rt_end(&rt);
}
