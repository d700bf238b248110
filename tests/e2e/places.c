/* By which place a report names a stack: places.def; and rows of one place. */
#include <criterion/criterion.h>
#include <string.h>

#include "tests/harness/rt.h"

TEST_SUITE(places);

static const struct expected {
	const char *innermost, *caller, *wrapper, *function;
} expected[] = {
#define PLACE(innermost, caller, wrapper, function) {innermost, caller, wrapper, function},
#include "tests/e2e/tables/places.def"
#undef PLACE
};

static const char *function_at(const json_t *frames, size_t i)
{
	const char *function = json_string_value(json_object_get(json_array_get(frames, i), "function"));

	return function ? function : "";
}

static const json_t *find_site(const json_t *sites, const struct expected *want)
{
	const json_t *site;
	size_t i;

	json_array_foreach(sites, i, site)
	{
		const json_t *stack = json_object_get(site, "stack");

		if (!strcmp(function_at(stack, 0), want->innermost) && !strcmp(function_at(stack, 1), want->caller))
			return site;
	}
	return NULL;
}

static void expect_place(const json_t *sites, const struct expected *want)
{
	const json_t *site = find_site(sites, want), *where;
	const char *wrapper;

	cr_assert(site, "no site in %s, called by %s", want->innermost, want->caller);
	where = json_object_get(site, "where");
	wrapper = json_string_value(json_object_get(where, "wrapper"));
	cr_expect_str_eq(json_text(where, "function"), want->function, "%s < %s: %s", want->innermost, want->caller,
	                 json_text(where, "function"));
	cr_expect_str_eq(wrapper ? wrapper : "", want->wrapper, "%s < %s: %s", want->innermost, want->caller,
	                 wrapper ? wrapper : "(none)");
}

/* The process's sites, complete.  The caller releases *report. */
static const json_t *load_sites(struct rt *rt, json_t **report)
{
	struct outcome made = rt_tool(rt, "heap RUN --format json --limit 0");
	const json_t *process;

	*report = json_loads(made.out, 0, NULL);
	outcome_free(&made);
	cr_assert(*report, "no JSON");
	process = json_array_get(json_object_get(*report, "processes"), 0);
	return json_at(process, "heap.sites");
}

static void expect_places(enum mode mode)
{
	struct rt rt = rt_new();
	json_t *report;

	rt_program(&rt, mode, "wrapped_places");
	const json_t *sites = load_sites(&rt, &report);
	for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
		expect_place(sites, &expected[i]);
	json_decref(report);
	rt_end(&rt);
}

Test(places, wrappers_are_looked_through_run) { expect_places(MODE_RUN); }
Test(places, wrappers_are_looked_through_preload) { expect_places(MODE_PRELOAD); }

/* In the database, the view v_where names stacks by the rule that reports have. */
Test(places, the_database_names_the_same_places)
{
	struct rt rt = rt_new();
	json_t *report, *rows, *row;
	size_t i, compared = 0;

	rt_program(&rt, MODE_RUN, "wrapped_places");
	const json_t *sites = load_sites(&rt, &report), *site;
	struct outcome made = rt_tool(&rt, "sql --format json RUN 'select function from v_top_sites'");
	rows = json_loads(made.out, 0, NULL);
	cr_assert_eq(json_array_size(rows), json_array_size(sites), "%s%s", made.out, made.err);
	/* Each site finds a row of its own: the two lists are in different orders. */
	json_array_foreach(sites, i, site)
	{
		const char *function = json_string_value(json_at(site, "where.function"));
		size_t at, found = json_array_size(rows);

		if (!function)
			continue;
		json_array_foreach(rows, at, row) if (!strcmp(json_text(row, "function"), function)) found = at;
		compared++;
		cr_expect_lt(found, json_array_size(rows), "v_where has no %s:\n%s", function, made.out);
		json_array_remove(rows, found);
	}
	cr_expect_gt(compared, 10);
	json_decref(rows);
	json_decref(report);
	outcome_free(&made);
	rt_end(&rt);
}

/* Columns of the sites in this function, added up in *sum.  Returns how many sites there are. */
static unsigned columns_of(const json_t *sites, const char *function, long long *sum)
{
	const json_t *site;
	unsigned count = 0;
	size_t i;

	*sum = 0;
	json_array_foreach(sites, i, site)
	{
		const json_t *frame = json_array_get(json_object_get(site, "stack"), 0);

		if (strcmp(function_at(json_object_get(site, "stack"), 0), function))
			continue;
		count++;
		*sum += json_integer_value(json_object_get(frame, "column"));
	}
	return count;
}

/* The columns of the two calls in `either`: see the program. */
Test(places, two_calls_on_one_line_have_columns)
{
	struct rt rt = rt_new();
	json_t *report;
	long long sum;

	rt_program(&rt, MODE_RUN, "wrapped_places");
	const json_t *sites = load_sites(&rt, &report);
	cr_expect_eq(columns_of(sites, "either", &sum), 2);
	cr_expect_eq(sum, 67 + 79, "columns that add up to %lld", sum);
	cr_expect_eq(columns_of(sites, "shared_place", &sum), 2);
	cr_expect_eq(sum, 0, "one call on a line has no column");
	json_decref(report);
	rt_end(&rt);
}

static void expect_lines(struct rt *rt, const char *words, const char *const *lines)
{
	struct outcome made = rt_tool(rt, words);

	for (; *lines; lines++)
		cr_expect(strstr(made.out, *lines), "%s: no \"%s\" in:\n%s", words, *lines, made.out);
	outcome_free(&made);
}

Test(places, stacks_of_one_place_are_one_row)
{
	struct rt rt = rt_new();

	rt_program(&rt, MODE_RUN, "wrapped_places");
	expect_lines(&rt, "heap RUN",
	             (const char *const[]){"2 shared_place (wrapped_places.c:74)  2 stacks\n",
	                                   "5.9 KiB in the largest of these stacks (--full-stacks shows all):\n",
	                                   "xmalloc < known (wrapped_places.c:71)\n", NULL});
	expect_lines(&rt, "heap RUN --full-stacks",
	             (const char *const[]){"5.9 KiB in this stack:\n", " left (", " right (", NULL});
	rt_end(&rt);
}

static void expect_in_report(const char *program, const char *wanted)
{
	struct rt rt = rt_new();

	rt_program(&rt, MODE_RUN, program);
	struct outcome report = rt_tool(&rt, "report RUN");

	cr_expect(strstr(report.out, wanted), "%s: no \"%s\" in:\n%s", program, wanted, report.out);
	outcome_free(&report);
	rt_end(&rt);
}

/* Where two threads did it together, a row names both places, and a file that they share once. */
Test(places, a_row_names_both_places)
{
	expect_in_report("races lock_after_with_other", "race:free  lock_late_with_other, free_node (races.c:");
	expect_in_report(
	    "service_locks_both_ways",
	    "deadlock:predicted  both in (anonymous namespace)::Bank::transfer (service_locks_both_ways.cc:");
}

/* "both" would be wrong of three threads. */
Test(places, a_row_of_three_threads_names_two) { expect_in_report("three_cycle", "), philosopher (three_cycle.c:"); }

/* Numbers of one are not taken for those of all. */
Test(places, of_which_finding_a_message_is_comes_before_it)
{
	expect_in_report("service_never_stops_a_worker",
	                 "   the first of 5 at this place (--limit 0 shows all)\n   a thread created here, which runs");
}
