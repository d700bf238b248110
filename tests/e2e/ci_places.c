/* What formats for CI say of places: both of a deadlock, each finding once, and rules that suppress no more than they
 * must. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/harness/rt.h"

TEST_SUITE(ci_places);

static json_t *sarif_run(struct rt *rt)
{
	struct outcome outcome = rt_tool(rt, "report RUN --format sarif");
	json_t *log = json_loads(outcome.out, 0, NULL);

	cr_assert(log, "%s", outcome.err);
	outcome_free(&outcome);
	return log;
}

static json_t *results_of(json_t *log)
{
	return json_object_get(json_array_get(json_object_get(log, "runs"), 0), "results");
}

Test(ci_places, what_workers_share_is_one_result)
{
	struct rt rt = rt_new();

	rt_program(&rt, MODE_RUN, "leaking_workers");
	json_t *log = sarif_run(&rt), *results = results_of(log);
	long long most = 0;

	cr_assert_eq(json_array_size(results), 2);
	cr_expect_str_neq(json_text(json_array_get(results, 0), "partialFingerprints.ringtailFindingId/v1"),
	                  json_text(json_array_get(results, 1), "partialFingerprints.ringtailFindingId/v1"));
	for (size_t i = 0; i < 2; i++)
		if (json_number(json_array_get(results, i), "occurrenceCount") > most)
			most = json_number(json_array_get(results, i), "occurrenceCount");
	cr_expect_eq(most, 4);
	json_decref(log);
	rt_end(&rt);
}

Test(ci_places, a_deadlock_has_all_its_places)
{
	struct rt rt = rt_new();

	rt_program(&rt, MODE_RUN, "abba_no_hang");
	json_t *log = sarif_run(&rt), *first = json_array_get(results_of(log), 0);
	cr_assert_str_eq(json_text(first, "ruleId"), "deadlock:predicted");
	cr_expect_eq(json_array_size(json_object_get(first, "relatedLocations")), 4);
	cr_expect(strstr(json_text(first, "message.text"), "abba_no_hang.c:"), "%s", json_text(first, "message.text"));
	json_decref(log);
	struct outcome github = rt_tool(&rt, "report RUN --only deadlock --format github");
	cr_expect_eq(strncmp(github.out, "::error file=", 13), 0, "%s", github.out);
	cr_expect(strstr(github.out, "\n::notice file="), "%s", github.out);
	cr_expect(strstr(github.out, "another place of this finding"), "%s", github.out);
	outcome_free(&github);
	rt_end(&rt);
}

/* Sources are named from the root of the repository, wherever in it the command runs. */
Test(ci_places, sources_are_relative_to_the_repository)
{
	struct rt rt = rt_new();

	rt_program(&rt, MODE_RUN, "leak_simple");
	json_t *log = sarif_run(&rt), *run = json_array_get(json_object_get(log, "runs"), 0);
	const char *root = json_text(run, "originalUriBaseIds.%SRCROOT%.uri");
	cr_expect(strstr(root, rt.work), "%s", root);
	json_decref(log);
	char git[2 * RT_PATH];
	snprintf(git, sizeof git, "%s/.git", rt.root);
	cr_assert_eq(mkdir(git, 0700), 0);
	log = sarif_run(&rt);
	run = json_array_get(json_object_get(log, "runs"), 0);
	root = json_text(run, "originalUriBaseIds.%SRCROOT%.uri");
	cr_expect_null(strstr(root, rt.work), "%s", root);
	cr_expect(strstr(root, rt.root), "%s", root);
	json_decref(log);
	rt_end(&rt);
}

static void expect_rules(struct rt *rt, const char *program, const char *wanted)
{
	char words[2 * RT_PATH + 64], path[2 * RT_PATH];

	rt_program(rt, MODE_RUN, program);
	struct outcome rules = rt_tool(rt, "report RUN --format suppressions");
	cr_expect(strstr(rules.out, wanted), "no \"%s\" in %s", wanted, rules.out);
	cr_expect_null(strstr(rules.out, "^main$"), "%s", rules.out);
	snprintf(path, sizeof path, "%s/proposed.supp", rt->root);
	FILE *file = fopen(path, "w");
	cr_assert(file);
	fputs(rules.out, file);
	fclose(file);
	outcome_free(&rules);
	snprintf(words, sizeof words, "check RUN --suppressions %s", path);
	struct outcome check = rt_tool(rt, words);
	cr_expect_eq(check.status, 0, "%s%s", check.out, check.err);
	outcome_free(&check);
}

Test(ci_places, rules_name_the_function_that_fewest_findings_have)
{
	struct rt rt = rt_new();

	expect_rules(&rt, "leaking_workers", "\nleak/definite:^lose_more$\n");
	rt_end(&rt);
}

Test(ci_places, a_rule_for_main_alone_names_its_file_and_program)
{
	struct rt rt = rt_new();

	expect_rules(&rt, "leak_in_main", "[leak_in_main]\nleak/definite:^leak_in_main.c$\n[*]\n");
	rt_end(&rt);
}
