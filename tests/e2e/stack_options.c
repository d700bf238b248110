/* --stacks and --depth, and RINGTAIL=stacks= and depth=: as many frames as were asked for, and the right ones. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/harness/rt.h"

TEST_SUITE(stack_options);

#define CALLS 100

/* The events of take(), all of which have the same stack but for the line. */
static bool is_ours(const json_t *event, const char *mutex)
{
	const char *type = json_text(event, "type");

	if (!strcmp(type, "malloc"))
		return json_number(event, "size") == 4242;
	return (!strcmp(type, "acquire") || !strcmp(type, "release")) && !strcmp(json_text(event, "object"), mutex);
}

/* take(), the calls of descend(), main(), and then libc's own. */
static void expect_frame(const json_t *frame, size_t i)
{
	const char *wanted = i == 0 ? "take" : i <= CALLS ? "descend" : i == CALLS + 1 ? "main" : NULL;

	cr_expect(json_is_false(json_object_get(frame, "inlined")));
	if (wanted)
		cr_expect_str_eq(json_text(frame, "function"), wanted, "frame %zu is %s", i,
		                 json_text(frame, "function"));
}

static void expect_frames(const json_t *event, long long least, long long most)
{
	const json_t *frames = json_object_get(event, "frames"), *frame;
	long long count = (long long)json_array_size(frames);
	size_t i;

	cr_expect(count >= least && count <= most, "%lld frames, %lld to %lld were expected", count, least, most);
	cr_expect_eq(json_number(event, "stack") != 0, most > 0);
	json_array_foreach(frames, i, frame) expect_frame(frame, i);
}

static int look_at_all(struct rt *rt, const char *mutex, long long least, long long most)
{
	struct outcome events = rt_tool(rt, "events RUN --stacks --format json");
	int seen = 0;

	cr_assert_eq(events.status, 0, "%s", events.err);
	for (char *line = strtok(events.out, "\n"); line; line = strtok(NULL, "\n")) {
		json_t *event = json_loads(line, 0, NULL);

		cr_assert(event, "no JSON: %s", line);
		if (is_ours(event, mutex)) {
			expect_frames(event, least, most);
			seen++;
		}
		json_decref(event);
	}
	outcome_free(&events);
	return seen;
}

static void expect_rows(struct rt *rt, const char *query, const char *expected)
{
	char words[256];
	struct outcome rows;

	snprintf(words, sizeof words, "sql RUN --format json '%s'", query);
	rows = rt_tool(rt, words);
	cr_expect(strstr(rows.out, expected), "%s: %s %s", query, rows.out, rows.err);
	outcome_free(&rows);
}

static void expect_stacks(enum mode mode, const char *options, long long least, long long most)
{
	struct rt rt = rt_new();
	char line[64], mutex[32];

	snprintf(line, sizeof line, "nested_calls %d", CALLS);
	rt_program_with(&rt, mode, options, line);
	cr_assert_eq(rt.program.status, 0, "%s%s", rt.program.out, rt.program.err);
	cr_assert_eq(sscanf(rt.program.out, "mutex %31s", mutex), 1);
	cr_expect_eq(look_at_all(&rt, mutex, least, most), 3);
	cr_expect_eq(events_lost(rt_report(&rt)), 0);
	if (!most) { /* then no module and no place was recorded either */
		expect_rows(&rt, "select count(*) as n from module", "\"n\": 0");
		expect_rows(&rt, "select count(*) as n from frame", "\"n\": 0");
	}
	rt_end(&rt);
}

/* STACKS(name, options of MODE_RUN, of MODE_PRELOAD, frames at least, at most) */
#define STACKS(name, run, preload, least, most)                                                                        \
	Test(stack_options, name##_run) { expect_stacks(MODE_RUN, run, least, most); }                                 \
	Test(stack_options, name##_preload) { expect_stacks(MODE_PRELOAD, preload, least, most); }

STACKS(usual, "", "", CALLS + 2, CALLS + 5)
STACKS(full, "--stacks=full", "stacks=full", CALLS + 2, CALLS + 5)
STACKS(caller, "--stacks=caller", "stacks=caller", 1, 1)
STACKS(none, "--stacks=none", "stacks=none", 0, 0)
STACKS(depth_1, "--depth=1", "depth=1", 1, 1)
STACKS(depth_2, "--depth=2", "depth=2", 2, 2)
STACKS(depth_32, "--depth=32", "depth=32", 32, 32)
/* of a stack that is cut, half of the limit at least */
STACKS(depth_64, "--depth=64", "depth=64", 32, 64)
STACKS(depth_4096, "--depth=4096", "depth=4096", CALLS + 2, CALLS + 5)
STACKS(caller_whatever_the_depth, "--stacks=caller --depth=32", "stacks=caller:depth=32", 1, 1)
