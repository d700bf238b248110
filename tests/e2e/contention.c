/* Where threads waited, for which threads, and how long: contention.def, in both modes. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/harness/rt.h"

TEST_SUITE(contention);

struct expected {
	const char *shape, *kind;
	long long waits;
	const char *waited_in, *holder_in, *made_in;
};

/* The function of the innermost frame; "": there is no stack. */
static const char *function_of(const json_t *stack)
{
	const char *function = json_string_value(json_object_get(json_array_get(stack, 0), "function"));

	return function ? function : "";
}

static bool is_in(const json_t *object, const char *stack, const char *function)
{
	return !strcmp(function_of(json_object_get(object, stack)), function);
}

static const json_t *class_of(const json_t *process, const json_t *wait)
{
	const json_t *class;
	size_t i;

	json_array_foreach(json_object_get(process, "lock_classes"), i,
	                   class) if (json_number(class, "id") == json_number(wait, "class")) return class;
	cr_assert(false, "a wait is of no class");
	return NULL;
}

/* The waits of this kind, by and for these functions. */
static const json_t *find_wait(const json_t *process, const struct expected *want)
{
	const json_t *wait;
	size_t i;

	json_array_foreach(json_object_get(process, "lock_waits"), i,
	                   wait) if (is_in(wait, "stack", want->waited_in) &&
	                             is_in(wait, "holder_stack", want->holder_in) &&
	                             !strcmp(json_text(class_of(process, wait), "kind"), want->kind)) return wait;
	return NULL;
}

static double seconds_of(const json_t *object, const char *name)
{
	return json_real_value(json_object_get(object, name));
}

static void expect_wait(const json_t *process, const struct expected *want)
{
	const json_t *wait = find_wait(process, want), *class;

	cr_assert(wait, "%s: no wait for a %s in %s for %s", want->shape, want->kind, want->waited_in, want->holder_in);
	class = class_of(process, wait);
	cr_expect_eq(json_number(wait, "waits"), want->waits);
	cr_expect_gt(seconds_of(wait, "wait_longest"), 0);
	cr_expect_geq(seconds_of(wait, "wait_seconds"), seconds_of(wait, "wait_longest"));
	cr_expect(json_is_integer(json_object_get(wait, "holder")), "%s: the holder is not known", want->shape);
	cr_expect_neq(json_number(wait, "thread"), json_number(wait, "holder"));
	cr_expect(is_in(class, "stack", want->made_in), "%s: made in %s", want->shape,
	          function_of(json_object_get(class, "stack")));
	cr_expect_geq(json_number(class, "contended"), want->waits);
}

/* The number of contention findings of this kind whose stack begins in this function. */
static unsigned findings_of(const json_t *process, const char *kind, const char *function)
{
	const json_t *finding, *stack;
	unsigned count = 0;
	size_t i, j;

	json_array_foreach(json_object_get(process, "findings"), i, finding)
	{
		if (strcmp(json_text(finding, "kind"), "contention") || strcmp(json_text(finding, "class"), kind))
			continue;
		cr_expect_gt(seconds_of(finding, "seconds"), 0);
		json_array_foreach(json_object_get(finding, "stacks"), j, stack) if (is_in(stack, "frames", function))
		{
			count++;
			break;
		}
	}
	return count;
}

static json_t *run_shape(struct rt *rt, enum mode mode, const char *shape)
{
	char line[128];

	snprintf(line, sizeof line, "contention %s", shape);
	rt_program(rt, mode, line);
	cr_expect_eq(rt->program.status, 0, "%s: status %d: %s", shape, rt->program.status, rt->program.err);
	return rt_process(rt, "contention");
}

static void expect_contention(enum mode mode, struct expected want)
{
	struct rt rt = rt_new();
	json_t *process = run_shape(&rt, mode, want.shape);

	expect_wait(process, &want);
	cr_expect_geq(findings_of(process, want.kind, want.waited_in), 1u);
	cr_expect_geq(findings_of(process, want.kind, want.holder_in), 1u);
	rt_end(&rt);
}

#define CONTENTION(shape, ...)                                                                                         \
	Test(contention, shape##_run) { expect_contention(MODE_RUN, (struct expected){#shape, __VA_ARGS__}); }         \
	Test(contention, shape##_preload) { expect_contention(MODE_PRELOAD, (struct expected){#shape, __VA_ARGS__}); }
#include "tests/e2e/tables/contention.def"

/* The hold of a lock that threads take in turn: no thread waits for it. */
static const json_t *hold_in(const json_t *process, const char *function)
{
	const json_t *hold;
	size_t i;

	json_array_foreach(json_object_get(process, "lock_holds"), i,
	                   hold) if (is_in(hold, "stack", function)) return hold;
	return NULL;
}

Test(contention, none_where_nobody_waits)
{
	struct rt rt = rt_new();
	json_t *process = run_shape(&rt, MODE_RUN, "mutexes_ok");
	const json_t *hold = hold_in(process, "want");

	cr_expect_eq(json_array_size(json_object_get(process, "lock_waits")), 0);
	cr_expect_eq(findings_of(process, "mutex", "want"), 0);
	cr_assert(hold, "no holds by want");
	cr_expect_eq(json_number(hold, "holds"), 3);
	cr_expect_gt(seconds_of(hold, "hold_longest"), 0);
	rt_end(&rt);
}

/* The text: the class in the table, and the pair with both stacks. */
Test(contention, told_in_text)
{
	struct rt rt = rt_new();
	struct outcome locks;
	const char *pairs;

	run_shape(&rt, MODE_RUN, "mutexes");
	locks = rt_tool(&rt, "locks RUN");
	cr_assert_eq(locks.status, 0, "%s", locks.err);
	cr_expect(strstr(locks.out, "LOCKS: 5 of 3 classes"), "%s", locks.out);
	cr_expect(strstr(locks.out, " done, main ("), "the static lock has no name: %s", locks.out);
	pairs = strstr(locks.out, "WAITS BY WAITER AND HOLDER");
	cr_assert(pairs, "%s", locks.out);
	cr_expect(strstr(pairs, "3 waits, "), "%s", pairs);
	cr_expect(strstr(pairs, "mutex 0 bytes into each block from make_mutex (contention.c:"), "%s", pairs);
	cr_expect(strstr(pairs, ", made by make_mutex (contention.c:"), "%s", pairs);
	cr_expect(strstr(pairs, "which had taken it here:\n      #0  hold ("), "%s", pairs);
	outcome_free(&locks);
	rt_end(&rt);
}
