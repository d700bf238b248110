/* For CI: exit statuses, suppressions and baselines, the formats as their readers take them, and the how-to's
 * examples. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/harness/rt.h"

TEST_SUITE(gate);

static void write_file(const struct rt *rt, const char *name, const char *text)
{
	char path[RT_PATH + 64];

	snprintf(path, sizeof path, "%s/%s", rt->work, name);
	FILE *file = fopen(path, "w");
	cr_assert(file && fputs(text, file) >= 0 && !fclose(file), "cannot write %s", path);
}

/* `ringtail LINE` with a program of ours and a file of rules, rules.supp. */
static struct outcome tool_with(struct rt *rt, const char *rules, const char *line)
{
	write_file(rt, "rules.supp", rules ? rules : "");
	return rt_tool(rt, line);
}

static void expect(const struct outcome *outcome, const char *line, int status, const char *out, const char *err)
{
	cr_expect_eq(outcome->status, status, "ringtail %s: status %d, not %d: %s", line, outcome->status, status,
	             outcome->err);
	cr_expect(strstr(outcome->out, out), "ringtail %s: stdout lacks \"%s\": %s", line, out, outcome->out);
	cr_expect(strstr(outcome->err, err), "ringtail %s: stderr lacks \"%s\": %s", line, err, outcome->err);
}

/* ---- run --fail-on -------------------------------------------------------------------------------- */

static void expect_run(const char *options, const char *program, const char *rules, int status, const char *err)
{
	struct rt rt = rt_new();

	write_file(&rt, "rules.supp", rules);
	rt_program_with(&rt, MODE_RUN, options, program);
	expect(&rt.program, options, status, "", err);
	rt_end(&rt);
}

/* RUN(name, "options", "program", "rules", exit status, "in stderr") */
#define RUN(name, options, program, rules, status, err)                                                                \
	Test(gate, run_##name) { expect_run(options, program, rules, status, err); }
#define RULES "--suppressions=rules.supp "

RUN(finds, "--fail-on=default", "demo", "", 66, "demo.c:18: leak:definite: ")
RUN(counts, "--fail-on=default", "demo", "", 66, "check failed: 3 findings\n")
RUN(says_it_though_quiet, "--fail-on=default --quiet", "demo", "", 66, "leak:definite: ")
RUN(finds_nothing_of_the_kind, "--fail-on=leak:possible,misuse", "demo", "", 0, "check passed\n")
RUN(keeps_the_status, "--fail-on=default", "sh -c 'exit 7'", "", 7, "check passed\n")
RUN(wins_over_the_status, "--fail-on=default", "lost_basket 7", "", 66, "exited with status 7")
RUN(loses_to_a_deadlock_that_it_ended, "--fail-on=default --on-deadlock=kill", "abba_hang", "", 67,
    "deadlock:realised: ")
RUN(passes_blocked_threads, "--fail-on=default", "blocked_at_exit", "", 0, "check passed\n")
RUN(passes_idle_workers, "--fail-on=default", "left_threads idle_workers", "", 0, "check passed\n")
RUN(asked_for_blocked_threads, "--fail-on=thread-leak:blocked", "left_threads detached_waiters", "", 66,
    "a thread created here, which runs answer, was still blocked on a sem (reply) at exit")
RUN(names_a_part_of_a_variable, "--fail-on=thread-leak:blocked", "left_threads detached_on_lock", "", 66,
    "which runs take, was still blocked on a mutex (table+8) at exit")
RUN(is_told_all, RULES "--fail-on=default", "demo", "*:*\n", 0, "check passed, 3 suppressed")
RUN(is_told_some, RULES "--fail-on default", "demo", "leak:print_receipt\nthread:main\n", 66, "1 finding, 2 suppressed")
RUN(knows_programs, RULES "--fail-on=default", "demo", "[other]\n*:*\n", 66, "unused suppression: rules.supp:2: *:*")
RUN(summary_counts, RULES, "demo", "*:*\n", 0, "3 suppressed")
RUN(cannot_watch, "--fail-on=default", "musl_binary", "", 70, "the check could not be made: nothing was recorded")
RUN(records_nothing, "--fail-on=default", "static_binary", "", 70, "the check could not be made: nothing was recorded")
RUN(wrong_kind, "--fail-on=leek", "demo", "", 64, "leak, deadlock")
RUN(means_another_kind, "--fail-on=leaks", "demo", "", 64, "; did you mean leak?\n")
RUN(needs_no_scan_without_blocks, "--fail-on=leak --scan=no", "true", "", 0, "check passed\n")
RUN(says_that_the_heap_was_not_watched, "--fail-on=leak --heap=no", "demo", "", 0,
    "check passed, but no leaks were looked for in 1 process (--heap=no)\n")
RUN(says_that_locks_were_not_watched, "--fail-on=deadlock,misuse --locks=no", "true", "", 0,
    "check passed, but no deadlocks were looked for in 1 process (--locks=no)\n")
RUN(needs_no_tracer_of_one_thread, "--fail-on=race:data", "true", "", 0, "check passed\n")
RUN(says_that_no_data_races_are_looked_for, "--fail-on=race:data", "short_threads", "", 0,
    "check passed, but no data races were looked for in 1 process (ringtail run --races looks for them)\n")
RUN(looks_for_races, "--fail-on=race", "true", "", 0, "check passed\n")
RUN(wrong_rule, RULES, "demo", "leak\n", 64, "rules.supp:1: not a rule: \"leak\"")
RUN(no_rules, "--suppressions=none.supp", "demo", "", 64, "none.supp")
RUN(no_baseline, "--baseline=none", "demo", "", 65, "none")

Test(gate, rules_are_read_before_the_program_runs)
{
	struct rt rt = rt_new();

	rt_program_with(&rt, MODE_RUN, "--suppressions=none.supp", "demo");
	cr_expect_str_empty(rt.program.out, "it ran: %s", rt.program.out);
	cr_expect(access(rt.run, F_OK), "it left a directory");
	rt_end(&rt);
}

/* ---- check, and the other reports ------------------------------------------------------------------- */

static void expect_tool(const char *rules, const char *line, int status, const char *out, const char *err)
{
	struct rt rt = rt_new();

	rt_program(&rt, MODE_RUN, "demo");
	struct outcome outcome = tool_with(&rt, rules, line);
	expect(&outcome, line, status, out, err);
	outcome_free(&outcome);
	rt_end(&rt);
}

/* TOOL(name, "rules", "ringtail's arguments", exit status, "in stdout", "in stderr") */
#define TOOL(name, rules, line, status, out, err)                                                                      \
	Test(gate, name) { expect_tool(rules, line, status, out, err); }
#define RULE_FILE " --suppressions rules.supp"

TOOL(check_finds, "", "check RUN", 66, "demo.c:67: thread-leak:unjoined: ", "check failed: 3 findings\n")
TOOL(check_of_a_kind, "", "check RUN --fail-on deadlock", 66, "deadlock:predicted: ", "check failed: 1 finding\n")
TOOL(check_of_another, "", "check RUN --fail-on misuse:double-free", 0, "", "check passed\n")
TOOL(check_of_default_and_more, "", "check RUN --fail-on leak:reachable,default", 66,
     "leak:reachable: ", "7 findings\n")
TOOL(check_suppressed, "*:*", "check RUN" RULE_FILE, 0, "", "check passed, 3 suppressed\n")
TOOL(check_repeated_rules, "leak:*", "check RUN --suppressions /dev/null" RULE_FILE, 66, "",
     "2 findings, 1 suppressed\n")
TOOL(check_baseline, "", "check RUN --baseline RUN", 0, "", "check passed, 3 suppressed\n")
TOOL(check_wrong_kind, "", "check RUN --fail-on misuse:double-fre", 64, "", "misuse")
TOOL(check_wrong_rule, "\n\nleek:x", "check RUN" RULE_FILE, 64, "", "rules.supp:3: ")
TOOL(check_wrong_format, "", "check RUN --format html", 64, "", "text, json, sarif, junit or github")
TOOL(check_no_baseline, "", "check RUN --baseline nothing", 65, "", "--baseline: no run nothing")
TOOL(check_no_run, "", "check nothing", 65, "", "no run nothing")
TOOL(check_option_of_report, "", "check RUN --only leak", 64, "", "which report and diff have")
TOOL(report_option_of_check, "", "report RUN --fail-on leak", 64, "", "which run and check have")
TOOL(heap_has_no_findings, "", "heap RUN" RULE_FILE, 64, "", "which run, report, check, leaks, deadlocks and diff have")
TOOL(report_counts, "leak:print_receipt", "report RUN" RULE_FILE, 0, "\n1 suppressed\n", "")
TOOL(report_lists_rules, "leak:zzz", "report RUN" RULE_FILE, 0, "  unused     rules.supp:1: leak:zzz\n", "")
TOOL(leaks_without, "leak:*", "leaks RUN" RULE_FILE, 0, "NO FINDINGS", "")
TOOL(deadlocks_without, "deadlock:sell", "deadlocks RUN" RULE_FILE, 0, "NO FINDINGS", "")
TOOL(json_keeps_them, "leak:print_receipt", "check RUN --format json" RULE_FILE, 66,
     "\"suppressed\": true, \"suppressed_by\": \"rules.supp:1: leak:print_receipt\"", "")
TOOL(annotations, "", "check RUN --format github", 66, "::error file=", "")
TOOL(proposed_rules, "", "report RUN --format suppressions", 0, "\nleak/definite:^print_receipt$\n", "")

/* A killed process cannot be scanned: whether its live blocks are leaks is not known. */
Test(gate, check_says_that_no_scan_was_possible)
{
	static const char unjudged[] =
	    "check passed, but leaks of 1 process could not be judged: the process was killed by SIGKILL: "
	    "its memory was gone\n";
	struct rt rt = rt_new();

	rt_program(&rt, MODE_RUN, "killed");
	struct outcome outcome = rt_tool(&rt, "check RUN --fail-on leak:definite");
	expect(&outcome, "check --fail-on leak:definite", 0, "", unjudged);
	outcome_free(&outcome);
	outcome = rt_tool(&rt, "check RUN --fail-on misuse");
	expect(&outcome, "check --fail-on misuse", 0, "", "check passed\n");
	outcome_free(&outcome);
	rt_end(&rt);
}

/* ---- what cannot be read ------------------------------------------------------------------------------ */

static void shell(const struct rt *rt, const char *script)
{
	const char *argv[] = {"sh", "-ec", script, rt->run, NULL};
	struct outcome outcome = spawn((struct command){.argv = argv, .directory = rt->work});

	cr_assert_eq(outcome.status, 0, "%s: %s", script, outcome.err);
	outcome_free(&outcome);
}

static void expect_unreadable(const char *script)
{
	struct rt rt = rt_new();

	rt_program(&rt, MODE_RUN, "demo");
	shell(&rt, script);
	struct outcome outcome = rt_tool(&rt, "check RUN");
	cr_expect_eq(outcome.status, 65, "%s: status %d: %s%s", script, outcome.status, outcome.out, outcome.err);
	outcome_free(&outcome);
	outcome = rt_tool(&rt, "check RUN --baseline RUN");
	cr_expect_eq(outcome.status, 65, "%s: as baseline: status %d: %s", script, outcome.status, outcome.err);
	outcome_free(&outcome);
	rt_end(&rt);
}

#define UNREADABLE(name, script)                                                                                       \
	Test(gate, unreadable_##name) { expect_unreadable("rm -f \"$0\"/*.ring; " script); }
UNREADABLE(truncated, "truncate -s 20000 \"$0/ringtail.db\"")
UNREADABLE(empty, "truncate -s 0 \"$0/ringtail.db\"")
UNREADABLE(nonsense, "head -c 30000 /dev/zero | tr '\\0' x > \"$0/ringtail.db\"")
UNREADABLE(other_version, "sqlite3 \"$0/ringtail.db\" 'pragma user_version = 99'")

/* A baseline may be a database without its run, under any name. */
Test(gate, baseline_is_a_database)
{
	struct rt rt = rt_new();

	rt_program(&rt, MODE_RUN, "demo");
	shell(&rt, "cp \"$0/ringtail.db\" old.db; echo nonsense > bad.db");
	struct outcome outcome = rt_tool(&rt, "check RUN --baseline old.db");
	expect(&outcome, "--baseline old.db", 0, "", "check passed, 3 suppressed");
	outcome_free(&outcome);
	outcome = rt_tool(&rt, "check RUN --baseline bad.db");
	expect(&outcome, "--baseline bad.db", 65, "", "bad.db is not a database");
	outcome_free(&outcome);
	rt_end(&rt);
}

/* ---- formats --------------------------------------------------------------------------------------------
 */

static void expect_schema(const char *path) { cr_assert(access(path, R_OK) == 0, "%s is missing: make schemas", path); }

static const char expected_sarif[] = "deadlock:predicted error demo.c 35 4 16 \n"
                                     "leak:definite error demo.c 18 1 16 suppressed\n"
                                     "thread-leak:unjoined error demo.c 67 2 16 \n";

Test(gate, sarif_is_valid)
{
	struct rt rt = rt_new();
	const char *schema = rt_built("schemas/sarif-2.1.0-rtm.5.json");
	const char *argv[] = {"/usr/bin/python3", "data/ci/sarif.py", schema, "out.sarif", NULL};

	expect_schema(schema);
	rt_program(&rt, MODE_RUN, "demo");
	struct outcome outcome = tool_with(&rt, "leak:print_receipt\n", "check RUN --format sarif" RULE_FILE);
	write_file(&rt, "out.sarif", outcome.out);
	outcome_free(&outcome);
	outcome = spawn((struct command){.argv = argv, .directory = rt.work});
	cr_expect_eq(outcome.status, 0, "%s", outcome.err);
	cr_expect_str_eq(outcome.out, expected_sarif, "%s", outcome.out);
	outcome_free(&outcome);
	rt_end(&rt);
}

static void expect_junit(const char *schema_name, const char *line, const char *const *texts)
{
	struct rt rt = rt_new();
	const char *schema = rt_built(schema_name);
	const char *argv[] = {"xmllint", "--noout", "--schema", schema, "out.xml", NULL};

	expect_schema(schema);
	rt_program(&rt, MODE_RUN, "demo");
	struct outcome outcome = tool_with(&rt, "leak:print_receipt\n", line);
	write_file(&rt, "out.xml", outcome.out);
	for (; *texts; texts++)
		cr_expect(strstr(outcome.out, *texts), "no %s in: %s", *texts, outcome.out);
	outcome_free(&outcome);
	outcome = spawn((struct command){.argv = argv, .directory = rt.work});
	cr_expect_eq(outcome.status, 0, "%s", outcome.err);
	outcome_free(&outcome);
	rt_end(&rt);
}

Test(gate, junit_is_valid_for_ant)
{
	static const char *const texts[] = {
	    " tests=\"9\" failures=\"3\" errors=\"0\" ", "name=\"leak:definite in print_receipt [",
	    "<testcase classname=\"ringtail\" name=\"leak:indirect\" time=\"0\"/>", NULL};

	expect_junit("schemas/JUnit.xsd", "check RUN --format junit", texts);
}

Test(gate, junit_is_valid_for_jenkins)
{
	static const char *const texts[] = {" tests=\"9\" failures=\"2\" errors=\"0\" ",
	                                    "<skipped>suppressed by rules.supp:1: leak:print_receipt</skipped>", NULL};

	expect_junit("schemas/jenkins-junit.xsd", "check RUN --format junit" RULE_FILE, texts);
}

/* ---- docs/HOWTO_CI.md
 * -------------------------------------------------------------------------------------- */

/* A shell script in a copy of the shop's sources, with ringtail on PATH, the document as $DOC, and rules. */
static void expect_example(const char *rules, const char *script, int status, const char *said)
{
	struct rt rt = rt_new();
	char path[RT_PATH * 2], document[RT_PATH], here[RT_PATH];
	const char *env[] = {path, document, NULL};
	const char *argv[] = {"sh", "-ec", script, NULL};

	cr_assert(getcwd(here, sizeof here - 32));
	snprintf(path, sizeof path, "PATH=%s:%s", rt_built("."), getenv("PATH"));
	snprintf(document, sizeof document, "DOC=%.400s/docs/HOWTO_CI.md", here);
	write_file(&rt, "ringtail.supp", rules);
	shell(&rt, "cp data/../../programs/lost_basket.c tests.c");
	struct outcome outcome =
	    spawn((struct command){.argv = argv, .env = env, .directory = rt.work, .timeout = 120});
	cr_expect_eq(outcome.status, status, "status %d: %s%s", outcome.status, outcome.out, outcome.err);
	cr_expect(strstr(outcome.out, said) || strstr(outcome.err, said), "no \"%s\" in: %s%s", said, outcome.out,
	          outcome.err);
	outcome_free(&outcome);
	rt_end(&rt);
}

#define MAKE "data/ci/block.py \"$DOC\" makefile > Makefile; make check; make check-ringtail"
#define CTEST                                                                                                          \
	"data/ci/block.py \"$DOC\" cmake > CMakeLists.txt; cmake -S . -B build > /dev/null; cmake --build "            \
	"build > /dev/null; "                                                                                          \
	"cd build; ctest --output-on-failure"
#define SCRIPT(path)                                                                                                   \
	"data/ci/block.py \"$DOC\" makefile > Makefile; data/ci/block.py \"$DOC\" yaml " path " > job; sh -ex job"
#define KNOWN "leak:fill_basket\n"

/* make's own status is 2, ctest's is 8 */
Test(gate, howto_make_fails) { expect_example("", MAKE, 2, "tests.c:7: leak:definite: "); }
Test(gate, howto_make_passes) { expect_example(KNOWN, MAKE, 0, "check passed, 1 suppressed"); }
Test(gate, howto_ctest_fails, .timeout = 200) { expect_example("", CTEST, 8, "tests.c:7: leak:definite: "); }
Test(gate, howto_ctest_passes, .timeout = 200) { expect_example(KNOWN, CTEST, 0, "100% tests passed"); }
Test(gate, howto_github_fails)
{
	expect_example("", SCRIPT("jobs.ringtail.steps"), 66, "::error file=tests.c,line=7,");
}
Test(gate, howto_github_passes)
{
	expect_example(KNOWN, SCRIPT("jobs.ringtail.steps") "; grep -q suppressions ringtail.sarif", 0, "");
}
Test(gate, howto_gitlab_fails) { expect_example("", SCRIPT("ringtail.script"), 66, "tests.c:7: leak:definite: "); }
Test(gate, howto_gitlab_passes)
{
	expect_example(KNOWN, SCRIPT("ringtail.script") "; grep -q skipped ringtail.xml", 0, "");
}

Test(gate, howto_baseline)
{
	expect_example("",
	               "make -s tests CFLAGS=-g; ringtail run -o old -- ./tests; cp old/ringtail.db baseline.db;"
	               "ringtail run --fail-on=default --baseline=baseline.db -- ./tests",
	               0, "check passed, 1 suppressed");
}
