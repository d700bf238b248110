/* Many threads and many events: nothing lost, nothing mismatched, in both modes. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/harness/rt.h"

TEST_SUITE(threads);

/* The expected counts of a program with threads.  glibc allocates one block for each thread stack that it makes, and
 * keeps or frees that with the stack: `of_glibc` blocks at most. */
struct expected {
	const char *line, *exe;
	long long threads, allocations, bytes, of_glibc;
};

#define GLIBC_PER_THREAD 4096

static void expect_complete(enum mode mode, struct expected want)
{
	struct rt rt = rt_new();
	json_t *process;
	char *findings;
	long long more;

	rt_program(&rt, mode, want.line);
	cr_expect_eq(rt.program.status, 0);
	process = rt_process(&rt, want.exe);
	findings = findings_summary(process, false);
	cr_expect_eq(events_lost(rt.json), 0, "%lld events lost", events_lost(rt.json));
	expect_sound_heap(process);
	cr_expect_str_eq(findings, "", "%s: found %s", want.line, findings);
	more = json_number(process, "heap.allocations") - want.allocations;
	cr_expect(more >= 0 && more <= want.of_glibc, "%s: %lld allocations more than its own", want.line, more);
	more = json_number(process, "heap.allocated_bytes") - want.bytes;
	cr_expect(more >= 0 && more <= want.of_glibc * GLIBC_PER_THREAD, "%s: %lld bytes more than its own", want.line,
	          more);
	cr_expect_leq(json_number(process, "heap.live_at_end_blocks"), want.of_glibc);
	cr_expect_eq(json_array_size(json_object_get(process, "threads")), want.threads);
	free(findings);
	rt_end(&rt);
}

#define COMPLETE(name, ...)                                                                                            \
	Test(threads, name##_run) { expect_complete(MODE_RUN, (struct expected){__VA_ARGS__}); }                       \
	Test(threads, name##_preload) { expect_complete(MODE_PRELOAD, (struct expected){__VA_ARGS__}); }

COMPLETE(cross_free, "cross_free", "cross_free", 65, 128000, 8384000, 64)
COMPLETE(short_threads, "short_threads", "short_threads", 501, 5000, 240000, 500)
COMPLETE(ten_million, "ten_million", "ten_million", 1, 5000000, 1282469280, 0)

/* A handler may record before its thread's start routine begins: the state that was made for the handler ends with
 * it. */
static void signal_at_start(enum mode mode)
{
	struct rt rt = rt_new();
	json_t *process, *thread;
	size_t i;

	rt_program(&rt, mode, "signal_at_start");
	process = rt_process(&rt, "signal_at_start");
	json_array_foreach(json_object_get(process, "threads"), i, thread)
	    cr_expect_str_eq(json_text(thread, "state_at_end"), "ended");
	rt_end(&rt);
}

Test(threads, signal_at_start_run) { signal_at_start(MODE_RUN); }
Test(threads, signal_at_start_preload) { signal_at_start(MODE_PRELOAD); }

/* ---- growth -------------------------------------------------------------------------------- */

struct growth {
	const char *shape, *findings;
	long long made, live;
	bool grows;
};

static void expect_growth(enum mode mode, struct growth want)
{
	struct rt rt = rt_new();
	json_t *process, *site;
	char line[64], *findings;

	snprintf(line, sizeof line, "thread_growth %s", want.shape);
	rt_program(&rt, mode, line);
	process = rt_process(&rt, "thread_growth");
	findings = findings_summary(process, false);
	cr_expect_str_eq(findings, want.findings, "%s: found %s", want.shape, findings);
	cr_assert_eq(json_array_size(json_object_get(process, "thread_sites")), 1);
	site = json_array_get(json_object_get(process, "thread_sites"), 0);
	cr_expect_eq(json_number(site, "made"), want.made);
	cr_expect_eq(json_number(site, "live"), want.live);
	cr_expect_eq(json_is_true(json_object_get(site, "grows")), want.grows);
	free(findings);
	rt_end(&rt);
}

#define GROWTH(name, ...)                                                                                              \
	Test(threads, name##_run) { expect_growth(MODE_RUN, (struct growth){#name, __VA_ARGS__}); }                    \
	Test(threads, name##_preload) { expect_growth(MODE_PRELOAD, (struct growth){#name, __VA_ARGS__}); }

GROWTH(growing, "thread-leak:blocked=27 thread-leak:growing=1", 80, 27, true)
GROWTH(pool_ok, "thread-leak:blocked=20", 20, 20, false)
GROWTH(requests_ok, "", 80, 0, false)

/* ---- what threads run ------------------------------------------------------------------------- */

/* The functions that the threads other than main run, "?" where not known; in the order of their creation. */
static void expect_runs(enum mode mode, const char *line, const char *want)
{
	struct rt rt = rt_new();
	char program[64], found[512] = "";
	json_t *thread;
	size_t i;

	snprintf(program, sizeof program, "%.*s", (int)strcspn(line, " "), line);
	rt_program(&rt, mode, line);
	json_array_foreach(json_object_get(rt_process(&rt, program), "threads"), i, thread)
	{
		const json_t *runs = json_object_get(thread, "runs");

		if (json_is_true(json_object_get(thread, "main")))
			continue;
		strncat(found, *found ? " " : "", sizeof found - strlen(found) - 1);
		strncat(found, json_is_null(runs) ? "?" : json_text(runs, "function"),
		        sizeof found - strlen(found) - 1);
	}
	cr_expect_str_eq(found, want, "%s: runs %s", line, found);
	rt_end(&rt);
}

#define RUNS(program, shape, want)                                                                                     \
	Test(threads, runs_##program##_##shape##_run) { expect_runs(MODE_RUN, #program " " #shape, want); }            \
	Test(threads, runs_##program##_##shape##_preload) { expect_runs(MODE_PRELOAD, #program " " #shape, want); }

RUNS(left_threads, two_routines, "watch answer watch")
RUNS(left_threads, detached_on_lock, "keep take")
RUNS(c11_order, thread, "nothing")
RUNS(cxx_order, latch, "wait_for_latch")
RUNS(rust_std, blocked, "rust_std::blocked::{{closure}}")

/* ---- threads that could have ended a wait -------------------------------------------------------------- */

/* "thread in HERE waits for KIND, up to a thread that HOW it, by THERE": the functions of both stacks. */
static bool is_up_to(const json_t *process, const char *here, const char *kind, const char *how, const char *there)
{
	json_t *thread, *blocker;
	size_t i, j;

	json_array_foreach(json_object_get(process, "threads"), i, thread)
	{
		const json_t *blocked = json_object_get(thread, "blocked");

		if (json_is_null(blocked) || strcmp(json_text(blocked, "on"), kind) ||
		    strcmp(json_text(json_array_get(json_object_get(blocked, "stack"), 0), "function"), here))
			continue;
		cr_expect(json_is_real(json_object_get(blocked, "since")));
		json_array_foreach(
		    json_object_get(blocked, "by"), j,
		    blocker) if (!strcmp(json_text(blocker, "how"), how) &&
		                 !strcmp(json_text(json_array_get(json_object_get(blocker, "stack"), 0), "function"),
		                         there)) return true;
	}
	return false;
}

static void hang(struct rt *rt, const char *line)
{
	rt_program_with(rt, MODE_RUN, "--on-deadlock=kill", line);
	cr_assert_eq(rt->program.status, 67, "%s: status %d", line, rt->program.status);
}

Test(threads, blocked_by_readers_owners_and_the_joined)
{
	struct rt rt = rt_new();
	const json_t *process;

	hang(&rt, "hangs reader");
	process = rt_process(&rt, "hangs");
	cr_expect(is_up_to(process, "read_then_first", "mutex", "holds", "first_then_write"));
	cr_expect(is_up_to(process, "first_then_write", "rwlock", "reads", "read_then_first"));
	cr_expect(is_up_to(process, "two", "thread", "lives", "start"));
	rt_end(&rt);
}

Test(threads, blocked_by_who_posted_before)
{
	struct rt rt = rt_new();
	struct outcome threads;

	hang(&rt, "hangs sem_and_mutex");
	cr_expect(is_up_to(rt_process(&rt, "hangs"), "wait_sem_with_first", "sem", "wakes", "post_with_first"));
	threads = rt_tool(&rt, "threads RUN");
	cr_expect(strstr(threads.out, ", which ended such a wait before at "), "%s", threads.out);
	outcome_free(&threads);
	rt_end(&rt);
}

/* The object of a wait is named by its variable, or by the block that it lies in. */
Test(threads, objects_of_waits_have_names)
{
	struct rt rt = rt_new();

	rt_program(&rt, MODE_PRELOAD, "waits_in_block");
	struct outcome threads = rt_tool(&rt, "threads RUN");
	cr_expect(strstr(threads.out, " (40 bytes into the block from make_session (waits_in_block.c:"), "%s",
	          threads.out);
	cr_expect(strstr(threads.out, " (never_signalled) since "), "%s", threads.out);
	outcome_free(&threads);
	rt_end(&rt);
}

/* Threads that were made at one place and ended alike are one group, whatever led to the place. */
Test(threads, groups_are_by_place)
{
	struct rt rt = rt_new();

	rt_program(&rt, MODE_RUN, "same_orders");
	struct outcome threads = rt_tool(&rt, "threads RUN");
	cr_expect(strstr(threads.out, "       2  joined               made by run_thread (same_orders.c:"), "%s",
	          threads.out);
	cr_expect(strstr(threads.out, "       1  ended                the main thread\n"), "%s", threads.out);
	outcome_free(&threads);
	rt_end(&rt);
}
