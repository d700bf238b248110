/* Numbers of stacks: callers first, whatever ids the ring's table gave out. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "shim/format.h"
#include "tools/query/stack_numbers.h"

static const struct numbered_stacks *add(struct stack_numbers *numbers, const int64_t *ids, const int64_t *parents,
                                         size_t count)
{
	struct error err = {0};
	struct query query = {.err = &err};
	struct stack_tree tree;
	char sql[128];

	cr_assert_eq(sqlite3_open(":memory:", &query.db), SQLITE_OK);
	sqlite3_exec(query.db, "CREATE TABLE stack (process, id INTEGER PRIMARY KEY, parent, pc, place, wrapper)", NULL,
	             NULL, NULL);
	for (size_t i = 0; i < count; i++) {
		snprintf(sql, sizeof sql, "INSERT INTO stack VALUES (7, %lld, %lld, 1, 128, NULL)", (long long)ids[i],
		         (long long)parents[i]);
		cr_assert_eq(sqlite3_exec(query.db, sql, NULL, NULL, NULL), SQLITE_OK);
	}
	cr_assert(stack_tree_load(&tree, &query, 7), "%s", err.text);
	sqlite3_close(query.db);
	cr_assert_eq(tree.count, count);
	return stack_numbers_add(numbers, 7, tree);
}

Test(stack_numbers, callers_come_first)
{
	/* 30 -> 900 -> 20, 30 -> 40; 500 is alone */
	static const int64_t ids[] = {20, 30, 40, 500, 900}, parents[] = {900, 1, 30, 3, 30};
	struct stack_numbers numbers = {0};
	const struct numbered_stacks *stacks = add(&numbers, ids, parents, 5);

	cr_expect_eq(stacks->numbered, 5);
	for (size_t i = 0; i < 5; i++) {
		const struct stack_node *node = &stacks->tree.nodes[i];
		uint32_t caller = node->caller;

		cr_expect_eq(stack_number(&numbers, 7, ids[i]), stacks->numbers[i]);
		cr_expect_eq(stacks->order[stacks->numbers[i]], i);
		cr_expect(caller == NO_STACK ? node->root == parents[i] : ids[caller] == parents[i],
		          "the caller of %zu", i);
		cr_expect(caller == NO_STACK || stacks->numbers[caller] < stacks->numbers[i], "the order of %zu", i);
	}
	stack_numbers_free(&numbers);
}

Test(stack_numbers, what_is_not_there_has_none)
{
	static const int64_t ids[] = {16, 17, 18, 19}, parents[] = {1, 18, 17, 5000};
	struct stack_numbers numbers = {0};
	const struct numbered_stacks *stacks = add(&numbers, ids, parents, 4);

	cr_expect_eq(stacks->numbered, 2, "a circle has no outermost frame");
	cr_expect_eq(stack_number(&numbers, 7, 17), NO_STACK_NUMBER);
	cr_expect_eq(stack_number(&numbers, 7, 19), 1, "a stack whose caller is lost is shown without it");
	cr_expect_eq(stacks->tree.nodes[3].root, RT_ROOT_TRUNCATED);
	cr_expect_eq(stack_number(&numbers, 7, 0), NO_STACK_NUMBER);
	cr_expect_eq(stack_number(&numbers, 7, 20), NO_STACK_NUMBER);
	cr_expect_eq(stack_number(&numbers, 8, 16), NO_STACK_NUMBER, "another process");
	stack_numbers_free(&numbers);
	numbers = (struct stack_numbers){0};
	cr_expect_eq(add(&numbers, ids, parents, 0)->numbered, 0);
	stack_numbers_free(&numbers);
}
