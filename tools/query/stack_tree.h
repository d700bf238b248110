/*
 * All stacks of one process in memory, for code that needs most of them: with hundreds of thousands of stacks, a query
 * for each would take minutes.  For a few stacks, query/frames.h is the way.
 *
 * A stack is a node of a tree: its innermost frame, and the node of its caller.  A database from elsewhere may be
 * damaged or hostile: then callers may form a cycle, so a walk outwards needs a limit.
 */
#ifndef RINGTAIL_QUERY_STACK_TREE_H
#define RINGTAIL_QUERY_STACK_TREE_H

#include <stddef.h>

#include "tools/query/query.h"

#define NO_STACK UINT32_MAX

struct stack_node {
	int64_t id;             /* stack.id */
	int64_t pc;             /* of the innermost frame: frame.pc */
	int64_t place, wrapper; /* stack.place, stack.wrapper; -1: NULL */
	uint32_t caller;        /* index of the caller's node; NO_STACK: it has none, and `root` tells why */
	uint32_t root;          /* RT_ROOT_*; RT_ROOT_TRUNCATED also for a caller that the database lacks */
};

struct stack_tree {               /* zeroed: without a stack */
	struct stack_node *nodes; /* in ascending order of their ids */
	size_t count;
};

/* Reads the stacks of a process.  False: query->err is filled; the tree is to be freed in any case. */
bool stack_tree_load(struct stack_tree *tree, struct query *query, int64_t process);
void stack_tree_free(struct stack_tree *tree);
/* The index of a stack.id; NO_STACK if the process has no such stack. */
uint32_t stack_tree_find(const struct stack_tree *tree, int64_t id);

#endif
