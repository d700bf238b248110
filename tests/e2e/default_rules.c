/* The rules that hold by default: each with what shows it, and with a leak beside it that must be found. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "tests/harness/rt.h"

TEST_SUITE(default_rules);

static void expect_check(enum mode mode, const char *program, const char *options, int status, const char *says)
{
	struct rt rt = rt_new();
	char line[128];

	rt_program(&rt, mode, program);
	cr_expect_eq(rt.program.status, 0, "%s: status %d (77: a library is missing)", program, rt.program.status);
	snprintf(line, sizeof line, "check RUN --fail-on leak:definite%s", options);
	struct outcome check = rt_tool(&rt, line);
	cr_expect_eq(check.status, status, "%s: %s%s", program, check.out, check.err);
	cr_expect(strstr(check.out, says) || strstr(check.err, says), "%s: no \"%s\" in %s%s", program, says, check.out,
	          check.err);
	outcome_free(&check);
	rt_end(&rt);
}

#define WITHOUT " --no-default-suppressions"
#define ALL     "check passed, "
#define BY_THEM " suppressed by default rules\n"

/* RULE(name, "program", "check passed, ...", "of what --no-default-suppressions has") */
#define RULE(name, program, passed, found)                                                                             \
	Test(default_rules, name##_run) { expect_check(MODE_RUN, program, "", 0, passed); }                            \
	Test(default_rules, name##_preload) { expect_check(MODE_PRELOAD, program, "", 0, passed); }                    \
	Test(default_rules, name##_found) { expect_check(MODE_RUN, program, WITHOUT, 66, found); }

RULE(fontconfig, "library_leaks patterns", BY_THEM, "512 bytes in 16 blocks allocated here can no longer be reached")
RULE(quarks, "library_leaks quarks", ALL "2" BY_THEM, "32768 bytes in 1 block allocated here can no longer be reached")
RULE(perl, "perl -e 1", BY_THEM, "allocated here can no longer be reached")
RULE(bash, "sh -c 'echo \"if true; then exit 0; fi\" | bash'", BY_THEM, "allocated here can no longer be reached")

/* FOUND(name, "program", "in the output"): a leak of the library's user */
#define FOUND(name, program, says)                                                                                     \
	Test(default_rules, name##_run) { expect_check(MODE_RUN, program, "", 66, says); }                             \
	Test(default_rules, name##_preload) { expect_check(MODE_PRELOAD, program, "", 66, says); }

FOUND(lost_pattern_of_fontconfig, "library_leaks lost_pattern",
      "check failed: 1 finding, 1 suppressed by default rules\n")
FOUND(lost_string_of_glib, "library_leaks lost_string", "5 bytes in 1 block allocated here can no longer be reached")
FOUND(leak_of_ones_own, "leak_simple", "check failed: 1 finding\n")

/* A copy of the command alone works, and says that it has no such rules. */
Test(default_rules, are_missed)
{
	struct rt rt = rt_new();
	char line[3 * RT_PATH];

	rt_program(&rt, MODE_PRELOAD, "leak_simple");
	snprintf(line, sizeof line, "sh -c 'mkdir alone && cp %s alone && ./alone/ringtail check %s'",
	         rt_built("ringtail"), rt.run);
	rt_program(&rt, MODE_BARE, line);
	cr_expect_eq(rt.program.status, 66, "%s", rt.program.err);
	cr_expect(strstr(rt.program.err, "ringtail: no default suppressions: default.supp is neither in "), "%s",
	          rt.program.err);
	rt_end(&rt);
}
