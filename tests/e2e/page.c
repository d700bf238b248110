/* `ringtail report --format html` and `ringtail diff --format html`, used in Chromium by
 * tests/page/check.mjs. */
#include <criterion/criterion.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/harness/consumer.h"

TEST_SUITE(page);

#define AXE     "axe/node_modules/axe-core/axe.min.js"
#define HOSTILE "</script><img src=x onerror=alert(1)>"

/* Makes a page by `ringtail WORDS -o page.html`, and uses it in the browser.  find: a function in its flame graph. */
static json_t *use(struct rt *rt, const char *words, const char *find)
{
	char line[3 * RT_PATH], here[RT_PATH];
	json_error_t error;

	snprintf(line, sizeof line, "%s --format html -o page.html", words);
	struct outcome outcome = rt_tool(rt, line);
	cr_assert_eq(outcome.status, 0, "ringtail %s: status %d: %s", line, outcome.status, outcome.err);
	outcome_free(&outcome);
	cr_assert(realpath("tests/page/check.mjs", here));
	char *out = consume(rt, "FIND='%s' node %s page.html page.png %s", find, here, rt_built(AXE));
	json_t *seen = json_loads(out, 0, &error);
	cr_assert(seen, "%s: %s", error.text, out);
	free(out);
	return seen;
}

static void change_database(struct rt *rt, const char *sql)
{
	char path[2 * RT_PATH], *error = NULL;
	sqlite3 *db;

	snprintf(path, sizeof path, "%s/ringtail.db", rt->run);
	cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
	sqlite3_exec(db, sql, NULL, NULL, &error);
	cr_assert_null(error, "%s: %s", sql, error);
	sqlite3_close(db);
}

/* Frames of the deepest stack that allocated. */
static size_t deepest_site(struct rt *rt)
{
	struct outcome outcome = rt_tool(rt, "heap RUN --format json --limit 0");
	json_t *report = json_loads(outcome.out, 0, NULL), *site;
	size_t deepest = 0, i;

	json_array_foreach(json_at(json_array_get(json_object_get(report, "processes"), 0), "heap.sites"), i, site)
	{
		size_t frames = json_array_size(json_object_get(site, "stack"));

		deepest = frames > deepest ? frames : deepest;
	}
	json_decref(report);
	outcome_free(&outcome);
	return deepest;
}

/* Every part of the page shows the run's data. */
Test(page, shows_a_run)
{
	struct rt rt = rt_new();

	rt_program(&rt, MODE_RUN, "demo");
	json_t *seen = use(&rt, "report RUN", "print_receipt");
	cr_expect_str_eq(json_text(seen, "title"), "demo – ringtail");
	cr_expect_str_eq(json_text(seen, "verdict"), "1 deadlock, 1 leak, 1 thread leak");
	cr_expect_eq(json_number(seen, "findings"), 3);
	cr_expect_eq(json_number(seen, "deepest"), deepest_site(&rt) + 1, "the flame graph: %lld rows",
	             json_number(seen, "deepest"));
	expect_has(json_text(seen, "matching"), "%", "what the search found");
	expect_has(json_text(seen, "calls"), "all, 14, 100 %", "the flame graph of calls");
	expect_has(json_text(seen, "peak"), "in 14 blocks", "the peak");
	cr_expect_eq(json_number(seen, "locks"), 2);
	cr_expect_eq(json_number(seen, "cycle"), 2);
	cr_expect_eq(json_number(seen, "orders"), 2);
	cr_expect_eq(json_number(seen, "cycle_of_all"), 2);
	cr_expect_eq(json_number(seen, "lanes"), 4);
	cr_expect_eq(json_number(seen, "sizes"), 3);
	json_decref(seen);
	rt_end(&rt);
}

/* Names of programs, functions and files are shown as text, whatever they contain. */
Test(page, runs_nothing_of_the_program)
{
	struct rt rt = rt_new();

	rt_program(&rt, MODE_RUN, "named_threads");
	json_decref(rt_report(&rt));
	rt.json = NULL;
	change_database(&rt, "UPDATE frame SET function = '" HOSTILE "' || pc, file = '" HOSTILE "';"
	                     "UPDATE thread SET name = '" HOSTILE "'; UPDATE process SET exe = '/" HOSTILE "';"
	                     "UPDATE module SET path = '/" HOSTILE "'; UPDATE finding SET message = '" HOSTILE "';"
	                     "UPDATE meta SET value = '[\"" HOSTILE "\"]' WHERE key = 'command'");
	json_t *seen = use(&rt, "report RUN", "onerror");
	cr_expect_str_eq(json_text(seen, "command"), HOSTILE);
	cr_expect_eq(json_number(seen, "images"), 0);
	json_decref(seen);
	rt_end(&rt);
}

#define WASTEFUL                                                                                                       \
	"#include <stdlib.h>\n"                                                                                        \
	"int main(void)\n"                                                                                             \
	"{\n"                                                                                                          \
	"\treturn malloc(77) == NULL; /* " HOSTILE " */\n"                                                             \
	"}\n"

static void write_source(struct rt *rt)
{
	char path[2 * RT_PATH];
	FILE *file;

	snprintf(path, sizeof path, "%s/wasteful.c", rt->work);
	file = fopen(path, "w");
	cr_assert_not_null(file);
	fputs(WASTEFUL, file);
	fclose(file);
	free(consume(rt, "cc -g -O0 -o wasteful wasteful.c"));
}

/* Source code is shown only if it is unchanged since the program was built, and as text. */
Test(page, shows_source_lines)
{
	struct rt rt = rt_new();
	struct outcome outcome;
	json_t *seen;

	write_source(&rt);
	outcome = rt_tool(&rt, "run -o RUN -- ./wasteful");
	cr_assert_eq(outcome.status, 0, "status %d: %s", outcome.status, outcome.err);
	outcome_free(&outcome);
	seen = use(&rt, "report RUN", "main");
	cr_expect_str_eq(json_text(seen, "source"), "4\treturn malloc(77) == NULL; /* " HOSTILE " */\n");
	cr_expect_eq(json_number(seen, "images"), 0);
	json_decref(seen);
	free(consume(&rt, "touch wasteful.c"));
	seen = use(&rt, "report RUN", "main");
	cr_expect(json_is_null(json_object_get(seen, "source")));
	expect_has(json_text(seen, "no_source"), "has changed", "instead of the source");
	json_decref(seen);
	change_database(&rt, "UPDATE frame SET file = '/etc/passwd', line = 1");
	seen = use(&rt, "report RUN", "main");
	cr_expect(json_is_null(json_object_get(seen, "source")));
	cr_expect(json_is_null(json_object_get(seen, "no_source")));
	json_decref(seen);
	rt_end(&rt);
}

Test(page, shows_two_runs)
{
	struct rt before = rt_new(), after = rt_new();
	char words[2 * RT_PATH];

	rt_program(&before, MODE_RUN, "leak_simple");
	rt_program(&after, MODE_PRELOAD, "leak_list");
	snprintf(words, sizeof words, "diff %s RUN", before.run);
	json_t *seen = use(&after, words, "main");
	cr_expect_gt(json_number(seen, "new"), 0);
	cr_expect_gt(json_number(seen, "fixed"), 0);
	cr_expect_gt(json_number(seen, "sites"), 1);
	cr_expect_gt(json_number(seen, "grown"), 0);
	json_decref(seen);
	rt_end(&before);
	rt_end(&after);
}

/* tests/page/explore.mjs, which fails by itself, explores page.html for the topic.  The topic may be followed by the
 * name of a file. */
static void explore_page(struct rt *rt, const char *topic)
{
	char here[RT_PATH];

	cr_assert(realpath("tests/page/explore.mjs", here));
	free(consume(rt, "node %s page.html %s %s", here, rt_built(AXE), topic));
}

static void explore(struct rt *rt, const char *topic)
{
	struct outcome outcome = rt_tool(rt, "report RUN --format html -o page.html");

	cr_assert_eq(outcome.status, 0, "status %d: %s", outcome.status, outcome.err);
	outcome_free(&outcome);
	explore_page(rt, topic);
}

Test(page, shortens_names)
{
	struct rt rt = rt_new();
	char here[RT_PATH];

	cr_assert(realpath("tests/page/names.mjs", here));
	free(consume(&rt, "node %s", here));
	rt_end(&rt);
}

static void explore_long_names(const char *topic)
{
	struct rt rt = rt_new();

	rt_program(&rt, MODE_RUN, "long_names");
	explore(&rt, topic);
	rt_end(&rt);
}

Test(page, fits_screens_of_every_width) { explore_long_names("layout"); }

Test(page, opens_and_groups_allocation_sites) { explore_long_names("sites"); }

Test(page, draws_flame_graph_and_curve) { explore_long_names("graphs"); }

Test(page, has_links_filters_and_steps_of_deadlocks) { explore_long_names("links"); }

Test(page, is_reached_by_keys_and_moves_less_if_asked) { explore_long_names("keys"); }

Test(page, is_printed_whole) { explore_long_names("paper"); }

Test(page, draws_a_deadlock_in_the_order_in_which_it_happened)
{
	struct rt rt = rt_new();

	rt_program_with(&rt, MODE_RUN, "--on-deadlock=kill", "abba_hang");
	explore(&rt, "happened");
	rt_end(&rt);
}

/* A leak that grows comes first, however few bytes it lost. */
Test(page, says_of_leaks_whether_they_grow)
{
	struct rt rt = rt_new();

	rt_program(&rt, MODE_RUN, "service_forgets_errors");
	json_decref(rt_report(&rt));
	rt.json = NULL;
	change_database(
	    &rt, "UPDATE finding SET course = iif(bytes = 3 * 4096, 'steady', 'growing') WHERE class = 'definite'");
	explore(&rt, "growing");
	change_database(&rt, "UPDATE finding SET course = 'once' WHERE class = 'definite'");
	explore(&rt, "once");
	rt_end(&rt);
}

/* Leaks in a file without names: the page says what brings them. */
Test(page, says_what_brings_names)
{
	struct rt rt = rt_new();

	write_source(&rt);
	free(consume(&rt, "cc -s -O0 -o wasteful wasteful.c"));
	struct outcome outcome = rt_tool(&rt, "run -o RUN -- ./wasteful");
	cr_assert_eq(outcome.status, 0, "status %d: %s", outcome.status, outcome.err);
	outcome_free(&outcome);
	explore(&rt, "nameless");
	rt_end(&rt);
}

static void explore_program(const char *line, const char *topic)
{
	struct rt rt = rt_new();

	rt_program(&rt, MODE_RUN, line);
	explore(&rt, topic);
	rt_end(&rt);
}

Test(page, says_which_findings_are_usual) { explore_program("blocked_at_exit", "harmless"); }

Test(page, makes_one_row_of_findings_at_one_place) { explore_program("service_never_stops_a_worker", "rows"); }

Test(page, shows_both_sides_of_a_race) { explore_program("races lock_after_with_other", "race"); }

Test(page, says_why_there_is_nothing)
{
	struct rt rt = rt_new();
	struct outcome outcome = rt_tool(&rt, "run -o RUN -- true");

	cr_assert_eq(outcome.status, 0, "status %d: %s", outcome.status, outcome.err);
	outcome_free(&outcome);
	explore(&rt, "nothing");
	rt_end(&rt);
}

Test(page, tells_no_time_before_a_process_began)
{
	struct rt rt = rt_new();

	rt_program_with(&rt, MODE_RUN, "--on-deadlock=kill", "hangs shared_mutexes");
	explore(&rt, "shared");
	rt_end(&rt);
}

Test(page, says_what_changed_between_two_runs)
{
	struct rt before = rt_new(), after = rt_new();
	char words[2 * RT_PATH];

	rt_program(&before, MODE_RUN, "leak_simple");
	rt_program(&after, MODE_RUN, "leak_list");
	snprintf(words, sizeof words, "diff %s RUN --format html -o page.html", before.run);
	struct outcome outcome = rt_tool(&after, words);
	cr_assert_eq(outcome.status, 0, "status %d: %s", outcome.status, outcome.err);
	outcome_free(&outcome);
	explore_page(&after, "changes");
	rt_end(&before);
	rt_end(&after);
}

/* Writes what `ringtail WORDS` prints into a file of the work directory. */
static void write_report(struct rt *rt, const char *words, const char *name)
{
	char path[2 * RT_PATH];
	struct outcome outcome = rt_tool(rt, words);

	cr_assert_eq(outcome.status, 0, "status %d: %s", outcome.status, outcome.err);
	snprintf(path, sizeof path, "%s/%s", rt->work, name);
	FILE *file = fopen(path, "w");
	cr_assert_not_null(file);
	fputs(outcome.out, file);
	fclose(file);
	outcome_free(&outcome);
}

Test(page, names_places_as_the_report_does)
{
	struct rt rt = rt_new();

	rt_program(&rt, MODE_RUN, "wrapped_places");
	write_report(&rt, "heap RUN --format json --limit 0", "heap.json");
	explore(&rt, "places heap.json");
	rt_end(&rt);
}

/* leak_list loses more in one process than leak_simple in two. */
Test(page, orders_findings_as_the_text_does)
{
	struct rt rt = rt_new();
	char line[4 * RT_PATH], simple[RT_PATH], list[RT_PATH];

	snprintf(simple, sizeof simple, "%s", rt_built("programs/leak_simple"));
	snprintf(list, sizeof list, "%s", rt_built("programs/leak_list"));
	snprintf(line, sizeof line, "run -o RUN -- sh -c '%s; %s; %s'", simple, simple, list);
	struct outcome outcome = rt_tool(&rt, line);
	cr_assert_eq(outcome.status, 0, "status %d: %s", outcome.status, outcome.err);
	outcome_free(&outcome);
	write_report(&rt, "report RUN", "report.txt");
	explore(&rt, "ranks report.txt");
	rt_end(&rt);
}

Test(page, merges_orders_of_locks_at_the_same_places)
{
	struct rt rt = rt_new();

	rt_program(&rt, MODE_RUN, "same_orders");
	explore(&rt, "orders");
	rt_end(&rt);
}

/* Equal findings of several processes are one, and processes without any are folded. */
Test(page, shows_many_processes)
{
	struct rt rt = rt_new();
	char line[2 * RT_PATH], program[RT_PATH];

	snprintf(program, sizeof program, "%s", rt_built("programs/leak_simple"));
	snprintf(line, sizeof line,
	         "run -o RUN -- sh -c 'for i in 1 2 3; do %s; cat /dev/null; sleep 0; uname -a; ls -d /; done'",
	         program);
	struct outcome outcome = rt_tool(&rt, line);
	cr_assert_eq(outcome.status, 0, "status %d: %s", outcome.status, outcome.err);
	outcome_free(&outcome);
	explore(&rt, "processes");
	rt_end(&rt);
}

/* Text may go to a file, too.  Other reports have no page, and no page is left behind if it could not be made. */
Test(page, goes_to_a_file)
{
	struct rt rt = rt_new();
	char path[2 * RT_PATH];
	struct stat status;

	rt_program(&rt, MODE_RUN, "leak_simple");
	struct outcome outcome = rt_tool(&rt, "report RUN -o report.txt"), plain = rt_tool(&rt, "report RUN");
	char *text = consume(&rt, "cat report.txt");
	cr_expect_eq(outcome.out_bytes, 0);
	expect_same_text("-o", text, plain.out);
	free(text);
	outcome_free(&outcome);
	outcome_free(&plain);
	outcome = rt_tool(&rt, "heap RUN -o heap.txt");
	cr_expect_eq(outcome.status, 64, "status %d", outcome.status);
	outcome_free(&outcome);
	change_database(&rt, "DROP TABLE heap_site");
	outcome = rt_tool(&rt, "report RUN --format html -o broken.html");
	cr_expect_eq(outcome.status, 65, "status %d: %s", outcome.status, outcome.err);
	snprintf(path, sizeof path, "%s/broken.html", rt.work);
	cr_expect_neq(stat(path, &status), 0, "half a page was left behind");
	outcome_free(&outcome);
	rt_end(&rt);
}
