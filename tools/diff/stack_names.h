/* One number for the names in each stack of a process.  Stacks with the same names have the same number in any
 * database. */
#ifndef RINGTAIL_DIFF_STACK_NAMES_H
#define RINGTAIL_DIFF_STACK_NAMES_H

#include "tools/base/u64_map.h"
#include "tools/query/stack_tree.h"

struct stack_names {
	struct u64_map pcs; /* index + 1 */
	struct named_pc *pc_items;
	size_t pc_count, pc_room;
	struct stack_tree stacks;
	struct named_node *nodes; /* of each stack */
};

void stack_names_load(struct stack_names *names, struct query *query, int64_t process);
void stack_names_free(struct stack_names *names);
/* The number of a stack; 0: there is no such stack. */
uint64_t stack_names_of(struct stack_names *names, int64_t stack);

#endif
