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

/* The number of blocks that were allocated in a function and never freed, of one of the classes; NULL: of any. */
static long long left_as(const json_t *process, const char *function, const char *const *classes)
{
	const json_t *finding;
	long long blocks = 0;
	size_t i;

	json_array_foreach(json_object_get(process, "findings"), i, finding)
	{
		if (!strcmp(json_text(finding, "kind"), "leak") && has_frame_in(finding, function) &&
		    (!classes || !strcmp(json_text(finding, "class"), classes[0]) ||
		     !strcmp(json_text(finding, "class"), classes[1])))
			blocks += json_number(finding, "blocks");
	}
	return blocks;
}

static long long left_of(const json_t *process, const char *function) { return left_as(process, function, NULL); }

/* The first bytes of a new block may still have the address of another one, which is lost with it then. */
static long long lost_of(const json_t *process, const char *function)
{
	return left_as(process, function, (const char *const[]){"definite", "indirect"});
}

static long long reached_of(const json_t *process, const char *function)
{
	return left_as(process, function, (const char *const[]){"reachable", "reachable"});
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

/* Every block that new_leaks loses is reported, and no other finding.  Where the allocator is in front, its memory is a
 * root, and it keeps the addresses of some. */
static void expect_all_lost(const json_t *process, bool in_front)
{
	static const char *const places[] = {"lose_new",     "lose_array",  "lose_nothrow",
	                                     "lose_aligned", "lose_malloc", "lose_calloc"};
	char *leaks = findings_summary(process, true);

	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		cr_expect_eq(left_of(process, places[i]), LOST_AT_EACH, "%s: %lld blocks", places[i],
		             left_of(process, places[i]));
		cr_expect(in_front || lost_of(process, places[i]) == LOST_AT_EACH, "%s: %lld blocks are lost",
		          places[i], lost_of(process, places[i]));
	}
	cr_expect(strstr(leaks, "leak:definite="), "found \"%s\"", leaks);
	free(leaks);
	expect_findings(process, "");
	expect_sound_heap(process);
}

static void expect_leaks(enum mode mode, const char *preload, const char *program)
{
	struct rt rt = rt_new();

	run_with(&rt, mode, preload, program);
	expect_all_lost(rt_process(&rt, program), false);
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

/* ---- allocators that are preloaded before ringtail --------------------------------------------------- */

#define SEEN_LATE "malloc is that of a library preloaded before ringtail's: its calls are seen from "

/* It is said from when on the heap is seen. */
static void expect_seen_late(const json_t *process, const char *library)
{
	const json_t *unseen = json_at(process, "watched.unseen"), *first = json_array_get(unseen, 0);

	cr_expect(json_is_true(json_at(process, "watched.heap")));
	cr_assert_eq(json_array_size(unseen), 1);
	cr_expect_str_eq(json_text(first, "what"), "start");
	cr_expect(strstr(json_text(first, "why"), SEEN_LATE), "%s", json_text(first, "why"));
	cr_expect(strstr(json_text(first, "module"), library), "%s", json_text(first, "module"));
}

static void expect_leaks_in_front(enum mode mode, const char *library)
{
	struct rt rt = rt_new();
	char preload[RT_PATH];

	snprintf(preload, sizeof preload, "%s:$LD_PRELOAD", library);
	run_with(&rt, mode, preload, "new_leaks");
	expect_all_lost(rt_process(&rt, "new_leaks"), true);
	expect_seen_late(rt_process(&rt, "new_leaks"), library);
	rt_end(&rt);
}

/* Constructors of a library run before its calls are seen; nothing is claimed of their blocks, and everything else is
 * found. */
static void expect_opened_in_front(enum mode mode, const char *library, const char *how)
{
	struct rt rt = rt_new();
	char preload[RT_PATH], program[64];

	snprintf(preload, sizeof preload, "%s:$LD_PRELOAD", library);
	snprintf(program, sizeof program, "opens_constructs %s", how);
	run_with(&rt, mode, preload, program);
	const json_t *process = rt_process(&rt, "opens_constructs");
	expect_findings(process, "");
	cr_expect_eq(left_of(process, "lose_here"), 30, "%lld", left_of(process, "lose_here"));
	cr_expect_eq(left_of(process, "constructs_lose"), 30, "%lld", left_of(process, "constructs_lose"));
	cr_expect_eq(left_of(process, "constructed::constructed()"), 0);
	rt_end(&rt);
}

/* Addresses of the allocator's functions that no relocation names. */
static void expect_addresses_in_front(enum mode mode, const char *library)
{
	struct rt rt = rt_new();
	char preload[RT_PATH];

	snprintf(preload, sizeof preload, "%s:$LD_PRELOAD", library);
	run_with(&rt, mode, preload, "calls_kept_free");
	const json_t *process = rt_process(&rt, "calls_kept_free");
	expect_findings(process, "");
	cr_expect_eq(left_of(process, "lose_kept"), 10, "%lld", left_of(process, "lose_kept"));
	cr_expect_eq(left_of(process, "main"), 10, "%lld", left_of(process, "main"));
	rt_end(&rt);
}

/* A heap that is seen is neither refused nor doubted. */
static void expect_passes_in_front(const char *library)
{
	struct rt rt = rt_new();
	char script[4 * RT_PATH];

	snprintf(script, sizeof script, "sh -c 'LD_PRELOAD=%s:$LD_PRELOAD exec %s balanced'", library,
	         rt_built("programs/new_leaks"));
	rt_program_with(&rt, MODE_RUN, "--must-watch", script);
	cr_expect_eq(rt.program.status, 0, "status %d: %s", rt.program.status, rt.program.err);
	cr_expect_not(strstr(rt.program.err, "not watched"), "%s", rt.program.err);
	expect_findings(rt_process(&rt, "new_leaks"), "");
	struct outcome check = rt_tool(&rt, "check RUN --fail-on=default");
	cr_expect_eq(check.status, 0, "status %d: %s", check.status, check.err);
	cr_expect(strstr(check.err, "check passed\n"), "%s", check.err);
	outcome_free(&check);
	rt_end(&rt);
}

/* A child's frees of its parent's blocks are no misuse, wherever these lie. */
static void expect_forked(const char *preload)
{
	struct rt rt = rt_new();

	run_with(&rt, MODE_RUN, preload, "fork_frees_small");
	const json_t *process, *processes = json_at(rt_report(&rt), "processes");
	size_t i;
	json_array_foreach(processes, i, process) { expect_findings(process, ""); }
	cr_expect_eq(json_array_size(processes), 3, "the shell, the program, its child: %zu",
	             json_array_size(processes));
	rt_end(&rt);
}

/* ---- what only the allocator has the address of ----------------------------------------------------------- */

/* The addresses of lost blocks that the allocator keeps do not keep them alive; pointers of the program's do, wherever
 * the program has them. */
static void expect_lost_behind(enum mode mode, const char *library, const char *program)
{
	struct rt rt = rt_new();
	char preload[RT_PATH];

	snprintf(preload, sizeof preload, "$LD_PRELOAD:%s", library);
	run_with(&rt, mode, preload, program);
	const json_t *process = rt_process(&rt, "behind_allocator");
	expect_findings(process, "");
	cr_expect_eq(lost_of(process, "lose_small"), 1000, "%lld small", lost_of(process, "lose_small"));
	cr_expect_eq(lost_of(process, "lose_large"), 50, "%lld large", lost_of(process, "lose_large"));
	cr_expect_eq(reached_of(process, "keep"), 3, "%lld kept", reached_of(process, "keep"));
	rt_end(&rt);
}

/* Where the program calls functions of the allocator that ringtail does not see, the allocator's memory may hold
 * pointers of the program's. */
static void expect_kept_by_own_calls(enum mode mode, const char *library, const char *name, const char *how)
{
	struct rt rt = rt_new();
	char preload[RT_PATH], program[64];

	snprintf(preload, sizeof preload, "$LD_PRELOAD:%s", library);
	snprintf(program, sizeof program, "%s %s", name, how);
	run_with(&rt, mode, preload, program);
	const json_t *process = rt_process(&rt, name);
	cr_expect_eq(lost_of(process, "keep"), 0, "the block is lost");
	cr_expect_eq(left_of(process, "keep"), 1, "%lld blocks", left_of(process, "keep"));
	rt_end(&rt);
}

Test(allocators, jemalloc_keeps_hooks_run)
{
	expect_kept_by_own_calls(MODE_RUN, "libjemalloc.so.2", "asks_allocator", "hooks");
}
Test(allocators, jemalloc_keeps_hooks_preload)
{
	expect_kept_by_own_calls(MODE_PRELOAD, "libjemalloc.so.2", "asks_allocator", "hooks");
}

/* ---- each allocator, both ways ------------------------------------------------------------------------- */

#define ALLOCATOR(name, library)                                                                                       \
	Test(allocators, name##_in_front_run) { expect_leaks_in_front(MODE_RUN, library); }                            \
	Test(allocators, name##_in_front_preload) { expect_leaks_in_front(MODE_PRELOAD, library); }                    \
	Test(allocators, name##_in_front_mismatched) { expect_mismatch(library ":$LD_PRELOAD"); }                      \
	Test(allocators, name##_in_front_every_operator) { expect_every_operator(library ":$LD_PRELOAD"); }            \
	Test(allocators, name##_in_front_opens_run) { expect_opened_in_front(MODE_RUN, library, "lazy"); }             \
	Test(allocators, name##_in_front_opens_preload) { expect_opened_in_front(MODE_PRELOAD, library, "now"); }      \
	Test(allocators, name##_in_front_addresses_run) { expect_addresses_in_front(MODE_RUN, library); }              \
	Test(allocators, name##_in_front_addresses_preload) { expect_addresses_in_front(MODE_PRELOAD, library); }      \
	Test(allocators, name##_in_front_passes) { expect_passes_in_front(library); }                                  \
	Test(allocators, name##_in_front_forked) { expect_forked(library ":$LD_PRELOAD"); }                            \
	Test(allocators, name##_behind_forked) { expect_forked("$LD_PRELOAD:" library); }                              \
	Test(allocators, name##_behind_run) { expect_leaks(MODE_RUN, "$LD_PRELOAD:" library, "new_leaks"); }           \
	Test(allocators, name##_behind_preload) { expect_leaks(MODE_PRELOAD, "$LD_PRELOAD:" library, "new_leaks"); }   \
	Test(allocators, name##_linked_run) { expect_leaks(MODE_RUN, "$LD_PRELOAD", "new_leaks_" #name); }             \
	Test(allocators, name##_linked_preload) { expect_leaks(MODE_PRELOAD, "$LD_PRELOAD", "new_leaks_" #name); }     \
	Test(allocators, name##_knows_lost_run) { expect_lost_behind(MODE_RUN, library, "behind_allocator"); }         \
	Test(allocators, name##_knows_lost_preload)                                                                    \
	{                                                                                                              \
		expect_lost_behind(MODE_PRELOAD, library, "behind_allocator maps_over");                               \
	}                                                                                                              \
	Test(allocators, name##_own_calls_run)                                                                         \
	{                                                                                                              \
		expect_kept_by_own_calls(MODE_RUN, library, "asks_allocator_linked", "");                              \
	}                                                                                                              \
	Test(allocators, name##_own_calls_preload)                                                                     \
	{                                                                                                              \
		expect_kept_by_own_calls(MODE_PRELOAD, library, "asks_allocator", "dlsym");                            \
	}                                                                                                              \
	Test(allocators, name##_mismatched) { expect_mismatch("$LD_PRELOAD:" library); }                               \
	Test(allocators, name##_every_operator) { expect_every_operator("$LD_PRELOAD:" library); }
#define UNSEEN(...)
#include "tests/e2e/tables/allocators.def"
#undef ALLOCATOR
#undef UNSEEN
#define ALLOCATOR(name, library)

/* ---- allocators that cannot be watched ----------------------------------------------------------- */

#define NOT_WATCHED "ringtail: the heap is not watched, as malloc is linked into the program itself: "
#define NOT_WATCHED_BEFORE                                                                                             \
	"ringtail: the heap is not watched, as malloc is that of a library preloaded before ringtail's: "

static void expect_output(struct rt *rt, const char *words, const char *expected)
{
	struct outcome outcome = rt_tool(rt, words);

	cr_expect_eq(outcome.status, 0, "%s: status %d: %s", words, outcome.status, outcome.err);
	cr_expect(strstr(outcome.out, expected) || strstr(outcome.err, expected), "%s: \"%s\" is not in %s%s", words,
	          expected, outcome.out, outcome.err);
	outcome_free(&outcome);
}

/* It is said at the start, in every report, and where a check passes. */
static void expect_unseen(enum mode mode, const char *program, const char *name)
{
	char line[256];
	struct rt rt = rt_new();
	const json_t *watched;

	rt_program(&rt, mode, program);
	cr_expect_eq(rt.program.status, 0, "%s: status %d: %s", program, rt.program.status, rt.program.err);
	cr_expect(strstr(rt.program.err, NOT_WATCHED), "%s", rt.program.err);
	watched = json_at(rt_process(&rt, program), "watched");
	cr_expect_not(json_is_true(json_at(watched, "heap")));
	cr_expect(json_is_true(json_at(watched, "locks")));
	cr_assert_eq(json_array_size(json_at(watched, "unseen")), 1);
	cr_expect_str_eq(json_text(json_array_get(json_at(watched, "unseen"), 0), "what"), "heap");
	cr_expect(strstr(json_text(json_array_get(json_at(watched, "unseen"), 0), "module"), program));
	expect_findings(rt_process(&rt, program), "");
	expect_output(&rt, "report RUN", "  watched     locks, not heap");
	snprintf(line, sizeof line,
	         "  not seen    heap: malloc is linked into the program itself, which calls it directly%s (", name);
	expect_output(&rt, "report RUN", line);
	expect_output(&rt, "check RUN --fail-on=default",
	              "check passed, but no leaks were looked for in 1 process (malloc is linked into it)");
	expect_output(&rt, "sql RUN 'select why from unwatched'", "malloc is linked into the program itself");
	rt_end(&rt);
}

static void expect_refused(const char *program)
{
	struct rt rt = rt_new();

	rt_program_with(&rt, MODE_RUN, "--must-watch", program);
	cr_expect_eq(rt.program.status, 69, "%s: status %d", program, rt.program.status);
	cr_expect_str_eq(rt.program.out, "", "%s has run", program);
	cr_expect(strstr(rt.program.err, "ringtail: cannot watch: the heap of "), "%s", rt.program.err);
	cr_expect(strstr(rt.program.err, "; not run (--must-watch)"), "%s", rt.program.err);
	rt_end(&rt);
}

#define UNSEEN(program, name)                                                                                          \
	Test(allocators, program##_unseen_run) { expect_unseen(MODE_RUN, #program, name); }                            \
	Test(allocators, program##_unseen_preload) { expect_unseen(MODE_PRELOAD, #program, name); }                    \
	Test(allocators, program##_refused) { expect_refused(#program); }
#include "tests/e2e/tables/allocators.def"

/* An allocator in front that leaves a part of the blocks to libc. */
static void unseen_before(struct rt *rt, enum mode mode, const char *options)
{
	char script[4 * RT_PATH];

	snprintf(script, sizeof script, "sh -c 'LD_PRELOAD=%s:$LD_PRELOAD exec %s'",
	         rt_built("programs/half_malloc.so"), rt_built("programs/abba_no_hang"));
	rt_program_with(rt, mode, options, script);
}

static void expect_unseen_before(enum mode mode)
{
	struct rt rt = rt_new();
	const json_t *watched, *unseen;

	unseen_before(&rt, mode, "");
	cr_expect_eq(rt.program.status, 0, "status %d: %s", rt.program.status, rt.program.err);
	cr_expect(strstr(rt.program.err, NOT_WATCHED_BEFORE), "%s", rt.program.err);
	watched = json_at(rt_process(&rt, "abba_no_hang"), "watched");
	cr_expect_not(json_is_true(json_at(watched, "heap")));
	unseen = json_array_get(json_at(watched, "unseen"), 0);
	cr_expect_str_eq(json_text(unseen, "what"), "heap");
	cr_expect(strstr(json_text(unseen, "module"), "half_malloc.so"));
	expect_findings(rt_process(&rt, "abba_no_hang"), "deadlock:predicted=1");
	expect_output(&rt, "report RUN",
	              "heap: malloc is that of a library preloaded before ringtail's: preload it behind");
	expect_output(
	    &rt, "check RUN --fail-on=leak:definite",
	    "check passed, but no leaks were looked for in 1 process (malloc is preloaded before ringtail's)");
	expect_output(&rt, "sql RUN 'select why from unwatched'", "preloaded before ringtail's");
	expect_output(&rt, "report RUN --format sarif", "preloaded before ringtail's");
	rt_end(&rt);
}

Test(allocators, half_in_front_unseen_run) { expect_unseen_before(MODE_RUN); }
Test(allocators, half_in_front_unseen_preload) { expect_unseen_before(MODE_PRELOAD); }

Test(allocators, half_in_front_refused)
{
	struct rt rt = rt_new();

	unseen_before(&rt, MODE_RUN, "--must-watch");
	cr_expect_eq(rt.program.status, 69, "status %d", rt.program.status);
	cr_expect_str_eq(rt.program.out, "", "it has run");
	cr_expect(
	    strstr(rt.program.err, "as it is that of a library preloaded before ringtail's; not run (--must-watch)"),
	    "%s", rt.program.err);
	rt_end(&rt);
}

/* A malloc that goes on to the next one is watched there, and must not be refused. */
static void expect_wrapped(enum mode mode, const char *options)
{
	struct rt rt = rt_new();

	rt_program_with(&rt, mode, options, "malloc_wrapped");
	cr_expect_eq(rt.program.status, 0, "status %d: %s", rt.program.status, rt.program.err);
	cr_expect_not(strstr(rt.program.err, "not watched"), "%s", rt.program.err);
	cr_expect_eq(left_of(rt_process(&rt, "malloc_wrapped"), "lose"), 50);
	cr_expect(json_is_true(json_at(rt_process(&rt, "malloc_wrapped"), "watched.heap")));
	expect_sound_heap(rt_process(&rt, "malloc_wrapped"));
	rt_end(&rt);
}

Test(allocators, wrapped_run) { expect_wrapped(MODE_RUN, ""); }
Test(allocators, wrapped_preload) { expect_wrapped(MODE_PRELOAD, ""); }
Test(allocators, wrapped_must_be_watched) { expect_wrapped(MODE_RUN, "--must-watch"); }

/* ---- allocators under names of their own ------------------------------------------------------------- */

#define OWN_NAME "the program has an allocator under a name of its own, je_malloc: its blocks are not seen"

/* What malloc hands out is watched as in any program. */
static void expect_own_name(enum mode mode)
{
	struct rt rt = rt_new();
	const json_t *process, *watched;

	rt_program(&rt, mode, "own_names");
	cr_expect(mode == MODE_PRELOAD || strstr(rt.program.err, "ringtail: not seen: a part of the heap of "), "%s",
	          rt.program.err);
	process = rt_process(&rt, "own_names");
	watched = json_at(process, "watched");
	cr_expect(json_is_true(json_at(watched, "heap")));
	cr_assert_eq(json_array_size(json_at(watched, "unseen")), 1);
	cr_expect_str_eq(json_text(json_array_get(json_at(watched, "unseen"), 0), "what"), "pool");
	cr_expect_eq(left_of(process, "lose"), 10);
	expect_output(&rt, "report RUN", "  not seen    pool: " OWN_NAME);
	expect_output(&rt, "report RUN --format sarif", OWN_NAME);
	expect_output(&rt, "check RUN --fail-on=leak:indirect",
	              "check passed, but no leaks of allocators under names of their own were looked for in 1 process");
	rt_end(&rt);
}

Test(allocators, own_name_run) { expect_own_name(MODE_RUN); }
Test(allocators, own_name_preload) { expect_own_name(MODE_PRELOAD); }

Test(allocators, own_name_refused)
{
	struct rt rt = rt_new();

	rt_program_with(&rt, MODE_RUN, "--must-watch", "own_names");
	cr_expect_eq(rt.program.status, 69, "status %d", rt.program.status);
	cr_expect_str_eq(rt.program.out, "", "it has run");
	cr_expect(strstr(rt.program.err, "a name of its own, je_malloc; not run (--must-watch)"), "%s", rt.program.err);
	rt_end(&rt);
}

/* An allocator that is linked as a library serves malloc, and is seen. */
static void expect_no_own_name(const char *program)
{
	struct rt rt = rt_new();

	rt_program_with(&rt, MODE_RUN, "--must-watch", program);
	cr_expect_eq(rt.program.status, 0, "status %d: %s", rt.program.status, rt.program.err);
	cr_expect_eq(json_array_size(json_at(rt_process(&rt, program), "watched.unseen")), 0);
	rt_end(&rt);
}

Test(allocators, linked_mimalloc_is_no_own_name) { expect_no_own_name("new_leaks_mimalloc"); }
Test(allocators, linked_tcmalloc_is_no_own_name) { expect_no_own_name("new_leaks_tcmalloc"); }

/* ---- no allocations --------------------------------------------------------------------------------- */

static void expect_none(enum mode mode, const char *options, const char *program, const char *summary,
                        const char *report)
{
	struct rt rt = rt_new();

	rt_program_with(&rt, mode, options, program);
	cr_expect(mode != MODE_RUN || strstr(rt.program.err, summary), "%s: %s", program, rt.program.err);
	expect_output(&rt, "report RUN", report);
	rt_end(&rt);
}

#define NONE(name, options, program, ...)                                                                              \
	Test(allocators, name##_run) { expect_none(MODE_RUN, options, program, __VA_ARGS__); }

NONE(never_called, "", "true", "ringtail: heap: no allocations: malloc was never called\n",
     "  no allocations: malloc was never called\n")
NONE(switched_off, "--heap=no", "true", "ringtail: heap: not watched (--heap=no)\n", "  was not watched\n")
NONE(from_the_kernel, "", "own_arena",
     "ringtail: heap: no allocation was seen\nringtail: not seen: heap: the program never calls malloc: it has an "
     "allocator of its own, rpmalloc (",
     "  not seen    heap: the program never calls malloc: it has an allocator of its own, rpmalloc (")
