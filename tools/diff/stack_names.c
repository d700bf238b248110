#include "tools/diff/stack_names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shim/format.h"
#include "tools/base/memory.h"
#include "tools/base/format.h"
#include "tools/symbolize/names.h"

struct named_pc {
	uint64_t name; /* of its functions, from the innermost inlined one to the outermost */
	bool main, libc;
};

struct named_node {
	uint64_t parent;
	size_t pc; /* index */
	bool known;
	/* hashes of the names from the outermost frame inwards, without the callers of main and with them; 0: no frame
	 */
	uint64_t own, whole;
};

/* FNV-1a, with the text's NUL */
static uint64_t add_text(uint64_t hash, const char *text)
{
	do
		hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
	while (*text++);
	return hash;
}

static uint64_t add_name(uint64_t hash, uint64_t name)
{
	return (u64_mix(hash + 1) ^ name) * UINT64_C(0x100000001b3) | 1;
}

static struct named_pc *pc_of(struct stack_names *names, uint64_t pc)
{
	uint64_t found = u64_map_get(&names->pcs, pc);

	if (!found) {
		GROW(names->pc_items, names->pc_room, names->pc_count + 1);
		names->pc_items[names->pc_count] = (struct named_pc){.name = UINT64_C(0xcbf29ce484222325)};
		found = ++names->pc_count;
		u64_map_put(&names->pcs, pc, found);
	}
	return &names->pc_items[found - 1];
}

/* A function without a name is identified by its offset in its module. */
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
	static const char sql[] = "SELECT f.pc, f.function, m.path, f.offset FROM frame f LEFT JOIN module m"
	                          " ON m.process = f.process AND m.id = f.module WHERE f.process = ?"
	                          " ORDER BY f.pc, f.ordinal";
	sqlite3_stmt *row = query_rows(query, sql, 1, process);

	while (query_next(query, row))
		add_frame(pc_of(names, (uint64_t)sqlite3_column_int64(row, 0)), query_text_or_null(row, 1),
		          query_text_or_null(row, 2), sqlite3_column_int64(row, 3));
	sqlite3_finalize(row);
}

static void load_nodes(struct stack_names *names, struct query *query, int64_t process)
{
	sqlite3_stmt *row = query_rows(query, "SELECT id, parent, pc FROM stack WHERE process = ?", 1, process);

	while (query_next(query, row)) {
		const struct named_pc *pc = pc_of(names, (uint64_t)sqlite3_column_int64(row, 2));
		GROW(names->node_items, names->node_room, names->node_count + 1);
		names->node_items[names->node_count] = (struct named_node){
		    .parent = (uint64_t)sqlite3_column_int64(row, 1), .pc = (size_t)(pc - names->pc_items)};
		u64_map_put(&names->nodes, (uint64_t)sqlite3_column_int64(row, 0), ++names->node_count);
	}
	sqlite3_finalize(row);
}

void stack_names_load(struct stack_names *names, struct query *query, int64_t process)
{
	*names = (struct stack_names){0};
	load_pcs(names, query, process);
	load_nodes(names, query, process);
}

void stack_names_free(struct stack_names *names)
{
	u64_map_free(&names->pcs);
	u64_map_free(&names->nodes);
	free(names->pc_items);
	free(names->node_items);
}

/* The callers of main and of a thread's start routine are libc's, and not part of `own`. */
static void name_node(struct named_node *node, const struct named_node *parent, const struct named_pc *pc)
{
	uint64_t own = parent ? parent->own : 0;

	node->whole = add_name(parent ? parent->whole : 0, pc->name);
	node->own = pc->main ? add_name(0, pc->name) : !own && pc->libc ? 0 : add_name(own, pc->name);
	node->known = true;
}

static struct named_node *node_of(const struct stack_names *names, uint64_t id)
{
	uint64_t found = id >= RT_NODE_FIRST ? u64_map_get(&names->nodes, id) : 0;

	return found ? &names->node_items[found - 1] : NULL;
}

uint64_t stack_names_of(struct stack_names *names, int64_t stack)
{
	struct named_node *way[RT_DEPTH_MOST], *node = node_of(names, (uint64_t)stack);
	size_t length = 0;

	for (; node && !node->known && length < RT_DEPTH_MOST; node = node_of(names, node->parent))
		way[length++] = node;
	if (node && !node->known) /* deeper than any stack: the callers form a cycle */
		node = NULL;
	while (length--) {
		name_node(way[length], node, &names->pc_items[way[length]->pc]);
		node = way[length];
	}
	return node ? node->own ? node->own : node->whole : 0;
}
