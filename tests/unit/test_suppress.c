/* Suppression rules: patterns, the file, and what they do to the findings of a run. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "tests/harness/stored_run.h"
#include "tools/render/render.h"
#include "tools/finding/kinds.h"
#include "tools/suppress/rules.h"

/* ---- patterns ------------------------------------------------------------------------------ */

Test(suppress, pattern_is_found_anywhere)
{
	cr_expect(pattern_matches("alloc", "xalloc_n"));
	cr_expect(pattern_matches("xalloc_n", "xalloc_n"));
	cr_expect(pattern_matches("", "x"));
	cr_expect_not(pattern_matches("alloc", "allo"));
	cr_expect_not(pattern_matches("alloc", ""));
}

Test(suppress, pattern_has_anchors)
{
	cr_expect(pattern_matches("^main$", "main"));
	cr_expect_not(pattern_matches("^main$", "main2"));
	cr_expect_not(pattern_matches("^main", "a_main"));
	cr_expect(pattern_matches("main$", "a_main"));
	cr_expect(pattern_matches("foo$", "foofoo"));
	cr_expect(pattern_matches("a^b$c", "xa^b$cx"), "only at the ends are they anchors");
}

Test(suppress, star_stands_for_any_characters)
{
	cr_expect(pattern_matches("lib*.so", "/usr/lib/libx.so.1"));
	cr_expect(pattern_matches("^ns::*::insert$", "ns::map<a, b>::insert"));
	cr_expect(pattern_matches("*", ""));
	cr_expect(pattern_matches("^*$", ""));
	cr_expect(pattern_matches("^a*b*c$", "abbbc"));
	cr_expect(pattern_matches("a*bc$", "abcabcbc"));
	cr_expect_not(pattern_matches("^a*b*c$", "abbbcd"));
	cr_expect_not(pattern_matches("a*b", "ba"));
}

/* A star takes one character more only if the star behind it could not match. */
Test(suppress, many_stars_end, .timeout = 5)
{
	char text[4001];

	memset(text, 'a', 4000);
	text[4000] = '\0';
	cr_expect_not(pattern_matches("a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b", text));
}

/* ---- the file ------------------------------------------------------------------------------- */

static struct rules rules;
static struct error err;

static bool parse(const char *text) { return rules_parse(&rules, "rules.supp", text, strlen(text), &err); }
static void forget(void) { rules_free(&rules); }
TestSuite(suppress_file, .fini = forget);

Test(suppress_file, leak_sanitizers_files_are_read)
{
	cr_assert(parse("# a comment\n\nleak:FooBar\n  leak:^main$ \r\nleak:libbar.so\nleak:last"), "%s", err.text);
	cr_assert_eq(rules.count, 4);
	cr_expect_str_eq(rules.items[1].pattern, "^main$");
	cr_expect_eq(rules.items[1].line, 4);
	cr_expect_str_eq(rules.items[3].kind, "leak");
	cr_expect_str_eq(rules.items[3].pattern, "last");
	cr_expect(rule_is_for(&rules.items[0], "leak", "possible", NULL));
	cr_expect_not(rule_is_for(&rules.items[0], "misuse", "double-free", NULL));
}

Test(suppress_file, thread_sanitizers_rules_that_mean_something_are_read)
{
	cr_assert(parse("thread:a\nmutex:b\nsignal:c\ndeadlock:d\nrace:e\ncalled_from_lib:libf.so\n"), "%s", err.text);
	cr_expect(rule_is_for(&rules.items[0], "thread-leak", "unjoined", NULL));
	cr_expect(rule_is_for(&rules.items[1], "misuse", "mutex-relock", NULL));
	cr_expect_not(rule_is_for(&rules.items[1], "misuse", "double-free", NULL));
	cr_expect(rule_is_for(&rules.items[2], "misuse", "malloc-in-signal-handler", NULL));
	cr_expect(rule_is_for(&rules.items[5], "leak", "definite", NULL));
	cr_expect(rules.items[5].caller);
}

Test(suppress_file, classes_narrow_a_kind)
{
	cr_assert(parse("misuse/cond-two-mutexes:a\nmisuse/cond-*:b\nthread/blocked:c\n*:d\n"), "%s", err.text);
	cr_expect(rule_is_for(&rules.items[0], "misuse", "cond-two-mutexes", NULL));
	cr_expect_not(rule_is_for(&rules.items[0], "misuse", "cond-destroy-waiters", NULL));
	cr_expect(rule_is_for(&rules.items[1], "misuse", "cond-destroy-waiters", NULL));
	cr_expect_not(rule_is_for(&rules.items[1], "misuse", NULL, NULL));
	cr_expect_not(rule_is_for(&rules.items[2], "thread-leak", "unjoined", NULL));
	cr_expect(rule_is_for(&rules.items[3], "loss", NULL, NULL));
}

Test(suppress_file, sections_are_for_programs)
{
	cr_assert(parse("leak:a\n[redis-*]\nleak:b\n[*]\nleak:c\n"), "%s", err.text);
	cr_expect(rule_is_for(&rules.items[0], "leak", NULL, "/bin/git"));
	cr_expect_not(rule_is_for(&rules.items[1], "leak", NULL, "/bin/git"));
	cr_expect_not(rule_is_for(&rules.items[1], "leak", NULL, NULL));
	cr_expect(rule_is_for(&rules.items[1], "leak", NULL, "/usr/bin/redis-server"));
	cr_expect(rule_is_for(&rules.items[2], "leak", NULL, "/bin/git"));
}

static void expect_wrong(const char *text, const char *said)
{
	rules_free(&rules);
	cr_expect_not(parse(text), "taken: %s", text);
	cr_expect_eq(err.code, EXIT_USAGE);
	cr_expect(strstr(err.text, said), "no \"%s\" in: %s", said, err.text);
}

Test(suppress_file, wrong_lines_are_told_with_their_place)
{
	expect_wrong("leak:a\nnonsense\n", "rules.supp:2: not a rule: \"nonsense\"");
	expect_wrong("leek:a", "rules.supp:1: no findings of a kind \"leek\"; did you mean leak?");
	expect_wrong("zzzzzzzz:a", "leak, deadlock, thread");
	expect_wrong("misuse/double-fre:a", "no such class: \"misuse/double-fre:a\"; did you mean misuse/double-free?");
	expect_wrong("misuse/zzzzzzzz:a", "no such class: \"misuse/zzzzzzzz:a\"; docs/FINDINGS.md lists them");
	expect_wrong("leak:", "no pattern after \"leak:\"");
	expect_wrong("called_from_lib/x:y", "a class goes with the name of a kind");
	expect_wrong("mutex/mutex-relock:y", "a class goes with the name of a kind");
	expect_wrong("\n\nleak:definite:main", "rules.supp:3: a class goes after a slash, as in leak/definite:PATTERN");
	expect_wrong("[open", "not a section");
	expect_wrong("[]", "not a section");
	cr_expect(parse("leak:definite::f"), "a namespace of that name is a pattern: %s", err.text);
}

Test(suppress_file, frames_are_read)
{
	const struct rule *rule;

	cr_assert(parse("leak:^a$ (libm.so) < ... < (anonymous namespace)::b < operator()\nleak:plain (lib)\n"), "%s",
	          err.text);
	rule = &rules.items[0];
	cr_assert_eq(rule->frame_count, 4);
	cr_expect(rule->chain);
	cr_expect_str_eq(rule->frames[0].name, "^a$");
	cr_expect_str_eq(rule->frames[0].module, "libm.so");
	cr_expect_null(rule->frames[1].name);
	cr_expect_str_eq(rule->frames[2].name, "(anonymous namespace)::b");
	cr_expect_null(rule->frames[2].module);
	cr_expect_str_eq(rule->frames[3].name, "operator()");
	cr_expect_not(rules.items[1].chain);
	cr_expect_str_eq(rules.items[1].frames[0].module, "lib");
}

Test(suppress_file, wrong_frames_are_told)
{
	char many[512] = "leak:a";

	expect_wrong("leak:a <  < b", "a frame is missing");
	expect_wrong("called_from_lib:a < b", "called_from_lib takes a module, and no frames");
	for (int i = 0; i < 31; i++)
		strcat(many, " < a");
	expect_wrong(many, "more than 31 frames");
}

/* A frame without a function has the name that reports print for it. */
Test(suppress_file, frames_without_a_function_are_matched_by_their_place)
{
	const struct rule_frame nameless = {.module = "/usr/lib/libx.so.1", .offset = 0x1f40, .start = 0x1f00},
	                        named = {.function = "f", .module = "/usr/lib/libx.so.1", .offset = 0x1f40};

	cr_assert(parse("leak:libx.so.1+0x*\nleak:libx.so.1+0x* (libx.so.1)\nleak:libx.so.1\nleak:^f$ (liby)\n"
	                "leak:^libx.so.1+0x1f00$\nleak:^libx.so.1+0x1f40$\nleak:^libx.so.1+0x1f4$\n"),
	          "%s", err.text);
	cr_expect(frame_pattern_matches(&rules.items[0].frames[0], &nameless));
	cr_expect_not(frame_pattern_matches(&rules.items[0].frames[0], &named));
	cr_expect(frame_pattern_matches(&rules.items[1].frames[0], &nameless));
	cr_expect_not(frame_pattern_matches(&rules.items[1].frames[0], &named));
	cr_expect(frame_pattern_matches(&rules.items[2].frames[0], &named));
	cr_expect_not(frame_pattern_matches(&rules.items[3].frames[0], &named), "another module");
	cr_expect(frame_pattern_matches(&rules.items[4].frames[0], &nameless), "the start of its function");
	cr_expect(frame_pattern_matches(&rules.items[5].frames[0], &nameless), "the offset of the call");
	cr_expect_not(frame_pattern_matches(&rules.items[6].frames[0], &nameless));
}

Test(suppress_file, what_is_no_text_is_refused)
{
	cr_expect_not(rules_parse(&rules, "binary", "\177ELF\0\0\n", 7, &err));
	cr_expect(strstr(err.text, "binary:1: "), "%s", err.text);
	cr_expect_not(rules_read(&rules, "/no/such/rules", &err));
	cr_expect(strstr(err.text, "/no/such/rules"), "%s", err.text);
	cr_expect_not(rules_read(&rules, "/", &err), "a directory");
	cr_expect_not(rules_read(&rules, "/dev/zero", &err), "no end");
}

/* ---- findings -------------------------------------------------------------------------------- */

static struct stored_run run;

static void make(void)
{
	struct process_end end = {.how = END_EXIT};
	struct finding *leak, *deadlock;
	uint32_t one, two;

	stored_run_make(&run);
	one = stored_run_stack(&run, 2, place_allocate, place_start);
	two = stored_run_stack(&run, 2, place_work, place_start);
	stored_run_finish(&run, end);
	leak = finding_add(run.analysis->findings, FINDING_LEAK_DEFINITE);
	finding_message(leak, "lost, at 100%% of: a, b");
	finding_add_stack(leak, "allocated here", 1, 2000000, one);
	deadlock = finding_add(run.analysis->findings, FINDING_DEADLOCK_PREDICTED);
	finding_message(deadlock, "could deadlock");
	*finding_add_edge(deadlock) = (struct finding_edge){.thread = 2,
	                                                    .held_stack = one,
	                                                    .wanted_stack = two,
	                                                    .held = {.kind = RT_KIND_MUTEX},
	                                                    .wanted = {.kind = RT_KIND_MUTEX}};
	finding_add(run.analysis->findings, FINDING_LOSS_EVENTS);
	cr_assert(stored_run_store(&run, true), "%s", run.err.text);
}
static void remove_run(void) { stored_run_remove(&run); }
TestSuite(suppress_run, .init = make, .fini = remove_run);

/* "deadlock,leak,...": those that are suppressed, in their order */
static void expect_suppressed(const char *text, const char *kinds)
{
	char *lines;

	cr_assert(rules_parse(&run.suppress.rules, "r", text, strlen(text), &run.err), "%s", run.err.text);
	lines = stored_run_render(&run, (struct report){0}, render_lines);
	free(lines);
	cr_expect_str_eq(stored_run_query(&run, "SELECT coalesce(group_concat(kind), '') FROM"
	                                        " (SELECT kind FROM finding WHERE suppressed ORDER BY ordinal)"),
	                 kinds, "by %s", text);
}

Test(suppress_run, nothing_without_rules) { expect_suppressed("", ""); }
Test(suppress_run, function_in_any_frame) { expect_suppressed("leak:^place_start$", "leak"); }
Test(suppress_run, innermost_frame) { expect_suppressed("leak:place_alloc", "leak"); }
Test(suppress_run, frame_of_another_stack) { expect_suppressed("leak:place_work", ""); }
Test(suppress_run, what_is_held) { expect_suppressed("deadlock:place_allocate", "deadlock"); }
Test(suppress_run, what_is_wanted) { expect_suppressed("deadlock/predicted:place_work", "deadlock"); }
Test(suppress_run, another_class) { expect_suppressed("deadlock/realised:place_work", ""); }
Test(suppress_run, file) { expect_suppressed("leak:stored_run.c$", "leak"); }
Test(suppress_run, file_by_its_base_name) { expect_suppressed("leak:^stored_run.c$", "leak"); }
Test(suppress_run, module) { expect_suppressed("*:^unit-tests$", "leak,deadlock"); }
Test(suppress_run, library_that_calls) { expect_suppressed("called_from_lib:unit-tests", "leak,deadlock"); }
Test(suppress_run, a_function_is_no_library) { expect_suppressed("called_from_lib:place_allocate", ""); }
Test(suppress_run, star_needs_no_stack) { expect_suppressed("loss:*", "loss"); }
Test(suppress_run, other_program) { expect_suppressed("[another]\nleak:*", ""); }

Test(suppress_run, function_in_a_module) { expect_suppressed("leak:^place_start$ (unit-tests)", "leak"); }
Test(suppress_run, function_in_another_module) { expect_suppressed("leak:^place_start$ (libc.so)", ""); }
Test(suppress_run, module_that_is_no_function) { expect_suppressed("leak:^unit-tests$ (unit-tests)", ""); }
Test(suppress_run, innermost_frames) { expect_suppressed("leak:^place_allocate$ < ^place_start$", "leak"); }
Test(suppress_run, innermost_frame_alone) { expect_suppressed("leak:^place_allocate$ < *", "leak"); }
Test(suppress_run, outer_frame_is_not_the_innermost) { expect_suppressed("leak:^place_start$ < *", ""); }
Test(suppress_run, frames_in_another_order) { expect_suppressed("leak:^place_start$ < ^place_allocate$", ""); }
Test(suppress_run, more_frames_than_there_are) { expect_suppressed("leak:^place_allocate$ < ^place_start$ < *", ""); }
Test(suppress_run, gap_of_no_frame) { expect_suppressed("leak:^place_allocate$ < ... < ^place_start$", "leak"); }
Test(suppress_run, gap_at_the_start) { expect_suppressed("leak:... < ^place_start$", "leak"); }
Test(suppress_run, gap_without_what_follows) { expect_suppressed("leak:^place_allocate$ < ... < ^main$", ""); }
Test(suppress_run, frames_of_one_stack_of_two)
{
	expect_suppressed("deadlock:^place_work$ < ^place_start$", "deadlock");
}
Test(suppress_run, frames_in_modules) { expect_suppressed("leak:^place_a* (unit-tests) < * (unit-tests)", "leak"); }

Test(suppress_run, default_rules_come_last_and_are_counted_apart)
{
	const char *text = "leak:place_start\ndeadlock:place_work\nleak:nothing\n";
	char *report;

	cr_assert(rules_parse(&run.suppress.rules, "default.supp", text, strlen(text), &run.err));
	for (size_t i = 0; i < run.suppress.rules.count; i++)
		run.suppress.rules.items[i].by_default = i > 0;
	report = stored_run_render(&run, (struct report){.parts = PART_FINDINGS}, render_text);
	cr_expect(strstr(report, "\n2 suppressed, 1 of them by default rules; --no-default-suppressions shows it\n"),
	          "%s", report);
	cr_expect(strstr(report, "\n  1          default.supp:2: deadlock:place_work\n"), "%s", report);
	cr_expect_not(strstr(report, "leak:nothing"), "default rules that match nothing are not listed: %s", report);
	free(report);
}

/* A gap may be followed by frames that it could have ended at earlier. */
Test(suppress_deep, gap_takes_as_many_frames_as_it_needs)
{
	expect_suppressed("leak:... < ^place_work$ < ^place_work$ < ^place_start$", "leak");
}

Test(suppress_run, rules_are_counted_and_the_first_is_named)
{
	expect_suppressed("leak:no_such_function\nleak:place_start\nleak:place_allocate\n", "leak");
	cr_expect_eq(run.suppress.rules.items[0].findings, 0);
	cr_expect_eq(run.suppress.rules.items[1].findings, 1);
	cr_expect_eq(run.suppress.rules.items[2].findings, 1, "the second rule hides that the third would do");
	cr_expect_str_eq(stored_run_query(&run, "SELECT suppressed_by FROM finding WHERE kind = 'leak'"),
	                 "r:2: leak:place_start");
	cr_expect_str_eq(stored_run_query(&run, "SELECT count(*) FROM main.finding WHERE suppressed"), "0",
	                 "the database is as it was");
}

Test(suppress_run, report_lists_rules_and_counts)
{
	const char *text = "leak:place_start\nleak:nothing\n";
	char *report;

	cr_assert(rules_parse(&run.suppress.rules, "r", text, strlen(text), &run.err));
	report = stored_run_render(&run, (struct report){.parts = PART_FINDINGS}, render_text);
	cr_expect(strstr(report, "\n1 suppressed\n"), "%s", report);
	cr_expect(strstr(report, "\n  1          r:1: leak:place_start\n"), "%s", report);
	cr_expect(strstr(report, "\n  unused     r:2: leak:nothing\n"), "%s", report);
	cr_expect_not(strstr(report, "lost, at"), "%s", report);
	free(report);
}

/* ---- what is lost with a leak ------------------------------------------------------------------ */

static void make_parts(void)
{
	struct finding *part;
	uint32_t root, lost;

	stored_run_make(&run);
	root = stored_run_stack(&run, 2, place_allocate, place_start);
	lost = stored_run_stack(&run, 2, place_work, place_start);
	stored_run_finish(&run, (struct process_end){.how = END_EXIT});
	finding_add_stack(finding_add(run.analysis->findings, FINDING_LEAK_DEFINITE), "allocated here", 1, 0, root);
	part = finding_add(run.analysis->findings, FINDING_LEAK_INDIRECT);
	finding_add_stack(part, "allocated here", 1, 0, lost);
	finding_add_stack(part, "lost with blocks allocated here", 1, 0, root);
	cr_assert(stored_run_store(&run, true), "%s", run.err.text);
}
TestSuite(suppress_parts, .init = make_parts, .fini = remove_run);

Test(suppress_parts, go_with_the_leak_that_a_rule_matches)
{
	expect_suppressed("leak/definite:^place_allocate$", "leak,leak");
}
Test(suppress_parts, do_not_take_the_leak_with_them) { expect_suppressed("leak:^place_work$", "leak"); }

Test(suppress_parts, are_not_counted_beside_the_leak)
{
	const char *text = "leak/definite:^place_allocate$";
	char *report;

	cr_assert(rules_parse(&run.suppress.rules, "r", text, strlen(text), &run.err), "%s", run.err.text);
	report = stored_run_render(&run, (struct report){.parts = PART_FINDINGS}, render_text);
	cr_expect(strstr(report, "\n1 suppressed\n"), "%s", report);
	free(report);
}

Test(suppress_parts, go_with_a_leak_of_the_baseline)
{
	run.suppress.baseline = strdup("old.db");
	run.suppress.ids = calloc(1, sizeof *run.suppress.ids);
	run.suppress.ids[run.suppress.id_count++] =
	    strdup(stored_run_query(&run, "SELECT id FROM finding WHERE class = 'definite'"));
	expect_suppressed("", "leak,leak");
}

/* ---- a stack as deep as --depth allows --------------------------------------------------------- */

static void make_deepest(void)
{
	uint32_t stack;

	stored_run_make(&run);
	stack = stored_run_deep_stack(&run, RT_DEPTH_MOST, place_start);
	stored_run_finish(&run, (struct process_end){.how = END_EXIT});
	finding_add_stack(finding_add(run.analysis->findings, FINDING_LEAK_DEFINITE), "allocated here", 1, 0, stack);
	cr_assert(stored_run_store(&run, true), "%s", run.err.text);
}
TestSuite(suppress_deep, .init = make_deepest, .fini = remove_run);

Test(suppress_deep, rules_meet_its_outermost_frame) { expect_suppressed("leak:^place_start$", "leak"); }

Test(suppress_deep, reports_and_sql_have_its_outermost_frame)
{
	struct report report = {.parts = PART_FINDINGS, .full_stacks = true};
	char *text = stored_run_render(&run, report, render_text);

	cr_expect(strstr(text, "#4095 place_start"), "%s", text);
	cr_expect_str_eq(stored_run_query(&run,
	                                  "SELECT depth FROM v_stack WHERE process = 1 AND function = 'place_start'"
	                                  " AND stack = (SELECT stack FROM finding_stack)"),
	                 "4095");
	free(text);
}

/* ---- lists ------------------------------------------------------------------------------------- */

Test(suppress_run, lines_are_as_compilers_have_them)
{
	char *text = stored_run_render(&run, (struct report){.query.only = "leak"}, render_lines);

	cr_expect(strstr(text, "stored_run.c:"), "%s", text);
	cr_expect(strstr(text, ": leak:definite: lost, at 100% of: a, b ["), "%s", text);
	cr_expect_eq(strchr(text, '\n') - text + 1, (long)strlen(text), "one line: %s", text);
	free(text);
}

Test(suppress_run, annotations_are_escaped)
{
	char *text = stored_run_render(&run, (struct report){.query.only = "leak"}, render_github);

	cr_expect_eq(strncmp(text, "::error file=", 13), 0, "%s", text);
	cr_expect(strstr(text, ",title=leak%3Adefinite in place_allocate::lost, at 100%25 of: a, b%0Aallocated here"),
	          "%s", text);
	cr_expect_eq(strchr(text, '\n') - text + 1, (long)strlen(text), "one line: %s", text);
	free(text);
}

Test(suppress_run, rules_that_are_proposed_suppress_what_they_were_made_for)
{
	char *text = stored_run_render(&run, (struct report){0}, render_rules);
	struct suppress suppress = {0};

	cr_assert(rules_parse(&suppress.rules, "made", text, strlen(text), &err), "%s\n%s", err.text, text);
	cr_assert_eq(suppress.rules.count, 3, "%s", text);
	cr_expect_eq(sqlite3_exec(run.store.db, "DROP VIEW temp.finding; DROP TABLE suppressed; DROP TABLE baseline",
	                          NULL, NULL, NULL),
	             SQLITE_OK);
	cr_assert(suppress_apply(&suppress, run.store.db, &err), "%s", err.text);
	cr_expect_str_eq(stored_run_query(&run, "SELECT count(*) FROM finding WHERE NOT suppressed"), "0", "%s", text);
	suppress_free(&suppress);
	free(text);
}
