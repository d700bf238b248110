/* Many threads and many events: nothing lost, nothing mismatched, in both ways to run. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "tests/e2e/rt.h"

TEST_SUITE(threads);

/* What a program with threads must come to.  glibc allocates for itself once for each thread stack it makes,
 * and keeps or frees that with the stack: `of_glibc` blocks at most. */
struct expected {
	const char *line, *exe;
	long long threads, allocations, bytes, of_glibc;
};

#define GLIBC_PER_THREAD 4096

static void expect_complete(enum way way, struct expected want)
{
	struct rt rt = rt_new();
	json_t *process;
	char *findings;
	long long more;

	rt_program(&rt, way, want.line);
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

#define COMPLETE(name, ...)                                                                                  \
	Test(threads, name##_run) { expect_complete(WAY_RUN, (struct expected){ __VA_ARGS__ }); }            \
	Test(threads, name##_preload) { expect_complete(WAY_PRELOAD, (struct expected){ __VA_ARGS__ }); }

COMPLETE(cross_free, "cross_free", "cross_free", 65, 128000, 8384000, 64)
COMPLETE(short_threads, "short_threads", "short_threads", 501, 5000, 240000, 500)
COMPLETE(ten_million, "ten_million", "ten_million", 1, 5000000, 1282469280, 0)

/* A handler may record before its thread's start routine does: what was made up for it ends with it. */
static void signal_at_start(enum way way)
{
	struct rt rt = rt_new();
	json_t *process, *thread;
	size_t i;

	rt_program(&rt, way, "signal_at_start");
	process = rt_process(&rt, "signal_at_start");
	json_array_foreach(json_object_get(process, "threads"), i, thread)
		cr_expect_str_eq(json_text(thread, "state_at_end"), "ended");
	rt_end(&rt);
}

Test(threads, signal_at_start_run) { signal_at_start(WAY_RUN); }
Test(threads, signal_at_start_preload) { signal_at_start(WAY_PRELOAD); }
