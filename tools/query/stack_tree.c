#include "tools/query/stack_tree.h"

#include <stdlib.h>

#include "shim/format.h"
#include "tools/base/memory.h"

/* guess: the index to try first. */
static uint32_t index_of(const struct stack_tree *tree, int64_t id, size_t guess)
{
	size_t low = 0, high = tree->count;

	if (guess < tree->count && tree->nodes[guess].id == id)
		return (uint32_t)guess;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (tree->nodes[middle].id == id)
			return (uint32_t)middle;
		if (tree->nodes[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return NO_STACK;
}

uint32_t stack_tree_find(const struct stack_tree *tree, int64_t id)
{
	return index_of(tree, id, (size_t)id - RT_NODE_FIRST);
}

/* Callers by index, so that a walk outwards searches nothing. */
static void link_callers(struct stack_tree *tree, const int64_t *parents)
{
	for (size_t i = 0; i < tree->count; i++) {
		struct stack_node *node = &tree->nodes[i];
		int64_t parent = parents[i];
		bool outermost = parent >= 0 && parent < RT_NODE_FIRST;

		node->root = outermost ? (uint32_t)parent : RT_ROOT_TRUNCATED;
		/* if no id is left out, indexes differ by as much as ids */
		node->caller = outermost ? NO_STACK : index_of(tree, parent, i - ((size_t)node->id - (size_t)parent));
	}
}

bool stack_tree_load(struct stack_tree *tree, struct query *query, int64_t process)
{
	static const char sql[] = "SELECT id, parent, pc, coalesce(place, -1), coalesce(wrapper, -1) FROM stack"
	                          " WHERE process = ? ORDER BY id";
	sqlite3_stmt *row = query_rows(query, sql, 1, process);
	size_t room = 0, parent_room = 0;
	int64_t *parents = NULL;

	*tree = (struct stack_tree){0};
	while (query_next(query, row)) {
		GROW(tree->nodes, room, tree->count + 1);
		GROW(parents, parent_room, tree->count + 1);
		tree->nodes[tree->count] = (struct stack_node){.id = sqlite3_column_int64(row, 0),
		                                               .pc = sqlite3_column_int64(row, 2),
		                                               .place = sqlite3_column_int64(row, 3),
		                                               .wrapper = sqlite3_column_int64(row, 4)};
		parents[tree->count++] = sqlite3_column_int64(row, 1);
	}
	sqlite3_finalize(row);
	link_callers(tree, parents);
	free(parents);
	return !query->failed;
}

void stack_tree_free(struct stack_tree *tree)
{
	free(tree->nodes);
	*tree = (struct stack_tree){0};
}
