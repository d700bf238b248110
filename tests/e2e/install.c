/* `make install` puts everything in its place, and the installed tool finds its library. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/harness/rt.h"

TEST_SUITE(install);

Test(install, installed_tool_finds_its_library, .timeout = 240)
{
	struct rt rt = rt_new();
	char destination[RT_PATH + 16], build[RT_PATH + 16], tool[RT_PATH + 32], name[RT_PATH];
	struct outcome outcome;

	snprintf(destination, sizeof destination, "DESTDIR=%s/root", rt.root);
	snprintf(name, sizeof name, "%s", rt_built("."));
	snprintf(build, sizeof build, "BUILD=%.*s", (int)strlen(name) - 2, name);
	/* -o: files that other tests use at the moment are not made again */
	const char *make[] = {"make",
	                      "install",
	                      destination,
	                      build,
	                      "PREFIX=/usr",
	                      "-o",
	                      rt_built("ringtail"),
	                      "-o",
	                      rt_built("libringtail.so"),
	                      "-o",
	                      rt_built("ringtail-scan"),
	                      "-o",
	                      rt_built("default.supp"),
	                      NULL};
	outcome = spawn((struct command){.argv = make, .timeout = 200});
	cr_assert_eq(outcome.status, 0, "make install: %s%s", outcome.out, outcome.err);
	outcome_free(&outcome);

	snprintf(tool, sizeof tool, "%s/root/usr/bin/ringtail", rt.root);
	cr_assert_eq(access(tool, X_OK), 0, "%s is not there", tool);
	const char *run[] = {tool, "run", "-o", rt.run, "--", rt_built("programs/known_heap"), NULL};
	outcome = spawn((struct command){.argv = run, .directory = rt.work});
	cr_expect_eq(outcome.status, 0, "status %d: %s", outcome.status, outcome.err);
	cr_expect_not(strstr(outcome.err, "no default suppressions"), "%s", outcome.err);
	outcome_free(&outcome);
	cr_expect_eq(json_number(rt_process(&rt, "known_heap"), "heap.allocations"), 32);
	rt_end(&rt);
}
