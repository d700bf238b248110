/*
 * Data races from the program to the report, in both modes.  What is caught depends on luck: a race must be caught in
 * one of TRIES runs, each with another seed, and where there is none, no run may report one.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/harness/rt.h"

#if defined(__x86_64__)

TEST_SUITE(data_races);

#define TRIES 10
#define QUIET 3

/* All of the time may be spent, as a busy machine makes each stop take long. */
static void run_shape(struct rt *rt, enum mode mode, const char *shape, int seed)
{
	char options[64], line[64];

	snprintf(options, sizeof options,
	         mode == MODE_RUN ? "--races=100%% --races-seed=%d" : "races=100%%:races-seed=%d", seed);
	snprintf(line, sizeof line, "data_races %s", shape);
	*rt = rt_new();
	rt_program_with(rt, mode, options, line);
	cr_expect_eq(rt->program.status, 0, "%s: status %d: %s", shape, rt->program.status, rt->program.err);
}

static const char *text_of(json_t *object, const char *member)
{
	const char *text = json_string_value(json_object_get(object, member));

	return text ? text : "";
}

/* The first race that was caught; NULL: there is none. */
static json_t *caught_race(json_t *process)
{
	json_t *finding;
	size_t i;

	json_array_foreach(json_object_get(process, "findings"), i, finding)
	{
		if (!strcmp(text_of(finding, "kind"), "race") && *text_of(finding, "reason"))
			return finding;
	}
	return NULL;
}

static bool has_word(const char *words, const char *word)
{
	const char *at = *word ? strstr(words, word) : NULL;
	size_t length = strlen(word);

	return at && (at == words || at[-1] == ' ') && (!at[length] || at[length] == ' ');
}

static void expect_side(json_t *side)
{
	json_t *frame = json_array_get(json_object_get(side, "stack"), 0);

	cr_expect_gt(json_integer_value(json_object_get(side, "thread")), 1, "a thread that the program made");
	cr_expect_gt(json_integer_value(json_object_get(side, "size")), 0);
	cr_expect(strstr(text_of(frame, "file"), "data_races.c"), "its innermost frame is %s", text_of(frame, "file"));
	cr_expect_gt(json_integer_value(json_object_get(frame, "line")), 0);
}

static void expect_race(json_t *race, const char *classes, const char *what, const char *name)
{
	json_t *sides = json_object_get(race, "sides"), *object = json_object_get(race, "object");
	bool fails = !strcmp(text_of(race, "class"), "data");

	cr_expect(has_word(classes, text_of(race, "class")), "its class is %s", text_of(race, "class"));
	cr_expect_eq(json_is_true(json_object_get(race, "information")), !fails);
	cr_expect_str_eq(text_of(object, "what"), what);
	cr_expect(!strncmp(text_of(object, "name"), name, strlen(name)), "its name is %s", text_of(object, "name"));
	cr_assert_eq(json_array_size(sides), 2);
	expect_side(json_array_get(sides, 0));
	expect_side(json_array_get(sides, 1));
}

static bool is_caught(enum mode mode, const char *shape, const char *classes, const char *what, const char *name,
                      int seed)
{
	struct rt rt;

	run_shape(&rt, mode, shape, seed);
	json_t *race = caught_race(rt_process(&rt, "data_races"));
	if (race)
		expect_race(race, classes, what, name);
	rt_end(&rt);
	return race != NULL;
}

static void expect_caught(enum mode mode, const char *shape, const char *classes, const char *what, const char *name)
{
	bool caught = false;

	for (int seed = 1; seed <= TRIES && !caught; seed++)
		caught = is_caught(mode, shape, classes, what, name, seed);
	cr_expect(caught, "%s was not caught in %d runs", shape, TRIES);
}

static void expect_none(enum mode mode, const char *shape)
{
	for (int seed = 1; seed <= QUIET; seed++) {
		struct rt rt;

		run_shape(&rt, mode, shape, seed);
		json_t *process = rt_process(&rt, "data_races"), *race = caught_race(process),
		       *search = json_object_get(process, "race_search");
		cr_expect_null(race, "%s: race:%s", shape, race ? text_of(race, "class") : "");
		cr_expect(json_is_true(json_object_get(search, "done")), "%s: nothing was looked for: %s", shape,
		          text_of(search, "why"));
		rt_end(&rt);
	}
}

#define RACE(shape, classes, what, name)                                                                               \
	Test(data_races, shape##_run) { expect_caught(MODE_RUN, #shape, classes, what, name); }                        \
	Test(data_races, shape##_preload) { expect_caught(MODE_PRELOAD, #shape, classes, what, name); }
#define NO_RACE(shape)                                                                                                 \
	Test(data_races, shape##_run) { expect_none(MODE_RUN, #shape); }                                               \
	Test(data_races, shape##_preload) { expect_none(MODE_PRELOAD, #shape); }
#include "tests/e2e/tables/data_races.def"

#endif
