/* ringtail run --confirm: confirm.def. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/harness/rt.h"

TEST_SUITE(confirm);

#define REPEATS 3 /* few, because the outcome does not depend on chance; make hang-check has more */

static json_t *confirmation(struct rt *rt, size_t index)
{
	return json_array_get(json_object_get(json_object_get(rt_report(rt), "run"), "confirmations"), index);
}

/* The realised deadlock with the most edges, in any process of the run. */
static const json_t *realised(struct rt *rt)
{
	const json_t *process, *finding, *found = NULL;
	size_t i, j;

	json_array_foreach(json_object_get(rt_report(rt), "processes"), i, process)
	    json_array_foreach(json_object_get(process, "findings"), j,
	                       finding) if (!strcmp(json_text(finding, "kind"), "deadlock") &&
	                                    !strcmp(json_text(finding, "class"), "realised")) found = finding;
	cr_assert(found, "no realised deadlock");
	return found;
}

static struct rt run_confirming(const char *run, const char *line, const char *more)
{
	struct rt rt = rt_new();
	char options[2 * RT_PATH];

	snprintf(options, sizeof options, "--confirm=%s %s", run, more);
	rt_program_with(&rt, MODE_RUN, options, line);
	return rt;
}

static struct rt predict(const char *line)
{
	struct rt rt = rt_new();

	rt_program(&rt, MODE_RUN, line);
	cr_assert_eq(rt.program.status, 0, "status %d", rt.program.status);
	return rt;
}

static void expect_confirmed(const char *line, size_t edges)
{
	struct rt first = predict(line);

	for (int i = 0; i < REPEATS; i++) {
		struct rt second = run_confirming(first.run, line, "");

		cr_expect_eq(second.program.status, 67, "status %d: %s", second.program.status, second.program.err);
		cr_expect(strstr(second.program.err, "confirmed: it closed in this run"), "%s", second.program.err);
		cr_expect_str_eq(json_text(confirmation(&second, 0), "outcome"), "confirmed");
		cr_expect(strstr(json_text(realised(&second), "message"), "confirms it"));
		cr_expect_eq(json_array_size(json_object_get(realised(&second), "edges")), edges);
		rt_end(&second);
	}
	rt_end(&first);
}

/* Cuts out addresses, which some programs print as names of locks, and which differ from run to run. */
static void cut_addresses(char *text)
{
	char *to = text;

	while (*text) {
		if (!strncmp(text, "0x", 2))
			text += 2 + strspn(text + 2, "0123456789abcdef");
		else
			*to++ = *text++;
	}
	*to = '\0';
}

static void expect_not_closed(const char *line, long long reached)
{
	struct rt first = predict(line), second = run_confirming(first.run, line, "--confirm-hold=300");

	cr_expect_eq(second.program.status, 0, "status %d: %s", second.program.status, second.program.err);
	cut_addresses(first.program.out);
	cut_addresses(second.program.out);
	cr_expect_str_eq(second.program.out, first.program.out);
	cr_expect(strstr(second.program.err, "it did not close"), "%s", second.program.err);
	cr_expect_str_eq(json_text(confirmation(&second, 0), "outcome"), "not-closed");
	cr_expect_eq(json_number(confirmation(&second, 0), "reached"), reached);
	cr_expect_gt(json_number(confirmation(&second, 0), "held_up"), 0);
	rt_end(&second);
	rt_end(&first);
}

/* The outcomes of two predictions, in the order of the alphabet. */
static char *two_outcomes(struct rt *rt)
{
	const char *one = json_text(confirmation(rt, 0), "outcome"), *other = json_text(confirmation(rt, 1), "outcome");
	bool sorted = strcmp(one, other) <= 0;
	char *text = NULL;

	cr_assert(asprintf(&text, "%s %s", sorted ? one : other, sorted ? other : one) >= 0);
	return text;
}

static void expect_one_of_two(const char *line, const char *options, const char *outcomes)
{
	struct rt first = predict(line);

	for (int i = 0; i < REPEATS; i++) {
		struct rt second = run_confirming(first.run, line, options);
		char *found = two_outcomes(&second);

		cr_expect_eq(second.program.status, 67, "status %d: %s", second.program.status, second.program.err);
		cr_expect_str_eq(found, outcomes);
		cr_expect(strstr(json_text(realised(&second), "message"), "confirms it"));
		free(found);
		rt_end(&second);
	}
	rt_end(&first);
}

#define CONFIRMED(name, line, edges)                                                                                   \
	Test(confirm, name) { expect_confirmed(line, edges); }
#define ONE_OF_TWO(name, line, options, outcomes)                                                                      \
	Test(confirm, name) { expect_one_of_two(line, options, outcomes); }
#define NOT_CLOSED(name, line, reached)                                                                                \
	Test(confirm, name) { expect_not_closed(line, reached); }
#include "tests/e2e/tables/confirm.def"

/* Nothing was predicted: a run like any other, and it says so. */
Test(confirm, nothing_predicted)
{
	struct rt first = predict("gate_lock"), second = run_confirming(first.run, "gate_lock", "");

	cr_expect_eq(second.program.status, 0);
	cr_expect(strstr(second.program.err, "there is nothing to confirm"), "%s", second.program.err);
	cr_expect_eq(json_array_size(json_at(rt_report(&second), "run.confirmations")), 0);
	rt_end(&second);
	rt_end(&first);
}

/* Another program: it never reaches the places of the plan, and no thread is delayed. */
Test(confirm, other_program)
{
	struct rt first = predict("abba_no_hang"), second = run_confirming(first.run, "three_cycle", "");

	cr_expect_eq(second.program.status, 0, "%s", second.program.err);
	cr_expect_str_eq(json_text(confirmation(&second, 0), "outcome"), "not-reached");
	cr_expect_eq(json_number(confirmation(&second, 0), "held_up"), 0);
	rt_end(&second);
	rt_end(&first);
}

Test(confirm, on_deadlock_is_obeyed)
{
	struct rt first = predict("confirmable two_locks"), second = rt_new();
	char options[2 * RT_PATH];

	snprintf(options, sizeof options, "--confirm=%s --on-deadlock=core", first.run);
	rt_program_with(&second, MODE_RUN, options, "confirmable two_locks");
	cr_expect_eq(second.program.status, 67);
	cr_expect_str_eq(json_text(rt_process(&second, "confirmable"), "end.signal"), "SIGABRT");
	rt_end(&second);
	rt_end(&first);
}

/* The deadlock that closed is no prediction of the second run: the plan is that of the first. */
Test(confirm, run_that_confirmed)
{
	struct rt first = predict("abba_no_hang"), second = run_confirming(first.run, "abba_no_hang", "");
	struct rt third = run_confirming(second.run, "abba_no_hang", "");

	cr_expect_eq(second.program.status, 67, "status %d: %s", second.program.status, second.program.err);
	cr_expect_eq(third.program.status, 67, "status %d: %s", third.program.status, third.program.err);
	cr_expect_str_eq(json_text(confirmation(&third, 0), "outcome"), "confirmed");
	cr_expect_str_eq(json_text(confirmation(&third, 0), "run"), json_text(confirmation(&second, 0), "run"));
	rt_end(&third);
	rt_end(&second);
	rt_end(&first);
}

/* The first of these runs is that of the deadlock that closes.  The next is the other's, which cannot. */
Test(confirm, each_has_its_turn)
{
	struct rt first = predict("confirmable among_false");
	struct rt second = run_confirming(first.run, "confirmable among_false", "");
	struct rt third = run_confirming(second.run, "confirmable among_false", "--confirm-hold=100");
	int closed = strcmp(json_text(confirmation(&second, 0), "outcome"), "confirmed") != 0;

	cr_expect_eq(third.program.status, 0, "status %d: %s", third.program.status, third.program.err);
	cr_expect_eq(json_array_size(json_at(rt_report(&third), "run.confirmations")), 2);
	cr_expect_str_eq(json_text(confirmation(&second, !closed), "outcome"), "not-tried");
	cr_expect(strstr(second.program.err, "--confirm again tries this one"), "%s", second.program.err);
	cr_expect_str_eq(json_text(confirmation(&third, !closed), "outcome"), "not-closed");
	cr_expect_str_eq(json_text(confirmation(&third, !closed), "id"),
	                 json_text(confirmation(&second, !closed), "id"));
	rt_end(&third);
	rt_end(&second);
	rt_end(&first);
}

Test(confirm, run_must_be_there)
{
	struct rt rt = rt_new();
	struct outcome none = rt_tool(&rt, "run --confirm=/nonexistent true"),
	               newest = rt_tool(&rt, "run --confirm true"),
	               locks = rt_tool(&rt, "run --confirm --locks=no true");

	cr_expect_eq(none.status, 65, "status %d: %s", none.status, none.err);
	cr_expect(strstr(none.err, "no run /nonexistent"), "%s", none.err);
	cr_expect_eq(newest.status, 65, "status %d: %s", newest.status, newest.err);
	cr_expect(strstr(newest.err, "no run in this directory"), "%s", newest.err);
	cr_expect_eq(locks.status, 64, "status %d: %s", locks.status, locks.err);
	outcome_free(&none);
	outcome_free(&newest);
	outcome_free(&locks);
	rt_end(&rt);
}
