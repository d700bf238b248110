/* Numbers of stacks: callers first, whatever ids the ring's table gave out. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "tools/query/stack_numbers.h"

static const struct numbered_stacks *add(struct stack_numbers *numbers, const uint64_t *ids, const uint64_t *parents,
                                         size_t count)
{
	uint64_t *own = malloc(count * sizeof *own);

	cr_assert_not_null(own);
	memcpy(own, ids, count * sizeof *own);
	return stack_numbers_add(numbers, 7, own, parents, count);
}

Test(stack_numbers, callers_come_first)
{
	/* 30 -> 900 -> 20, 30 -> 40; 500 is alone */
	static const uint64_t ids[] = {20, 30, 40, 500, 900}, parents[] = {900, 1, 30, 3, 30};
	struct stack_numbers numbers = {0};
	const struct numbered_stacks *stacks = add(&numbers, ids, parents, 5);

	cr_expect_eq(stacks->numbered, 5);
	for (size_t i = 0; i < 5; i++) {
		uint32_t caller = stacks->callers[i];

		cr_expect_eq(stack_number(&numbers, 7, (int64_t)ids[i]), stacks->numbers[i]);
		cr_expect_eq(stacks->order[stacks->numbers[i]], i);
		cr_expect(caller == NO_STACK_NUMBER ? parents[i] < 16 : ids[caller] == parents[i], "the caller of %zu",
		          i);
		cr_expect(caller == NO_STACK_NUMBER || stacks->numbers[caller] < stacks->numbers[i], "the order of %zu",
		          i);
	}
	stack_numbers_free(&numbers);
}

Test(stack_numbers, what_is_not_there_has_none)
{
	static const uint64_t ids[] = {16, 17, 18, 19}, parents[] = {1, 18, 17, 5000};
	struct stack_numbers numbers = {0};
	const struct numbered_stacks *stacks = add(&numbers, ids, parents, 4);

	cr_expect_eq(stacks->numbered, 2, "a circle has no outermost frame");
	cr_expect_eq(stack_number(&numbers, 7, 17), NO_STACK_NUMBER);
	cr_expect_eq(stack_number(&numbers, 7, 19), 1, "a stack whose caller is lost is shown without it");
	cr_expect_eq(stack_number(&numbers, 7, 0), NO_STACK_NUMBER);
	cr_expect_eq(stack_number(&numbers, 7, 20), NO_STACK_NUMBER);
	cr_expect_eq(stack_number(&numbers, 8, 16), NO_STACK_NUMBER, "another process");
	stack_numbers_free(&numbers);
	numbers = (struct stack_numbers){0};
	cr_expect_eq(add(&numbers, ids, parents, 0)->numbered, 0);
	stack_numbers_free(&numbers);
}
