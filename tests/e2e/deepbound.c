/* Libraries whose calls pass by what is preloaded: deepbound.def. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/harness/rt.h"

TEST_SUITE(deepbound);

static void run(struct rt *rt, enum mode mode, const char *library, const char *how, const char *shape)
{
	char line[2 * RT_PATH];

	snprintf(line, sizeof line, "deepbound %s/%s %s %s", rt_built("programs"), library, how, shape);
	rt_program(rt, mode, line);
	cr_assert_eq(rt->program.status, 0, "%s: status %d: %s", line, rt->program.status, rt->program.err);
}

/* A reason of that kind, about a module of that name. */
static bool is_told(const json_t *process, const char *what, const char *module, const char *why)
{
	const json_t *one;
	size_t i;

	json_array_foreach(json_at(process, "watched.unseen"), i, one)
	{
		const char *path = json_string_value(json_object_get(one, "module"));
		bool same = module ? path && strstr(path, module) : !path;

		if (same && !strcmp(json_text(one, "what"), what) && strstr(json_text(one, "why"), why))
			return true;
	}
	return false;
}

/* All that is found, without what can be reached: the loader keeps blocks. */
static void expect_found(struct rt *rt, const char *expected)
{
	char *found = findings_summary(rt_process(rt, "deepbound"), true), *all = strdup(""), *rest = NULL, *joined;

	for (char *one = strtok_r(found, " ", &rest); one; one = strtok_r(NULL, " ", &rest)) {
		if (!strncmp(one, "leak:reachable", 14) || !strncmp(one, "leak:possible", 13))
			continue;
		cr_assert(asprintf(&joined, "%s%s%s", all, *all ? " " : "", one) >= 0);
		free(all);
		all = joined;
	}
	cr_expect_str_eq(all, expected, "expected \"%s\", found \"%s\"", expected, all);
	free(all);
	free(found);
}

static void expect_seen(enum mode mode, const char *library, const char *how, const char *shape, const char *expected)
{
	struct rt rt = rt_new();

	run(&rt, mode, library, how, shape);
	expect_found(&rt, expected);
	cr_expect(is_told(rt_process(&rt, "deepbound"), "start", library,
	                  "opened with RTLD_DEEPBIND: its calls are seen from"),
	          "nothing is told of %s", library);
	rt_end(&rt);
}

static void expect_unseen(enum mode mode, const char *shape, const char *expected)
{
	struct rt rt = rt_new();

	run(&rt, mode, "deepbound.so", "elsewhere", shape);
	expect_found(&rt, expected);
	cr_expect(is_told(rt_process(&rt, "deepbound"), "calls", NULL, "opened by dlmopen"));
	rt_end(&rt);
}

/* Bound lazily, at once, and at once into memory that is read-only from then on. */
#define DEEPBOUND(shape, expected)                                                                                     \
	Test(deepbound, shape##_lazy_run) { expect_seen(MODE_RUN, "deepbound.so", "lazy", #shape, expected); }         \
	Test(deepbound, shape##_lazy_preload) { expect_seen(MODE_PRELOAD, "deepbound.so", "lazy", #shape, expected); } \
	Test(deepbound, shape##_now_run) { expect_seen(MODE_RUN, "deepbound.so", "now", #shape, expected); }           \
	Test(deepbound, shape##_read_only_run) { expect_seen(MODE_RUN, "deepbound_now.so", "now", #shape, expected); }
#define ELSEWHERE(shape, expected)                                                                                     \
	Test(deepbound, shape##_elsewhere_run) { expect_unseen(MODE_RUN, #shape, expected); }                          \
	Test(deepbound, shape##_elsewhere_preload) { expect_unseen(MODE_PRELOAD, #shape, expected); }
#include "tests/e2e/tables/deepbound.def"

/* The hook's slot is a slot like others: an allocator behind it is what the library called, if it did. */
Test(deepbound, another_allocator)
{
	struct rt rt = rt_new();
	char script[4 * RT_PATH];

	snprintf(script, sizeof script, "sh -c 'LD_PRELOAD=$LD_PRELOAD:libjemalloc.so.2 exec %s %s now locks'",
	         rt_built("programs/deepbound"), rt_built("programs/deepbound.so"));
	rt_program(&rt, MODE_RUN, script);
	cr_expect_eq(rt.program.status, 0, "status %d: %s", rt.program.status, rt.program.err);
	expect_found(&rt, "");
	cr_expect(is_told(rt_process(&rt, "deepbound"), "calls", "deepbound.so", "a malloc that is not the program's"));
	rt_end(&rt);
}
