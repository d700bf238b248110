/* How processes end, and the classes of their blocks then: endings.def; and obstacles to the leak scan. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/harness/memcheck.h"

TEST_SUITE(endings);

static void run_exits(struct rt *rt, enum mode mode, const char *argument, int status)
{
	char line[64];

	snprintf(line, sizeof line, "exits %s", argument);
	*rt = rt_new();
	rt_program(rt, mode, line);
	cr_expect_eq(rt->program.status, status, "%s: status %d: %s", line, rt->program.status, rt->program.err);
}

static void expect_scanned(enum mode mode, const char *argument, const char *how, int status, const char *expected)
{
	struct rt rt;

	run_exits(&rt, mode, argument, status);
	json_t *process = rt_process(&rt, "exits");
	struct leak_sums sums = leaks_of_process(process);
	char *text = leak_sums_text(&sums);
	cr_expect(json_is_true(json_at(process, "leak_scan.done")));
	cr_expect_str_eq(json_text(process, "end.how"), how);
	cr_expect_str_eq(text, expected, "exits %s: %s; not %s", argument, text, expected);
	if (strcmp(text, expected))
		rt_explain(&rt, "--only leak,loss");
	cr_expect_not(strstr(rt.program.err, "look"), "stderr: %s", rt.program.err);
	free(text);
	rt_end(&rt);
}

/* Four blocks, 292 bytes in all, that were not classed. */
static void expect_live_at_death(const json_t *process, const char *why)
{
	const char *why_not = json_text(process, "leak_scan.why_not");
	long long blocks = 0, bytes = 0;
	const json_t *finding;
	size_t i;

	cr_expect(json_is_false(json_at(process, "leak_scan.done")));
	cr_expect(strstr(why_not, why), "why not: %s; not: %s", why_not, why);
	json_array_foreach(json_object_get(process, "findings"), i, finding)
	{
		if (strcmp(json_text(finding, "kind"), "leak"))
			continue;
		cr_expect_str_eq(json_text(finding, "class"), "live-at-death");
		blocks += json_number(finding, "blocks");
		bytes += json_number(finding, "bytes");
	}
	cr_expect_eq(blocks, 4, "%lld blocks", blocks);
	cr_expect_eq(bytes, 292, "%lld bytes", bytes);
}

static void expect_missed(enum mode mode, const char *argument, int status, const char *why)
{
	struct rt rt;

	run_exits(&rt, mode, argument, status);
	expect_live_at_death(rt_process(&rt, "exits"), why);
	rt_end(&rt);
}

static void expect_unseen(enum mode mode, const char *argument, int status, const char *why)
{
	expect_missed(mode, argument, status, mode == MODE_RUN ? why : "");
}

#define SCANNED(name, ...)                                                                                             \
	Test(endings, name##_run) { expect_scanned(MODE_RUN, #name, __VA_ARGS__); }                                    \
	Test(endings, name##_preload) { expect_scanned(MODE_PRELOAD, #name, __VA_ARGS__); }
#define UNSEEN(name, ...)                                                                                              \
	Test(endings, name##_run) { expect_unseen(MODE_RUN, #name, __VA_ARGS__); }                                     \
	Test(endings, name##_preload) { expect_unseen(MODE_PRELOAD, #name, __VA_ARGS__); }
#define MISSED(name, ...)                                                                                              \
	Test(endings, name##_run) { expect_missed(MODE_RUN, #name, __VA_ARGS__); }                                     \
	Test(endings, name##_preload) { expect_missed(MODE_PRELOAD, #name, __VA_ARGS__); }
#include "tests/e2e/tables/endings.def"

/* ---- no process may look at the program ------------------------------------------------------------ */

static int lines(const char *text)
{
	int count = 0;

	for (; *text; text++)
		count += *text == '\n';
	return count;
}

/* Words in front of a command by which ptrace is refused in it: as in a container, by a filter of system calls; or, for
 * a program that is not dumpable, because root's capability is missing. */
static const char *without_ptrace(void) { return rt_built("programs/no_ptrace"); }
static void for_root_alone(void)
{
	if (geteuid())
		cr_skip_test("only root can become another user");
}

static const char *without_capability(void) { return geteuid() ? "env" : "setpriv --bounding-set=-sys_ptrace"; }

static void expect_refused(enum mode mode, const char *without, const char *argument, int status, const char *why)
{
	struct rt rt = rt_new();
	char line[4 * RT_PATH];

	if (mode == MODE_RUN)
		snprintf(line, sizeof line, "%s %s run --quiet -o %s -- %s %s", without, rt_built("ringtail"), rt.run,
		         rt_built("programs/exits"), argument);
	else
		snprintf(line, sizeof line, "%s env LD_PRELOAD=%s RINGTAIL=run=%s %s %s", without,
		         rt_built("libringtail.so"), rt.run, rt_built("programs/exits"), argument);
	rt_program(&rt, MODE_BARE, line);
	cr_expect_eq(rt.program.status, status, "%s: status %d: %s", line, rt.program.status, rt.program.err);
	cr_expect_eq(lines(rt.program.err), 1, "stderr: %s", rt.program.err);
	cr_expect(strstr(rt.program.err, mode == MODE_RUN ? "SYS_PTRACE" : "`ringtail leaks`"), "stderr: %s",
	          rt.program.err);
	expect_live_at_death(rt_process(&rt, "exits"), why);
	rt_end(&rt);
}

Test(endings, ptrace_filtered_run)
{
	expect_refused(MODE_RUN, without_ptrace(), "exit", 3, "(seccomp) refuses ptrace");
}
Test(endings, ptrace_filtered_preload)
{
	expect_refused(MODE_PRELOAD, without_ptrace(), "exit", 3, "(seccomp) refuses ptrace");
}
Test(endings, not_dumpable_run)
{
	expect_refused(MODE_RUN, without_capability(), "not_dumpable", 10, "made itself not dumpable");
}
Test(endings, not_dumpable_preload)
{
	expect_refused(MODE_PRELOAD, without_capability(), "not_dumpable", 10, "made itself not dumpable");
}

/* valgrind ends a program that makes a process in the way in which the shim starts its tools. */
Test(endings, under_valgrind_preload)
{
	char line[RT_PATH + 64];
	struct rt rt = rt_new();

	snprintf(line, sizeof line, "valgrind -q %s", rt_built("programs/leak_simple"));
	rt_program(&rt, MODE_PRELOAD, line);
	cr_expect_eq(rt.program.status, 0, "%s", rt.program.err);
	const json_t *process = rt_process(&rt, "leak_simple");
	cr_expect(json_is_false(json_at(process, "leak_scan.done")));
	cr_expect(strstr(json_text(process, "leak_scan.why_not"), "under valgrind"), "%s",
	          json_text(process, "leak_scan.why_not"));
	rt_end(&rt);
}

/* A program that has changed its user, as servers do, so that it is not the tool's. */
Test(endings, other_user_refused_run)
{
	for_root_alone();
	expect_refused(MODE_RUN, without_capability(), "other_user", 11, "belongs to user 65534");
}

Test(endings, other_user_refused_preload)
{
	for_root_alone();
	expect_refused(MODE_PRELOAD, "env", "other_user", 11, "another user");
}

Test(endings, other_user_scanned)
{
	for_root_alone();
	expect_scanned(MODE_RUN, "other_user", "exit", 11, "definite=1/100 reachable=3/192");
}

/* In a user namespace of its own, in which the user who runs it is root, or has no name. */
static void expect_scanned_in_namespace(enum mode mode, const char *options)
{
	struct rt rt = rt_new();
	char line[2 * RT_PATH];

	snprintf(line, sizeof line, "unshare %s true", options);
	rt_program(&rt, MODE_BARE, line);
	if (rt.program.status)
		cr_skip_test("no user namespaces: %s", rt.program.err);
	outcome_free(&rt.program);
	snprintf(line, sizeof line, "unshare %s %s exit", options, rt_built("programs/exits"));
	rt_program(&rt, mode, line);
	cr_expect_eq(rt.program.status, 3, "%s: status %d: %s", line, rt.program.status, rt.program.err);
	struct leak_sums sums = leaks_of_process(rt_process(&rt, "exits"));
	char *text = leak_sums_text(&sums);
	cr_expect_str_eq(text, "definite=1/100 reachable=3/192", "%s: %s", line, text);
	free(text);
	rt_end(&rt);
}

Test(endings, user_namespace_run) { expect_scanned_in_namespace(MODE_RUN, "--user"); }
Test(endings, user_namespace_preload) { expect_scanned_in_namespace(MODE_PRELOAD, "--user"); }
Test(endings, user_namespace_of_root_run) { expect_scanned_in_namespace(MODE_RUN, "--user --map-root-user"); }
Test(endings, user_namespace_of_root_preload) { expect_scanned_in_namespace(MODE_PRELOAD, "--user --map-root-user"); }

/* ---- a scan whose result is not there: no cause is guessed ---------------------------------------------- */

static void expect_no_result(enum mode mode, const char *after, const char *why)
{
	struct rt rt;

	run_exits(&rt, mode, "exit", 3);
	outcome_free(&rt.program);
	rt_program(&rt, MODE_BARE, after);
	expect_live_at_death(rt_process(&rt, "exits"), why);
	rt_end(&rt);
}

/* The live reader keeps the result in memory until it stores it; this run is read before that. */
Test(endings, a_scan_that_was_not_stored)
{
	expect_no_result(MODE_RUN, "sh -c 'rm ../run/ringtail.db'",
	                 "`ringtail run` had made it, and ended before it was stored");
}

Test(endings, a_scan_file_that_is_gone)
{
	expect_no_result(MODE_PRELOAD, "sh -c 'rm ../run/*.scan'", "cannot be read: No such file or directory");
}

Test(endings, a_scan_file_that_is_damaged)
{
	expect_no_result(MODE_PRELOAD, "sh -c 'truncate -s 20 ../run/*.scan'", "the .scan file is damaged");
}
