/* Each check for wrong calls, with each call that can be wrong: both shapes of each row of sweep.def, in both modes. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/harness/rt.h"

TEST_SUITE(sweep);

/* The only class of misuse among the findings, NULL if there is none; fails the test where there are several.  What
 * calls return after a mistake does not count. */
static const char *class_of_misuse(const json_t *process, const char *line)
{
	const char *class = NULL;
	const json_t *finding;
	size_t i;

	json_array_foreach(json_object_get(process, "findings"), i, finding)
	{
		const char *name = json_text(finding, "class");

		if (strcmp(json_text(finding, "kind"), "misuse"))
			continue;
		if (class && !strcmp(name, "api-error-ignored"))
			continue;
		cr_expect(!class || !strcmp(class, name), "%s: misuse:%s and misuse:%s", line, class, name);
		class = name;
	}
	return class;
}

static void expect_wrong(enum mode mode, const char *class, const char *shape)
{
	struct rt rt = rt_new();
	char line[128], *wanted = strdup(class);
	const char *found;

	for (char *c = wanted; (c = strchr(c, '_'));)
		*c = '-';
	snprintf(line, sizeof line, "misuse_sweep %s", shape);
	rt_program(&rt, mode, line);
	found = class_of_misuse(rt_process(&rt, "misuse_sweep"), line);
	cr_expect(found && !strcmp(found, wanted), "%s: found %s: %s", line, found ? found : "nothing", rt.program.err);
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
	cr_expect_null(class_of_misuse(rt_process(&rt, "misuse_sweep"), line), "%s", line);
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
