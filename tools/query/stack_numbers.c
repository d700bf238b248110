#include "tools/query/stack_numbers.h"

#include <stdlib.h>
#include <string.h>

#include "tools/base/memory.h"

#define NONE NO_STACK_NUMBER

static uint32_t *unset(size_t count)
{
	uint32_t *items = memory_zeroed(count ? count : 1, sizeof *items);

	memory_dense(items, count * sizeof *items);
	memset(items, 0xff, count * sizeof *items);
	return items;
}

/* Numbers the trees depth first: a stack, then what it calls, then its next sibling. */
static void give_numbers(struct numbered_stacks *stacks)
{
	const struct stack_node *nodes = stacks->tree.nodes;
	size_t count = stacks->tree.count;
	uint32_t *callees = unset(count), *siblings = unset(count), roots = NONE;

	stacks->numbers = unset(count);
	stacks->order = unset(count);
	for (size_t i = count; i-- > 0;) {
		uint32_t *first = nodes[i].caller == NO_STACK ? &roots : &callees[nodes[i].caller];

		siblings[i] = *first;
		*first = (uint32_t)i;
	}
	for (uint32_t at = roots; at != NONE;) {
		stacks->order[stacks->numbered] = at;
		stacks->numbers[at] = (uint32_t)stacks->numbered++;
		if (callees[at] != NONE) {
			at = callees[at];
			continue;
		}
		while (at != NONE && siblings[at] == NONE)
			at = nodes[at].caller;
		at = at == NONE ? NONE : siblings[at];
	}
	free(callees);
	free(siblings);
}

const struct numbered_stacks *stack_numbers_add(struct stack_numbers *numbers, int64_t process, struct stack_tree tree)
{
	GROW(numbers->items, numbers->room, numbers->count + 1);
	struct numbered_stacks *stacks = &numbers->items[numbers->count++];

	u64_map_put(&numbers->by_process, (uint64_t)process, numbers->count);
	*stacks = (struct numbered_stacks){.process = process, .tree = tree};
	give_numbers(stacks);
	return stacks;
}

uint32_t stack_number(const struct stack_numbers *numbers, int64_t process, int64_t stack)
{
	size_t place = u64_map_get(&numbers->by_process, (uint64_t)process);

	if (!place)
		return NONE;
	const struct numbered_stacks *stacks = &numbers->items[place - 1];
	uint32_t found = stack_tree_find(&stacks->tree, stack);

	return found == NO_STACK ? NONE : stacks->numbers[found];
}

void stack_numbers_free(struct stack_numbers *numbers)
{
	for (size_t i = 0; i < numbers->count; i++) {
		stack_tree_free(&numbers->items[i].tree);
		free(numbers->items[i].numbers);
		free(numbers->items[i].order);
	}
	free(numbers->items);
	u64_map_free(&numbers->by_process);
	*numbers = (struct stack_numbers){0};
}
