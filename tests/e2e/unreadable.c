/* Runs, or parts of runs, that the user may not read: each command says so, and takes none for something else. */
#include <criterion/criterion.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/harness/rt.h"
#include "tests/harness/server.h"

TEST_SUITE(unreadable);

/* Root may read all files, but for these capabilities. */
static const char *without_privilege(void)
{
	return geteuid() ? "env" : "setpriv --bounding-set=-dac_override,-dac_read_search";
}

/* The path of the file in the run's directory.  It is in a static buffer. */
static const char *part_of_run(const struct rt *rt, const char *pattern)
{
	static char path[2 * RT_PATH];
	glob_t found;

	snprintf(path, sizeof path, "%s/%s", rt->run, pattern);
	cr_assert_eq(glob(path, 0, NULL, &found), 0, "no %s", path);
	snprintf(path, sizeof path, "%s", found.gl_pathv[0]);
	globfree(&found);
	return path;
}

/* words: as for rt_tool.  path: what cannot be read. */
static void expect_refused(const struct rt *rt, const char *words, const char *path)
{
	char line[4 * RT_PATH], wanted[3 * RT_PATH];
	const char *run;

	snprintf(line, sizeof line, "%s %s ", without_privilege(), rt_built("ringtail"));
	for (; (run = strstr(words, "RUN")); words = run + strlen("RUN"))
		snprintf(line + strlen(line), sizeof line - strlen(line), "%.*s%s", (int)(run - words), words, rt->run);
	snprintf(line + strlen(line), sizeof line - strlen(line), "%s", words);
	snprintf(wanted, sizeof wanted, "cannot read %s: Permission denied; its mode forbids that", path);

	char **argv = words_split(line);
	struct outcome outcome = spawn((struct command){.argv = (const char *const *)argv, .directory = rt->work});
	cr_expect_eq(outcome.status, 65, "%s: status %d", line, outcome.status);
	cr_expect(strstr(outcome.err, wanted), "%s: %s; not: %s", line, outcome.err, wanted);
	outcome_free(&outcome);
	words_free(argv);
}

static void expect_all_refused(const struct rt *rt, const char *path)
{
	static const char *const readers[] = {
	    "report RUN",
	    "leaks RUN",
	    "deadlocks RUN",
	    "heap RUN",
	    "threads RUN",
	    "locks RUN",
	    "check RUN",
	    "sql RUN 'select 1'",
	    "diff RUN RUN",
	    "export RUN --format folded -o x",
	    "run --confirm=RUN true",
	    "check --baseline=RUN RUN",
	};

	for (size_t i = 0; i < sizeof readers / sizeof *readers; i++)
		expect_refused(rt, readers[i], path);
}

static struct rt run_of(enum mode mode)
{
	struct rt rt = rt_new();

	rt_program(&rt, mode, "leak_simple");
	return rt;
}

static void expect_directory_refused(mode_t rights)
{
	struct rt rt = run_of(MODE_RUN);

	cr_assert_eq(chmod(rt.run, rights), 0);
	expect_all_refused(&rt, rt.run);
	expect_refused(&rt, "events RUN", rt.run);
	expect_refused(&rt, "leaks --now RUN", rt.run);
	cr_assert_eq(chmod(rt.run, 0700), 0);
	rt_end(&rt);
}

Test(unreadable, directory) { expect_directory_refused(0); }
Test(unreadable, directory_that_cannot_be_listed) { expect_directory_refused(0300); }
Test(unreadable, directory_that_cannot_be_searched) { expect_directory_refused(0600); }

/* What the collector stored is nowhere else: a report from the rings alone would be another one. */
Test(unreadable, database)
{
	struct rt rt = run_of(MODE_RUN);
	const char *database = part_of_run(&rt, "ringtail.db");

	cr_assert_eq(chmod(database, 0), 0);
	expect_all_refused(&rt, database);
	expect_refused(&rt, "report RUN/ringtail.db", database);
	expect_refused(&rt, "check --baseline=RUN/ringtail.db RUN", database);
	rt_end(&rt);
}

Test(unreadable, ring)
{
	struct rt rt = run_of(MODE_PRELOAD);
	const char *ring = part_of_run(&rt, "*.ring");

	cr_assert_eq(chmod(ring, 0), 0);
	expect_all_refused(&rt, ring);
	expect_refused(&rt, "events RUN", ring);
	expect_refused(&rt, "leaks --now RUN", ring);
	rt_end(&rt);
}

Test(unreadable, newest_run)
{
	struct rt rt = rt_new();
	char path[2 * RT_PATH];

	snprintf(path, sizeof path, "%s/ringtail.true.1", rt.work);
	cr_assert_eq(mkdir(path, 0), 0);
	expect_refused(&rt, "report", "ringtail.true.1");
	cr_assert_eq(chmod(path, 0700), 0);
	rt_end(&rt);
}

/* The process is recorded, and its maps say where. */
Test(unreadable, run_of_a_process)
{
	struct server server = serve(MODE_PRELOAD, "");
	char words[64];

	snprintf(words, sizeof words, "leaks --now %d", (int)server.pid);
	cr_assert_eq(chmod(server.rt.run, 0), 0);
	expect_refused(&server.rt, words, server.rt.run);
	cr_assert_eq(chmod(server.rt.run, 0700), 0);
	server_end(&server);
}
