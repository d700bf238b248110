/* `ringtail export`: its errors, and that it never leaves a file half written. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/harness/consumer.h"

TEST_SUITE(export);

/* Lines "value function", of any order: as many and the same as in the report. */
static void expect_functions(const char *what, const char *lines, json_t *sums)
{
	char function[1024];
	const char *name;
	long long value;
	json_t *wanted;
	void *next;

	for (const char *line = lines; *line; line = strchr(line, '\n') + 1) {
		cr_assert_eq(sscanf(line, "%lld %1023[^\n]", &value, function), 2, "%s: %.100s", what, line);
		cr_expect_eq(value, json_integer_value(json_object_get(sums, function)),
		             "%s: %s has %lld, the report %lld", what, function, value,
		             json_integer_value(json_object_get(sums, function)));
		json_object_del(sums, function);
	}
	json_object_foreach_safe(sums, next, name, wanted)
	    cr_expect_eq(json_integer_value(wanted), 0, "%s lacks %s", what, name);
}

static void expect_as_report(struct rt *rt, const char *what, const char *lines)
{
	json_t *report = heap_report(rt), *sums = heap_by_function(report, "allocated_bytes");

	expect_functions(what, lines, sums);
	json_decref(sums);
	json_decref(report);
}

Test(export, folded_stacks_have_what_the_report_has)
{
	struct rt rt = rt_new();
	char *lines;

	rt_program(&rt, MODE_RUN, "jq .[0] data/numbers.json");
	export_run(&rt, "--format folded --view allocs -o heap.folded");
	lines = consume(&rt, "python3 data/read_folded.py heap.folded");
	expect_as_report(&rt, "folded", lines);
	free(lines);
	lines = consume(&rt, "cat heap.folded");
	expect_has(lines, ";__libc_start_main;", "folded");
	free(lines);
	rt_end(&rt);
}

Test(export, folded_stacks_of_several_processes_begin_with_theirs)
{
	struct rt rt = rt_new();
	char *lines;

	rt_program(&rt, MODE_RUN, "fork_tree");
	export_run(&rt, "--format folded --view allocs -o heap.folded");
	lines = consume(
	    &rt, "grep -v '^fork_tree ([0-9]*);' heap.folded | wc -l; cut -d';' -f1 heap.folded | sort -u | wc -l");
	cr_expect_eq(atoi(lines), 0, "lines without process: %s", lines);
	cr_expect_gt(atoi(strchr(lines, '\n')), 1, "%s", lines);
	free(lines);
	rt_end(&rt);
}

Test(export, speedscope_holds_to_its_schema)
{
	struct rt rt = rt_new();
	char *lines;

	rt_program(&rt, MODE_RUN, "jq .[0] data/numbers.json");
	export_run(&rt, "--format speedscope --view allocs -o heap.json");
	lines = consume(&rt, "/usr/bin/python3 data/read_speedscope.py data/speedscope.schema.json heap.json");
	expect_as_report(&rt, "speedscope", lines);
	free(lines);
	rt_end(&rt);
}

/* Both formats, speedscope's own and folded stacks, are read in a browser by speedscope's importers. */
Test(export, speedscope_shows_what_the_report_has)
{
	struct rt rt = rt_new();
	char script[RT_PATH], *lines;

	cr_assert(realpath("tests/page/speedscope.mjs", script));
	rt_program(&rt, MODE_RUN, "demo");
	export_run(&rt, "--format folded --view allocs -o heap.folded");
	lines = consume(&rt, "node %s %s heap.folded", script, rt_built("axe/node_modules/speedscope"));
	expect_as_report(&rt, "folded, in speedscope", lines);
	free(lines);
	export_run(&rt, "--format speedscope --view allocs -o heap.json");
	lines = consume(&rt, "node %s %s heap.json", script, rt_built("axe/node_modules/speedscope"));
	expect_has(lines, "1.25 KB print_receipt\n", "speedscope");
	expect_has(lines, "864 B ", "speedscope");
	free(lines);
	rt_end(&rt);
}

/* callgrind_annotate: "  107,276 (100.0%) PROGRAM TOTALS", "  3,000 ( 2.80%) file:function [module]" */
Test(export, callgrind_annotate_reads_callgrind)
{
	struct rt rt = rt_new();
	char *self, *inclusive;

	rt_program(&rt, MODE_RUN, "known_heap");
	export_run(&rt, "--format callgrind --view allocs -o callgrind.out");
	self = consume(&rt,
	               "callgrind_annotate --auto=no --show-percs=no --threshold=100 --show=alloc_space callgrind.out");
	expect_has(self, "107,276  PROGRAM TOTALS", "callgrind_annotate");
	expect_has(self, " 100,070  ", "callgrind_annotate");
	expect_has(self, "known_heap.c:peak_and_temporaries [", "callgrind_annotate");
	inclusive = consume(&rt, "callgrind_annotate --auto=no --show-percs=no --threshold=100 --show=alloc_space "
	                         "--inclusive=yes callgrind.out | grep ':main '");
	expect_has(inclusive, "107,276  ", "callgrind_annotate --inclusive");
	free(self);
	free(inclusive);
	rt_end(&rt);
}

/* In a function that calls itself, an allocation counts once, not once for each level. */
Test(export, callgrind_counts_recursion_once)
{
	struct rt rt = rt_new();
	char *calls;

	rt_program(&rt, MODE_RUN, "exception_frames");
	export_run(&rt, "--format callgrind --view allocs -o callgrind.out");
	calls =
	    consume(&rt, "awk '/^summary:/ {sum = $2} /^calls=/ {call = 1; next} call && $2 > sum {bad++} {call = 0} "
	                 "END {print bad + 0, sum}' callgrind.out");
	cr_expect_eq(atoi(calls), 0, "calls with more than there is: %s", calls);
	free(calls);
	rt_end(&rt);
}

static const struct {
	const char *words;
	int status;
	const char *message;
} wrongs[] = {
#define WRONG(words, status, message) {words, status, message},
#include "tests/e2e/tables/export.def"
#undef WRONG
};

Test(export, wrong_words_get_one_line)
{
	struct rt rt = rt_new();
	char line[256], left[RT_PATH + 8];

	rt_program(&rt, MODE_RUN, "known_heap");
	for (size_t i = 0; i < sizeof wrongs / sizeof *wrongs; i++) {
		snprintf(line, sizeof line, "export RUN %s", wrongs[i].words);
		struct outcome outcome = rt_tool(&rt, line);

		cr_expect_eq(outcome.status, wrongs[i].status, "%s: status %d", line, outcome.status);
		cr_expect(strstr(outcome.err, wrongs[i].message), "%s: %s", line, outcome.err);
		cr_expect_eq(outcome.err_bytes ? strchr(outcome.err, '\n') + 1 - outcome.err : 0,
		             (long)outcome.err_bytes, "%s: not one line: %s", line, outcome.err);
		cr_expect_eq(outcome.out_bytes, 0, "%s: %s", line, outcome.out);
		outcome_free(&outcome);
	}
	snprintf(left, sizeof left, "%s/out", rt.work);
	cr_expect_neq(access(left, F_OK), 0, "a file was left behind");
	rt_end(&rt);
}

/* ---- perfetto ---------------------------------------------------------------------------- */

static char *timeline_of(struct rt *rt, const char *program)
{
	rt_program(rt, MODE_RUN, program);
	export_run(rt, "--format perfetto -o trace.pftrace");
	return consume(rt, "python3 data/read_perfetto.py trace.pftrace");
}

/* Number n (0: count, 1: nanoseconds) of the line of these slices. */
static long long number_of(const char *lines, const char *slices, int n)
{
	const char *line = strstr(lines, slices);
	long long numbers[2] = {0, 0};

	cr_assert(line, "no \"%s\" in:\n%s", slices, lines);
	sscanf(line + strlen(slices), " %lld %lld", &numbers[0], &numbers[1]);
	return numbers[n];
}

/* Three waits of 200 ms for a mutex that three threads held. */
Test(export, perfetto_has_waits_and_holds)
{
	struct rt rt = rt_new();
	char *lines = timeline_of(&rt, "contention mutexes");

	cr_expect_eq(number_of(lines, "slice wait wait for mutex:", 0), 3, "%s", lines);
	cr_expect_geq(number_of(lines, "slice wait wait for mutex:", 1), 550000000, "%s", lines);
	cr_expect_eq(number_of(lines, "slice hold hold mutex:", 0), 6, "%s", lines);
	cr_expect_eq(number_of(lines, "slice thread made in start:", 0), 3, "%s", lines);
	expect_has(lines, "process contention\n", "the trace");
	free(lines);
	rt_end(&rt);
}

Test(export, perfetto_has_waits_that_never_end)
{
	struct rt rt = rt_new();
	char *lines = timeline_of(&rt, "blocked_at_exit");

	cr_expect_eq(number_of(lines, "slice wait wait for cond:", 0), 1, "%s", lines);
	cr_expect_eq(number_of(lines, "slice wait wait for sem:", 0), 1, "%s", lines);
	free(lines);
	rt_end(&rt);
}

Test(export, perfetto_counts_live_bytes)
{
	struct rt rt = rt_new();
	char *lines = timeline_of(&rt, "known_heap");

	cr_expect_eq(number_of(lines, "counter live bytes:", 0), 107006, "%s", lines);
	free(lines);
	rt_end(&rt);
}
