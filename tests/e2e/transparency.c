/* Nothing changes for the program: transparency.def, and beside.def for programs with another library preloaded. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/harness/rt.h"

TEST_SUITE(transparency);

/* Names, modes and checksums of what a program left in its directory. */
static char *files_left(const char *directory)
{
	const char *argv[] = {
	    "sh", "-c", "find . -type f -not -path './ringtail*' -printf '%p %m ' -exec md5sum {} ';' | sort", NULL};
	struct outcome outcome = spawn((struct command){.argv = argv, .directory = directory});
	char *files = strdup(outcome.out);

	cr_assert_eq(outcome.status, 0);
	outcome_free(&outcome);
	return files;
}

static void expect_same(enum mode mode, const char *line)
{
	struct rt bare = rt_new(), watched = rt_new();
	char *bare_files, *watched_files;

	rt_program(&bare, MODE_BARE, line);
	rt_program(&watched, mode, line);
	bare_files = files_left(bare.work);
	watched_files = files_left(watched.work);
	cr_expect_neq(bare.program.status, 127, "%s: not found", line);
	cr_expect_eq(watched.program.status, bare.program.status, "%s: status %d, without ringtail %d: %s", line,
	             watched.program.status, bare.program.status, watched.program.err);
	expect_same_text("stdout", watched.program.out, bare.program.out);
	expect_same_text("files left", watched_files, bare_files);
	if (mode == MODE_PRELOAD)
		expect_same_text("stderr", watched.program.err, bare.program.err);
	free(bare_files);
	free(watched_files);
	rt_end(&bare);
	rt_end(&watched);
}

#define SAME(name, line)                                                                                               \
	Test(transparency, name##_run) { expect_same(MODE_RUN, line); }                                                \
	Test(transparency, name##_preload) { expect_same(MODE_PRELOAD, line); }
#include "tests/e2e/tables/transparency.def"

/* ---- beside another preloaded library --------------------------------------------------------- */

static void expect_same_beside(const char *preload, const char *variables, const char *program)
{
	struct rt bare = rt_new(), watched = rt_new();
	char script[4 * RT_PATH];

	snprintf(script, sizeof script, "sh -c 'export %s; LD_PRELOAD=%s exec %s/%s'", variables, preload,
	         rt_built("programs"), program);
	rt_program(&bare, MODE_BARE, script);
	rt_program(&watched, MODE_PRELOAD, script);
	cr_expect_eq(watched.program.status, bare.program.status, "%s: status %d, without ringtail %d: %s", script,
	             watched.program.status, bare.program.status, watched.program.err);
	expect_same_text("stdout", watched.program.out, bare.program.out);
	expect_same_text("stderr", watched.program.err, bare.program.err);
	rt_end(&bare);
	rt_end(&watched);
}

#define BESIDE(name, library, variables, program)                                                                      \
	Test(transparency, name##_behind) { expect_same_beside("$LD_PRELOAD:" library, variables, program); }          \
	Test(transparency, name##_in_front) { expect_same_beside(library ":$LD_PRELOAD", variables, program); }
#include "tests/e2e/tables/beside.def"

/* What dlopen and dlsym do depends on their caller. */
Test(transparency, opens_beside)
{
	char script[2 * RT_PATH];

	snprintf(script, sizeof script, "opens_beside %s", rt_built("programs"));
	expect_same(MODE_PRELOAD, script);
	expect_same_beside("libjemalloc.so.2:$LD_PRELOAD", "X=", script);
}
