/* Programs in PID namespaces of their own: a pid of one namespace is another process in the other, or none. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/harness/memcheck.h"
#include "tests/harness/server.h"

TEST_SUITE(namespaces);

#define LEAKS   "definite=7/448 reachable=1/1000" /* of leak_simple */
#define NO_PROC "bwrap --unshare-all --dev-bind / / --tmpfs /proc"

/* Skips the test if this machine cannot start a test program with these words in front. */
static void need(const char *words)
{
	struct rt rt = rt_new();
	char line[2 * RT_PATH];

	snprintf(line, sizeof line, "%s %s", words, rt_built("programs/leak_simple"));
	rt_program(&rt, MODE_BARE, line);
	int status = rt.program.status;
	rt_end(&rt);
	if (status)
		cr_skip_test("not possible here: %s", line);
}

static void expect_leaks(struct rt *rt, const char *expected)
{
	const json_t *process = rt_process(rt, "leak_simple");
	struct leak_sums sums = leaks_of_process(process);
	char *text = leak_sums_text(&sums);

	cr_expect_eq(rt->program.status, 0, "status %d: %s", rt->program.status, rt->program.err);
	cr_expect_str_eq(text, expected, "%s: %s", text, json_dumps(json_at(process, "leak_scan"), 0));
	free(text);
}

/* ---- scans at the end ---------------------------------------------------------------------------- */

static void expect_scan(enum mode mode, const char *words)
{
	struct rt rt = rt_new();
	char line[2 * RT_PATH];

	need(words);
	snprintf(line, sizeof line, "%s %s", words, rt_built("programs/leak_simple"));
	rt_program(&rt, mode, line);
	expect_leaks(&rt, LEAKS);
	rt_end(&rt);
}

/* `ringtail run` itself runs within the namespace. */
static void expect_scan_inside(const char *words)
{
	struct rt rt = rt_new();
	char line[3 * RT_PATH];

	need(words);
	snprintf(line, sizeof line, "%s %s run -o %s %s", words, rt_built("ringtail"), rt.run,
	         rt_built("programs/leak_simple"));
	rt_program(&rt, MODE_BARE, line);
	expect_leaks(&rt, LEAKS);
	rt_end(&rt);
}

#define SPACE(name, words)                                                                                             \
	Test(namespaces, name##_run) { expect_scan(MODE_RUN, words); }                                                 \
	Test(namespaces, name##_preload) { expect_scan(MODE_PRELOAD, words); }                                         \
	Test(namespaces, name##_inside) { expect_scan_inside(words); }
#include "tests/e2e/tables/namespaces.def"

/* Without a /proc the program knows neither its namespace nor its start time. */
Test(namespaces, no_proc_run) { expect_scan(MODE_RUN, NO_PROC); }

static void expect_told(const struct rt *rt, const json_t *process, const char *why)
{
	const char *told = json_text(process, "leak_scan.why_not");

	cr_expect(strstr(told, why), "%s", told);
	cr_expect_eq(rt->program.status, 0, "status %d: %s", rt->program.status, rt->program.err);
}

Test(namespaces, no_proc_preload)
{
	struct rt rt = rt_new();
	char line[2 * RT_PATH];

	need(NO_PROC);
	snprintf(line, sizeof line, NO_PROC " %s", rt_built("programs/leak_simple"));
	rt_program(&rt, MODE_PRELOAD, line);
	expect_told(&rt, rt_process(&rt, "leak_simple"), "/proc is missing");
	rt_end(&rt);
}

/* Two runs at a time, in which a program of one name has one pid: each is told by the ring file that it maps. */
Test(namespaces, no_proc_two_runs)
{
	struct rt first = rt_new(), second = rt_new();
	char line[2 * RT_PATH], *sums;

	need(NO_PROC);
	snprintf(line, sizeof line, NO_PROC " --die-with-parent %s self", rt_built("programs/hangs"));
	struct child child = rt_start(&first, MODE_RUN, line);
	cr_assert(spawn_wait_for_lines(&child, "hangs", 1, 60));
	snprintf(line, sizeof line, NO_PROC " %s destroyed_in_time_ok", rt_built("programs/hangs"));
	rt_program(&second, MODE_RUN, line);
	struct leak_sums found = leaks_of_process(rt_process(&second, "hangs"));
	sums = leak_sums_text(&found);
	cr_expect(strstr(sums, "reachable="), "%s", sums);
	free(sums);
	kill(child.pid, SIGKILL);
	first.program = spawn_wait(&child);
	rt_end(&second);
	rt_end(&first);
}

/* A process whose children are born in another namespace: `ringtail-scan` must not be the first of these, because the
 * kernel allows no more once the first one has ended. */
static void expect_children(enum mode mode)
{
	struct rt rt = rt_new();
	json_t *process;

	need("unshare -Urp");
	rt_program(&rt, mode, "unshare -Urp sh -c '(exit 3); echo $?'");
	cr_expect_str_eq(rt.program.out, "3\n", "%s%s", rt.program.out, rt.program.err);
	process = rt_process(&rt, "unshare");
	if (mode == MODE_PRELOAD)
		expect_told(&rt, process, "born in another PID namespace");
	else
		cr_expect(json_is_true(json_at(process, "leak_scan.done")));
	rt_end(&rt);
}

Test(namespaces, children_elsewhere_run) { expect_children(MODE_RUN); }
Test(namespaces, children_elsewhere_preload) { expect_children(MODE_PRELOAD); }

/* ---- several processes of one number ---------------------------------------------------------------- */

/* Six forks in each of two namespaces: processes have the same pids, and are told apart. */
static void expect_trees(enum mode mode)
{
	struct rt rt = rt_new();
	char line[4 * RT_PATH];
	long long allocations = 0, done = 0;
	const json_t *process;
	json_t *report;
	size_t i, trees = 0;

	need("unshare -Urpf --mount-proc");
	snprintf(line, sizeof line, "sh -c 'for i in 1 2; do unshare -Urpf --mount-proc %s; done'",
	         rt_built("programs/fork_tree"));
	rt_program(&rt, mode, line);
	report = rt_report(&rt);
	json_array_foreach(json_object_get(report, "processes"), i, process)
	{
		if (!strstr(json_text(process, "exe"), "fork_tree"))
			continue;
		trees++;
		allocations += json_number(process, "heap.allocations");
		done += json_is_true(json_at(process, "leak_scan.done"));
	}
	cr_expect_eq(trees, 14, "%zu processes", trees);
	cr_expect_eq(allocations, 2 * (1 + 2 + 3 + 4 + 5 + 6 + 7), "%lld allocations", allocations);
	cr_expect_eq(done, 14, "%lld scans", done);
	rt_end(&rt);
}

Test(namespaces, two_trees_run) { expect_trees(MODE_RUN); }
Test(namespaces, two_trees_preload) { expect_trees(MODE_PRELOAD); }

/* ---- one that runs ------------------------------------------------------------------------------------ */

#define APART "unshare -Urpf --mount-proc"

/* The server's pid in this namespace: that of the only process in its directory that has the server's pid in the inner
 * one. */
static int number_outside(const struct server *server)
{
	struct dirent *entry;
	int found = 0;
	DIR *processes = opendir("/proc");

	while (!found && (entry = readdir(processes))) {
		char path[300], line[256], directory[RT_PATH];
		int number = atoi(entry->d_name), inside = 0;

		snprintf(path, sizeof path, "/proc/%s/cwd", entry->d_name);
		ssize_t length = number ? readlink(path, directory, sizeof directory - 1) : -1;
		directory[length < 0 ? 0 : length] = '\0';
		if (strcmp(directory, server->rt.work))
			continue;
		snprintf(path, sizeof path, "/proc/%s/status", entry->d_name);
		FILE *status = fopen(path, "re");
		while (status && fgets(line, sizeof line, status))
			if (!strncmp(line, "NSpid:", 6))
				inside = atoi(strrchr(line, '\t') + 1);
		if (status)
			fclose(status);
		found = inside == server->pid ? number : 0;
	}
	closedir(processes);
	return found;
}

static void expect_lost(struct rt *rt, const char *words, const char *lost)
{
	struct outcome outcome = rt_tool(rt, words);

	cr_expect_eq(outcome.status, 0, "%s: status %d: %s", words, outcome.status, outcome.err);
	cr_expect(strstr(outcome.out, lost), "%s: %s%s", words, outcome.out, outcome.err);
	outcome_free(&outcome);
}

static void expect_look(enum mode mode)
{
	char words[64];

	need(APART);
	struct server server = serve_within(APART, mode, "");
	server_do(&server, "llllll");
	server_do(&server, "k"); /* so that no register has the last block any more */
	expect_lost(&server.rt, "leaks --now RUN", "leak:definite");
	snprintf(words, sizeof words, "leaks --now %d", number_outside(&server));
	expect_lost(&server.rt, words, "leak:definite");
	server_end(&server);
}

Test(namespaces, now_run) { expect_look(MODE_RUN); }
Test(namespaces, now_preload) { expect_look(MODE_PRELOAD); }

/* `leaks --now` within the namespace, by the pid there. */
static void expect_look_inside(enum mode mode)
{
	char line[2 * RT_PATH];

	need(APART);
	struct server server = serve_within(APART, mode, "");
	server_do(&server, "llllllk");
	snprintf(line, sizeof line, "nsenter --target %d --user --pid --mount --preserve-credentials %s leaks --now %d",
	         number_outside(&server), rt_built("ringtail"), server.pid);
	struct rt inside = rt_new();
	rt_program(&inside, MODE_BARE, line);
	cr_expect_eq(inside.program.status, 0, "status %d: %s", inside.program.status, inside.program.err);
	cr_expect(strstr(inside.program.out, "leak:definite"), "%s", inside.program.out);
	rt_end(&inside);
	server_end(&server);
}

Test(namespaces, now_from_inside_run) { expect_look_inside(MODE_RUN); }
Test(namespaces, now_from_inside_preload) { expect_look_inside(MODE_PRELOAD); }

/* A process in a sibling namespace, of which only the ring file can be seen, does not count as ended. */
Test(namespaces, running_in_a_sibling)
{
	char line[3 * RT_PATH];

	need(APART);
	struct server server = serve_within(APART, MODE_PRELOAD, "");
	server_do(&server, "l");
	snprintf(line, sizeof line, APART " %s report --format json %s", rt_built("ringtail"), server.rt.run);
	struct rt sibling = rt_new();
	rt_program(&sibling, MODE_BARE, line);
	cr_expect(strstr(sibling.program.out, "\"how\": \"running\""), "%s%s", sibling.program.out,
	          sibling.program.err);
	rt_end(&sibling);
	snprintf(line, sizeof line, APART " %s leaks --now %s", rt_built("ringtail"), server.rt.run);
	sibling = rt_new();
	rt_program(&sibling, MODE_BARE, line);
	cr_expect(strstr(sibling.program.err, "PID namespace"), "%s", sibling.program.err);
	rt_end(&sibling);
	server_end(&server);
}

/* The reader is gone, and the process cannot ask the kernel about it: it goes on, and ends. */
Test(namespaces, reader_killed)
{
	need(APART);
	struct server server = serve_within(APART, MODE_RUN, "");
	server_do(&server, "l");
	server.child.outlived = true;
	kill(server.child.pid, SIGKILL);
	server_do(&server, "ll");
	cr_assert_eq(write(server.letters, "q", 1), 1);
	server.rt.program = spawn_wait(&server.child);
	cr_expect_not(server.rt.program.timed_out);
	close(server.letters);
	rt_end(&server.rt);
}

/* ---- where its directory is not ------------------------------------------------------------------------ */

Test(namespaces, other_files)
{
	static const char words[] = "bwrap --unshare-all --dev-bind / / --tmpfs /tmp";
	struct rt rt = rt_new();
	char line[2 * RT_PATH];

	need(words);
	snprintf(line, sizeof line, "%s %s", words, rt_built("programs/leak_simple"));
	rt_program(&rt, MODE_RUN, line);
	cr_expect_eq(rt.program.status, 0, "status %d: %s", rt.program.status, rt.program.err);
	cr_expect(strstr(rt.program.out, "allocations=18"), "%s", rt.program.out);
	cr_expect(strstr(rt.program.err, "it does not see the directory of the run"), "%s", rt.program.err);
	rt_end(&rt);
}
