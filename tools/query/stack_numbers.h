/*
 * The stacks of a run under numbers of their own, for a reader that has all of them as one table: callers
 * come before what they call, mostly just before, so that the table needs no ids and takes little room.
 */
#ifndef RINGTAIL_QUERY_STACK_NUMBERS_H
#define RINGTAIL_QUERY_STACK_NUMBERS_H

#include <stddef.h>
#include <stdint.h>

#include "tools/base/u64_map.h"

#define NO_STACK_NUMBER UINT32_MAX

struct numbered_stacks {
	int64_t process;
	size_t count;
	uint64_t *ids;     /* stack.id, ascending */
	uint32_t *callers; /* of each the caller's index here, NO_STACK_NUMBER: it has none */
	uint32_t *numbers; /* of each, from 0; NO_STACK_NUMBER for what only leads round in a circle, in a
	                      broken file */
	uint32_t *order;   /* index of each number */
	size_t numbered;
};

struct stack_numbers { /* zeroed: of no process */
	struct numbered_stacks *items;
	size_t count, room;
	struct u64_map by_process; /* index in items, and one more */
};

/* Takes ids, ascending; parents are stack.parent of each.  The stacks of that process, good until the next
 * call. */
const struct numbered_stacks *stack_numbers_add(struct stack_numbers *numbers, int64_t process, uint64_t *ids,
                                                const uint64_t *parents, size_t count);
/* Of a stack.id, NO_STACK_NUMBER where it has none. */
uint32_t stack_number(const struct stack_numbers *numbers, int64_t process, int64_t stack);
void stack_numbers_free(struct stack_numbers *numbers);

#endif
