/* The frames of allocations, by name: frames.def. */
#include <criterion/criterion.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/harness/rt.h"

TEST_SUITE(frames);

struct expected {
	long long bytes;
	int count; /* negative: or more */
	const char *pattern;
};

#define MOST 12
#define TEXT 16384

static void append(char *text, const char *more) { strncat(text, more, TEXT - 1 - strlen(text)); }

/* "inner middle outer; complete" */
static void describe(const json_t *event, char *text)
{
	size_t i;
	json_t *frame;

	text[0] = '\0';
	json_array_foreach(json_object_get(event, "frames"), i, frame)
	{
		const char *function = json_string_value(json_object_get(frame, "function"));

		append(text, i ? " " : "");
		append(text, function ? function : "?");
	}
	append(text, "; ");
	append(text, json_text(event, "stack_end"));
}

static void expect_in_event(const json_t *event, const struct expected *expected, size_t n, int *counts)
{
	char text[TEXT];

	if (strcmp(json_text(event, "type"), "malloc") != 0)
		return;
	for (size_t i = 0; i < n; i++) {
		if (json_number(event, "size") != expected[i].bytes)
			continue;
		counts[i]++;
		describe(event, text);
		cr_expect(fnmatch(expected[i].pattern, text, FNM_EXTMATCH) == 0, "malloc(%lld) by: %s; not: %s",
		          expected[i].bytes, text, expected[i].pattern);
	}
}

static void expect_in_run(struct rt *rt, const struct expected *expected, size_t n)
{
	int counts[MOST] = {0};
	struct outcome events = rt_tool(rt, "events RUN --stacks --format json");
	char *rest = events.out, *line;

	cr_assert_leq(n, MOST);
	cr_assert_eq(events.status, 0, "%s", events.err);
	while ((line = strsep(&rest, "\n")) && *line) {
		if (!strstr(line, "\"malloc\""))
			continue;
		json_t *event = json_loads(line, 0, NULL);

		cr_assert(event, "no JSON: %s", line);
		expect_in_event(event, expected, n, counts);
		json_decref(event);
	}
	for (size_t i = 0; i < n; i++)
		cr_expect(expected[i].count < 0 ? counts[i] >= -expected[i].count : counts[i] == expected[i].count,
		          "%d times malloc(%lld)", counts[i], expected[i].bytes);
	outcome_free(&events);
}

static void expect_frames(enum mode mode, const char *program, const struct expected *expected, size_t n)
{
	struct rt rt = rt_new();

	rt_program(&rt, mode, program);
	cr_assert_eq(rt.program.status, 0, "status %d: %s", rt.program.status, rt.program.err);
	expect_in_run(&rt, expected, n);
	rt_end(&rt);
}

#define FRAMES(program, ...)                                                                                           \
	Test(frames, program)                                                                                          \
	{                                                                                                              \
		static const struct expected expected[] = {__VA_ARGS__};                                               \
		expect_frames(MODE_PRELOAD, #program, expected, sizeof expected / sizeof *expected);                   \
	}

#if defined(__x86_64__)
#define CROSS_FRAMES(program, ...)                                                                                     \
	FRAMES(program, __VA_ARGS__)                                                                                   \
	Test(frames, program##_aarch64)                                                                                \
	{                                                                                                              \
		static const struct expected expected[] = {__VA_ARGS__};                                               \
		expect_frames(MODE_AARCH64, #program, expected, sizeof expected / sizeof *expected);                   \
	}

#else
#define CROSS_FRAMES(program, ...) FRAMES(program, __VA_ARGS__)
#endif

#include "tests/e2e/tables/frames.def"
