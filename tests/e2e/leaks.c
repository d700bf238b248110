/* Blocks that are left: how many, how large, and where they came from. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "tests/harness/rt.h"

TEST_SUITE(leaks);

static const json_t *allocated_in(const json_t *process, const char *function)
{
	const json_t *finding, *stack;
	size_t i, k;

	json_array_foreach(json_object_get(process, "findings"), i, finding)
	{
		if (strcmp(json_text(finding, "kind"), "leak"))
			continue;
		stack = json_object_get(json_array_get(json_object_get(finding, "stacks"), 0), "frames");
		for (k = 0; k < json_array_size(stack); k++)
			if (!strcmp(json_text(json_array_get(stack, k), "function"), function))
				return finding;
	}
	return NULL;
}

static void expect_leak(enum mode mode, const char *program, const char *function, long long blocks, long long bytes)
{
	struct rt rt = rt_new();
	const json_t *leak;

	rt_program(&rt, mode, program);
	leak = allocated_in(rt_process(&rt, program), function);
	cr_assert(leak, "%s: nothing left that was allocated in %s()", program, function);
	cr_expect_eq(json_number(leak, "blocks"), blocks, "%s: %lld blocks", function, json_number(leak, "blocks"));
	cr_expect_eq(json_number(leak, "bytes"), bytes, "%s: %lld bytes", function, json_number(leak, "bytes"));
	rt_end(&rt);
}

/* LEAK(name, program, "allocated in", blocks, bytes) */
#define LEAK(name, ...)                                                                                                \
	Test(leaks, name##_run) { expect_leak(MODE_RUN, __VA_ARGS__); }                                                \
	Test(leaks, name##_preload) { expect_leak(MODE_PRELOAD, __VA_ARGS__); }

LEAK(simple, "leak_simple", "lose", 7, 448)
LEAK(receipts, "demo", "print_receipt", 10, 1280)

/* The list's first node is lost, and with it all other nodes and the texts, which two lines of push() allocate. */
static void expect_list(enum mode mode)
{
	struct rt rt = rt_new();
	const json_t *findings, *lost;
	char *summary;

	rt_program(&rt, mode, "leak_list");
	summary = findings_summary(rt_process(&rt, "leak_list"), true);
	cr_expect_str_eq(summary, "leak:definite=1 leak:indirect=199");
	findings = json_object_get(rt_process(&rt, "leak_list"), "findings");
	cr_expect_eq(json_array_size(findings), 3);
	lost = json_array_get(findings, 0);
	cr_expect_eq(json_number(lost, "bytes"), 24);
	cr_assert_eq(json_array_size(json_object_get(lost, "kept")), 2);
	cr_expect_eq(json_number(json_array_get(json_object_get(lost, "kept"), 0), "bytes"), 4000);
	cr_expect_eq(json_number(json_array_get(json_object_get(lost, "kept"), 1), "bytes"), 2376);
	free(summary);
	rt_end(&rt);
}

Test(leaks, list_run) { expect_list(MODE_RUN); }
Test(leaks, list_preload) { expect_list(MODE_PRELOAD); }

/* What is lost with a leak is a part of that finding, in every report, and a finding only where its class is named. */
static void expect_part(const char *line, int status, const char *says, const char *says_not)
{
	struct rt rt = rt_new();

	rt_program(&rt, MODE_RUN, "leak_list");
	struct outcome outcome = rt_tool(&rt, line);
	cr_expect_eq(outcome.status, status, "%s: %d: %s", line, outcome.status, outcome.err);
	cr_expect(strstr(outcome.out, says) || strstr(outcome.err, says), "%s: no \"%s\" in %s%s", line, says,
	          outcome.out, outcome.err);
	cr_expect_not(*says_not && strstr(outcome.out, says_not), "%s: %s in %s", line, says_not, outcome.out);
	outcome_free(&outcome);
	rt_end(&rt);
}

/* PART(name, "ringtail LINE", status, "in its output", "not in it") */
#define PART(name, ...)                                                                                                \
	Test(leaks, part_##name) { expect_part(__VA_ARGS__); }
#define OWNER "lost with blocks allocated here"

PART(in_a_report, "report RUN", 0, "24 B in 1 block, and 6.2 KiB in 199 blocks with it", OWNER)
PART(in_a_report_of_leaks, "leaks RUN", 0, "FINDINGS: 1\n", OWNER)
PART(in_a_report_of_one_kind, "report RUN --only leak", 0, "FINDINGS: 1\n", OWNER)
PART(in_a_report_of_the_class, "report RUN --only leak:indirect", 0, "FINDINGS: 2\n", "can no longer be reached")
PART(with_each_stack, "report RUN --full-stacks", 0, "3.9 KiB in 100 blocks, push (leak_list.c:20)\n", OWNER)
PART(in_json, "report RUN --format json", 0, "\"kept_blocks\": 199, \"kept_bytes\": 6376,", "")
PART(in_a_list_of_rules, "report RUN --format suppressions", 0, "leak/definite:", "leak/indirect")
PART(in_a_check, "check RUN", 66, "check failed: 1 finding\n", "leak:indirect")
PART(in_a_check_of_all_leaks, "check RUN --fail-on leak", 66, "check failed: 1 finding\n", "leak:indirect")
PART(in_a_check_of_the_class, "check RUN --fail-on leak:indirect", 66, "check failed: 2 findings\n", "leak:definite")
PART(in_sarif, "check RUN --format sarif", 66, "\"kept_bytes\": 6376", "leak:indirect")
PART(in_junit, "check RUN --format junit", 66, "<testcase classname=\"ringtail\" name=\"leak:indirect\" time=\"0\"/>",
     OWNER)
PART(in_github, "check RUN --format github", 66, "leak%3Adefinite in push", "leak%3Aindirect")
PART(in_sql, "sql RUN 'SELECT group_concat(lost_with) FROM finding'", 0, "1,1", "")
PART(in_the_view_of_sql, "sql RUN 'SELECT sum(kept_bytes) FROM v_findings'", 0, "6376", "")

/* The message says how the program holds the blocks; with the library alone the scan's file has it. */
static void expect_offset(enum mode mode)
{
	struct rt rt = rt_new();
	const json_t *leak;

	rt_program(&rt, mode, "leak_shapes headers");
	leak = allocated_in(rt_process(&rt, "leak_shapes"), "keep_at");
	cr_assert(leak);
	cr_expect_str_eq(json_text(leak, "class"), "reachable");
	cr_expect_str_eq(json_text(leak, "message"), "200 bytes in 5 blocks allocated here and never freed can still be"
	                                             " reached, by pointers 16 bytes behind their start");
	rt_end(&rt);
}

Test(leaks, offset_run) { expect_offset(MODE_RUN); }
Test(leaks, offset_preload) { expect_offset(MODE_PRELOAD); }

/* Pointers to starts that lead back to the leak are a cycle; with the library alone the scan's file has it. */
static void expect_cycle(enum mode mode, const char *line, bool expected)
{
	struct rt rt = rt_new();

	rt_program(&rt, mode, line);
	struct outcome outcome = rt_tool(&rt, "sql RUN 'SELECT message FROM finding'");
	cr_assert(strstr(outcome.out, "no longer be reached"), "%s: no leak: %s", line, outcome.out);
	cr_expect_eq(strstr(outcome.out, "part of a cycle of pointers") != NULL, expected, "%s: %s", line, outcome.out);
	outcome_free(&outcome);
	rt_end(&rt);
}

#define CYCLE(name, expected)                                                                                          \
	Test(leaks, cycle_##name##_run) { expect_cycle(MODE_RUN, "leak_shapes " #name, expected); }                    \
	Test(leaks, cycle_##name##_preload) { expect_cycle(MODE_PRELOAD, "leak_shapes " #name, expected); }
CYCLE(ring_lost, true)
CYCLE(ring_lost_with_a_tail, true)
CYCLE(rings_lost_that_are_joined, true)
CYCLE(ring_lost_behind_a_list, false)
CYCLE(self_lost, false)
CYCLE(tree_lost, false)

Test(leaks, ids_are_the_same_from_run_to_run)
{
	struct rt one = rt_new(), other = rt_new();

	rt_program(&one, MODE_RUN, "leak_simple");
	rt_program(&other, MODE_PRELOAD, "leak_simple");
	cr_expect_str_eq(json_text(allocated_in(rt_process(&one, "leak_simple"), "lose"), "id"),
	                 json_text(allocated_in(rt_process(&other, "leak_simple"), "lose"), "id"));
	rt_end(&one);
	rt_end(&other);
}

Test(leaks, ids_are_unique_in_a_report)
{
	struct rt rt = rt_new();
	const json_t *findings, *finding, *other;
	size_t i, k;

	rt_program(&rt, MODE_RUN, "leak_one_line");
	findings = json_object_get(rt_process(&rt, "leak_one_line"), "findings");
	cr_expect_geq(json_array_size(findings), 1);
	json_array_foreach(findings, i, finding) json_array_foreach(findings, k, other)
	    cr_expect(i == k || strcmp(json_text(finding, "id"), json_text(other, "id")),
	              "findings %zu and %zu have the same id %s", i, k, json_text(finding, "id"));
	rt_end(&rt);
}

/* The leaks and the unjoined thread of leaks_after_loss, with a ring of a megabyte. */
static void expect_certain(const char *line, const char *findings, bool lost)
{
	struct rt rt = rt_new();
	struct outcome check;
	json_t *process;
	char *summary;

	rt_program_with(&rt, MODE_PRELOAD, "max=1M", line);
	check = rt_tool(&rt, "check RUN --fail-on=default");
	process = rt_process(&rt, "leaks_after_loss");
	cr_expect_eq(json_number(process, "events.lost") > 0, lost);
	summary = findings_summary(process, true);
	cr_expect_str_eq(summary, findings);
	cr_expect_eq(check.status, 66, "status %d: %s", check.status, check.err);
	cr_expect(strstr(check.err, "check failed"), "%s", check.err);
	free(summary);
	outcome_free(&check);
	rt_end(&rt);
}

/* CERTAIN(name, "program LINE", "findings", events are lost).  The findings contain the tables of thread-local storage
 * that glibc keeps for threads: leak:reachable. */
#define CERTAIN(name, ...)                                                                                             \
	Test(leaks, name) { expect_certain(__VA_ARGS__); }

CERTAIN(certain_without_loss, "leaks_after_loss after 0", "leak:definite=10 leak:reachable=1 thread-leak:unjoined=1",
        false)
CERTAIN(certain_without_loss_around, "leaks_after_loss around 0",
        "leak:definite=20 leak:reachable=2 thread-leak:unjoined=1", false)
CERTAIN(certain_without_loss_behind, "leaks_after_loss behind 0",
        "leak:definite=1 leak:indirect=10 leak:reachable=2 thread-leak:unjoined=1", false)
/* No missing event can be a free of what was allocated later. */
CERTAIN(certain_after_the_loss, "leaks_after_loss after 40000",
        "leak:definite=10 leak:reachable=1 loss:events=1 thread-leak:unjoined=1", true)
CERTAIN(not_certain_before_the_loss, "leaks_after_loss around 40000",
        "leak:definite=10 leak:possible=10 leak:reachable=2 loss:events=1 thread-leak:unjoined=1", true)
/* What looks like the block that leads to them may be another block by now. */
CERTAIN(not_certain_behind_others, "leaks_after_loss behind 40000",
        "leak:possible=11 leak:reachable=2 loss:events=1 thread-leak:unjoined=1", true)
