/*
 * New numbers for the stacks of a run, for an output that holds all of them as one table.  A caller comes before the
 * functions that it calls, mostly just before, so that the table needs no ids and takes little room.
 */
#ifndef RINGTAIL_QUERY_STACK_NUMBERS_H
#define RINGTAIL_QUERY_STACK_NUMBERS_H

#include <stddef.h>
#include <stdint.h>

#include "tools/base/u64_map.h"
#include "tools/query/stack_tree.h"

#define NO_STACK_NUMBER NO_STACK

struct numbered_stacks {
	int64_t process;
	struct stack_tree tree;
	uint32_t *numbers; /* the number of each stack, from 0; NO_STACK_NUMBER for stacks on a cycle of callers, in a
	                      damaged file */
	uint32_t *order;   /* by number: the index of its stack in the tree */
	size_t numbered;
};

struct stack_numbers { /* zeroed: of no process */
	struct numbered_stacks *items;
	size_t count, room;
	struct u64_map by_process; /* index + 1 into items */
};

/* Adds the stacks of a process, and takes over the tree.  The result is valid until the next call. */
const struct numbered_stacks *stack_numbers_add(struct stack_numbers *numbers, int64_t process, struct stack_tree tree);
/* The number of a stack.id; NO_STACK_NUMBER if it has none. */
uint32_t stack_number(const struct stack_numbers *numbers, int64_t process, int64_t stack);
void stack_numbers_free(struct stack_numbers *numbers);

#endif
