#include "tools/query/stack_numbers.h"

#include <stdlib.h>
#include <string.h>

#include "shim/format.h"
#include "tools/base/memory.h"

#define NONE NO_STACK_NUMBER

/* guess: index to look at first. */
static uint32_t index_of(const struct numbered_stacks *stacks, uint64_t id, size_t guess)
{
	size_t low = 0, high = stacks->count;

	if (guess < stacks->count && stacks->ids[guess] == id)
		return (uint32_t)guess;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (stacks->ids[middle] == id)
			return (uint32_t)middle;
		if (stacks->ids[middle] < id)
			low = middle + 1;
		else
			high = middle;
	}
	return NONE;
}

static uint32_t *unset(size_t count)
{
	uint32_t *items = memory_zeroed(count ? count : 1, sizeof *items);

	memory_dense(items, count * sizeof *items);
	memset(items, 0xff, count * sizeof *items);
	return items;
}

static void find_callers(struct numbered_stacks *stacks, const uint64_t *parents)
{
	stacks->callers = unset(stacks->count);
	for (size_t i = 0; i < stacks->count; i++)
		if (parents[i] >= RT_NODE_FIRST) /* if no id is left out, indexes differ by as much as ids */
			stacks->callers[i] = index_of(stacks, parents[i], i - (size_t)(stacks->ids[i] - parents[i]));
}

/* Numbers the trees depth first: a stack, then what it calls, then its next sibling. */
static void give_numbers(struct numbered_stacks *stacks)
{
	uint32_t *callees = unset(stacks->count), *siblings = unset(stacks->count), roots = NONE;

	stacks->numbers = unset(stacks->count);
	stacks->order = unset(stacks->count);
	for (size_t i = stacks->count; i-- > 0;) {
		uint32_t *first = stacks->callers[i] == NONE ? &roots : &callees[stacks->callers[i]];

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
			at = stacks->callers[at];
		at = at == NONE ? NONE : siblings[at];
	}
	free(callees);
	free(siblings);
}

const struct numbered_stacks *stack_numbers_add(struct stack_numbers *numbers, int64_t process, uint64_t *ids,
                                                const uint64_t *parents, size_t count)
{
	GROW(numbers->items, numbers->room, numbers->count + 1);
	struct numbered_stacks *stacks = &numbers->items[numbers->count++];

	u64_map_put(&numbers->by_process, (uint64_t)process, numbers->count);
	*stacks = (struct numbered_stacks){.process = process, .ids = ids, .count = count};
	find_callers(stacks, parents);
	give_numbers(stacks);
	return stacks;
}

uint32_t stack_number(const struct stack_numbers *numbers, int64_t process, int64_t stack)
{
	size_t place = u64_map_get(&numbers->by_process, (uint64_t)process);

	if (!place)
		return NONE;
	const struct numbered_stacks *stacks = &numbers->items[place - 1];
	uint32_t found = index_of(stacks, (uint64_t)stack, (size_t)stack - RT_NODE_FIRST);

	return found == NONE ? NONE : stacks->numbers[found];
}

void stack_numbers_free(struct stack_numbers *numbers)
{
	for (size_t i = 0; i < numbers->count; i++) {
		free(numbers->items[i].ids);
		free(numbers->items[i].callers);
		free(numbers->items[i].numbers);
		free(numbers->items[i].order);
	}
	free(numbers->items);
	u64_map_free(&numbers->by_process);
	*numbers = (struct stack_numbers){0};
}
