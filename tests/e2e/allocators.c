/* Programs with an allocator that is not glibc's: allocators.def. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/harness/rt.h"

TEST_SUITE(allocators);

#define LOST_AT_EACH 100

static bool has_frame_in(const json_t *finding, const char *function)
{
	const json_t *frame;
	size_t i;

	json_array_foreach(json_object_get(json_array_get(json_object_get(finding, "stacks"), 0), "frames"), i, frame)
	{
		const char *name = json_string_value(json_object_get(frame, "function"));
		if (name && !strcmp(name, function))
			return true;
	}
	return false;
}

/* The number of blocks that were allocated in a function and never freed.  Their class does not matter: allocators keep
 * stale pointers. */
static long long left_of(const json_t *process, const char *function)
{
	const json_t *finding;
	long long blocks = 0;
	size_t i;

	json_array_foreach(json_object_get(process, "findings"), i, finding)
	{
		if (!strcmp(json_text(finding, "kind"), "leak") && has_frame_in(finding, function))
			blocks += json_number(finding, "blocks");
	}
	return blocks;
}

static void run_with(struct rt *rt, enum mode mode, const char *preload, const char *program)
{
	char script[4 * RT_PATH];

	snprintf(script, sizeof script, "sh -c 'LD_PRELOAD=%s exec %s/%s'", preload, rt_built("programs"), program);
	rt_program(rt, mode, script);
	cr_assert_eq(rt->program.status, 0, "%s: status %d: %s", script, rt->program.status, rt->program.err);
}

static void expect_findings(const json_t *process, const char *expected)
{
	char *found = findings_summary(process, false);

	cr_expect_str_eq(found, expected, "expected \"%s\", found \"%s\"", expected, found);
	free(found);
}

/* Every block that new_leaks loses is reported, and no other finding. */
static void expect_all_lost(const json_t *process)
{
	static const char *const places[] = {"lose_new",     "lose_array",  "lose_nothrow",
	                                     "lose_aligned", "lose_malloc", "lose_calloc"};
	char *leaks = findings_summary(process, true);

	for (size_t i = 0; i < sizeof places / sizeof *places; i++)
		cr_expect_eq(left_of(process, places[i]), LOST_AT_EACH, "%s: %lld blocks", places[i],
		             left_of(process, places[i]));
	cr_expect(strstr(leaks, "leak:definite="), "found \"%s\"", leaks);
	free(leaks);
	expect_findings(process, "");
	expect_sound_heap(process);
}

static void expect_leaks(enum mode mode, const char *preload, const char *program)
{
	struct rt rt = rt_new();

	run_with(&rt, mode, preload, program);
	expect_all_lost(rt_process(&rt, program));
	rt_end(&rt);
}

static void expect_mismatch(const char *preload)
{
	struct rt rt = rt_new();

	run_with(&rt, MODE_RUN, preload, "new_leaks mismatched");
	expect_findings(rt_process(&rt, "new_leaks"), "misuse:mismatched-free=1");
	rt_end(&rt);
}

/* Every operator is called once, and its block is deleted in the right way. */
static void expect_every_operator(const char *preload)
{
	struct rt rt = rt_new();

	run_with(&rt, MODE_RUN, preload, "new_leaks balanced");
	expect_findings(rt_process(&rt, "new_leaks"), "");
	cr_expect_geq(json_number(rt_process(&rt, "new_leaks"), "heap.allocations"), 24);
	cr_expect_eq(left_of(rt_process(&rt, "new_leaks"), "balanced"), 0);
	expect_sound_heap(rt_process(&rt, "new_leaks"));
	rt_end(&rt);
}

#define ALLOCATOR(name, library)                                                                                       \
	Test(allocators, name##_behind_run) { expect_leaks(MODE_RUN, "$LD_PRELOAD:" library, "new_leaks"); }           \
	Test(allocators, name##_behind_preload) { expect_leaks(MODE_PRELOAD, "$LD_PRELOAD:" library, "new_leaks"); }   \
	Test(allocators, name##_linked_run) { expect_leaks(MODE_RUN, "$LD_PRELOAD", "new_leaks_" #name); }             \
	Test(allocators, name##_linked_preload) { expect_leaks(MODE_PRELOAD, "$LD_PRELOAD", "new_leaks_" #name); }     \
	Test(allocators, name##_mismatched) { expect_mismatch("$LD_PRELOAD:" library); }                               \
	Test(allocators, name##_every_operator) { expect_every_operator("$LD_PRELOAD:" library); }
#include "tests/e2e/tables/allocators.def"
