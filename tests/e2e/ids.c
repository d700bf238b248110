/* Ids of findings: the same from build to build. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "tests/harness/rt.h"

TEST_SUITE(ids);

#define QUERY                                                                                                          \
	"sql RUN --format csv 'select id, kind, class, blocks from finding where kind in (\"leak\", \"deadlock\", "    \
	"\"misuse\", \"thread-leak\") and class <> \"reachable\" order by id'"

/* Ids with kinds and classes, sorted; malloced. */
static char *ids_of(enum mode mode, const char *program)
{
	struct rt rt = rt_new();

	rt_program(&rt, mode, program);
	rt_report(&rt);
	struct outcome listed = rt_tool(&rt, QUERY);
	char *ids = strdup(listed.out);
	outcome_free(&listed);
	rt_end(&rt);
	return ids;
}

static void expect_same(enum mode mode)
{
	static const char *const found[] = {"leak,definite,5", "leak,indirect,5", "deadlock,predicted",
	                                    "misuse,mutex-unlock-unlocked", "thread-leak,unjoined"};
	char *plain = ids_of(mode, rt_built("programs/keeps_ids_O0"));
	char *optimised = ids_of(mode, rt_built("programs/keeps_ids_O2"));

	for (size_t i = 0; i < sizeof found / sizeof *found; i++)
		cr_expect(strstr(plain, found[i]), "no %s in %s", found[i], plain);
	expect_same_text("ids", optimised, plain);
	free(plain);
	free(optimised);
}

Test(ids, survive_optimisation_run) { expect_same(MODE_RUN); }
Test(ids, survive_optimisation_preload) { expect_same(MODE_PRELOAD); }
