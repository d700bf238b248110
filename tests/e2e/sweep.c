/* Each check for wrong calls, with each call that can be wrong: both shapes of each row of sweep.def, in both modes. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/harness/rt.h"

TEST_SUITE(sweep);

/* What comes of a mistake is no class of its own: errors that calls return, and locks that are left held. */
static bool is_aside(const json_t *finding, const char *class)
{
	return !strcmp(class, "api-error-ignored") || json_is_true(json_object_get(finding, "information"));
}

/* True if there is misuse of the wanted class (NULL: of any).  Fails the test where there is misuse of another one. */
static bool has_misuse(const json_t *process, const char *wanted, const char *line)
{
	bool found = false;
	const json_t *finding;
	size_t i;

	json_array_foreach(json_object_get(process, "findings"), i, finding)
	{
		const char *class = json_string_value(json_object_get(finding, "class"));

		if (strcmp(json_text(finding, "kind"), "misuse"))
			continue;
		if (!wanted || !strcmp(class, wanted))
			found = true;
		else
			cr_expect(is_aside(finding, class), "%s: misuse:%s", line, class);
	}
	return found;
}

static void expect_wrong(enum mode mode, const char *class, const char *shape)
{
	struct rt rt = rt_new();
	char line[128], *wanted = strdup(class);

	for (char *c = wanted; (c = strchr(c, '_'));)
		*c = '-';
	snprintf(line, sizeof line, "misuse_sweep %s", shape);
	rt_program(&rt, mode, line);
	cr_expect(has_misuse(rt_process(&rt, "misuse_sweep"), wanted, line), "%s: no misuse:%s: %s", line, wanted,
	          rt.program.err);
	free(wanted);
	rt_end(&rt);
}

static void expect_silence(enum mode mode, const char *shape)
{
	struct rt rt = rt_new();
	char line[128], *found;

	snprintf(line, sizeof line, "misuse_sweep %s", shape);
	rt_program(&rt, mode, line);
	cr_expect_eq(rt.program.status, 0, "%s: status %d: %s", line, rt.program.status, rt.program.err);
	found = findings_summary(rt_process(&rt, "misuse_sweep"), false);
	cr_expect_str_eq(found, "", "%s: found %s", line, found);
	cr_expect_not(has_misuse(rt_process(&rt, "misuse_sweep"), NULL, line), "%s", line);
	free(found);
	rt_end(&rt);
}

#define SWEEP(class, variant, wrong, near)                                                                             \
	Test(sweep, class##_##variant##_run)                                                                           \
	{                                                                                                              \
		expect_wrong(MODE_RUN, #class, #class "_" #variant);                                                   \
		expect_silence(MODE_RUN, #class "_" #variant "_ok");                                                   \
	}                                                                                                              \
	Test(sweep, class##_##variant##_preload)                                                                       \
	{                                                                                                              \
		expect_wrong(MODE_PRELOAD, #class, #class "_" #variant);                                               \
		expect_silence(MODE_PRELOAD, #class "_" #variant "_ok");                                               \
	}
#include "tests/e2e/tables/sweep.def"
