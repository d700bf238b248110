#include "tools/diff/stack_names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shim/format.h"
#include "tools/base/fnv.h"
#include "tools/base/memory.h"
#include "tools/base/format.h"
#include "tools/symbolize/names.h"

struct named_pc {
	uint64_t name; /* of its functions, from the innermost inlined one to the outermost */
	bool main, libc;
};

struct named_node {
	bool known;
	/* hashes of the names from the outermost frame inwards, without the callers of main and with them; 0: no frame
	 */
	uint64_t own, whole;
};

/* With the text's NUL. */
static uint64_t add_text(uint64_t hash, const char *text) { return fnv_bytes(hash, text, strlen(text) + 1); }

static uint64_t add_name(uint64_t hash, uint64_t name) { return (u64_mix(hash + 1) ^ name) * FNV_PRIME | 1; }

static struct named_pc *pc_of(struct stack_names *names, uint64_t pc)
{
	uint64_t found = u64_map_get(&names->pcs, pc);

	if (!found) {
		GROW(names->pc_items, names->pc_room, names->pc_count + 1);
		names->pc_items[names->pc_count] = (struct named_pc){.name = FNV_START};
		found = ++names->pc_count;
		u64_map_put(&names->pcs, pc, found);
	}
	return &names->pc_items[found - 1];
}

/* A function without a name is identified by its start in its module, or that of the call. */
static void add_frame(struct named_pc *pc, const char *function, const char *module, int64_t offset)
{
	char place[32];

	pc->main = name_is_main(function); /* the last one, which is the outermost, counts */
	pc->libc = module && !strncmp(base_name(module), "libc.so", 7);
	if (function) {
		pc->name = add_text(pc->name, function);
		return;
	}
	snprintf(place, sizeof place, "+0x%llx", (unsigned long long)(module ? offset : 0));
	pc->name = add_text(add_text(pc->name, module ? base_name(module) : ""), place);
}

static void load_pcs(struct stack_names *names, struct query *query, int64_t process)
{
	static const char sql[] = "SELECT f.pc, f.function, m.path, f.offset - coalesce(f.function_offset, 0)"
	                          " FROM frame f LEFT JOIN module m ON m.process = f.process AND m.id = f.module"
	                          " WHERE f.process = ? ORDER BY f.pc, f.ordinal";
	sqlite3_stmt *row = query_rows(query, sql, 1, process);

	while (query_next(query, row))
		add_frame(pc_of(names, (uint64_t)sqlite3_column_int64(row, 0)), query_text_or_null(row, 1),
		          query_text_or_null(row, 2), sqlite3_column_int64(row, 3));
	sqlite3_finalize(row);
}

void stack_names_load(struct stack_names *names, struct query *query, int64_t process)
{
	*names = (struct stack_names){0};
	load_pcs(names, query, process);
	stack_tree_load(&names->stacks, query, process);
	names->nodes = memory_zeroed(names->stacks.count, sizeof *names->nodes);
}

void stack_names_free(struct stack_names *names)
{
	u64_map_free(&names->pcs);
	free(names->pc_items);
	stack_tree_free(&names->stacks);
	free(names->nodes);
}

/* The callers of main and of a thread's start routine are libc's, and not part of `own`. */
static void name_node(struct named_node *node, const struct named_node *parent, const struct named_pc *pc)
{
	uint64_t own = parent ? parent->own : 0;

	node->whole = add_name(parent ? parent->whole : 0, pc->name);
	node->own = pc->main ? add_name(0, pc->name) : !own && pc->libc ? 0 : add_name(own, pc->name);
	node->known = true;
}

uint64_t stack_names_of(struct stack_names *names, int64_t stack)
{
	const struct stack_node *stacks = names->stacks.nodes;
	uint32_t way[RT_DEPTH_MOST], at = stack_tree_find(&names->stacks, stack);
	const struct named_node *node;
	size_t length = 0;

	for (; at != NO_STACK && !names->nodes[at].known && length < RT_DEPTH_MOST; at = stacks[at].caller)
		way[length++] = at;
	if (at != NO_STACK && !names->nodes[at].known) /* deeper than any stack: the callers form a cycle */
		at = NO_STACK;
	node = at == NO_STACK ? NULL : &names->nodes[at];
	while (length--) {
		at = way[length];
		name_node(&names->nodes[at], node, pc_of(names, (uint64_t)stacks[at].pc));
		node = &names->nodes[at];
	}
	return node ? node->own ? node->own : node->whole : 0;
}
