#include "tools/export/stacks.h"

#include <stdio.h>
#include <stdlib.h>

#include "shim/format.h"
#include "tools/base/memory.h"
#include "tools/base/format.h"

struct loader {
	struct places *places;
	struct query *query;
	int64_t process;
	struct u64_map modules; /* module.id to index + 1 of its mapping */
	struct u64_map pcs;     /* pc to index + 1 of its place */
};

static uint32_t text(struct loader *loader, sqlite3_stmt *row, int column)
{
	return strings_put(&loader->places->texts, query_text_or_null(row, column));
}

/* The executable first, as readers of profiles expect. */
static void load_modules(struct loader *loader)
{
	static const char sql[] =
	    "SELECT m.id, m.path, m.build_id, m.missing, m.start, m.end, m.bias FROM module m JOIN process p"
	    " ON p.id = m.process WHERE m.process = ? ORDER BY m.path = p.exe DESC, m.id";
	sqlite3_stmt *row = query_rows(loader->query, sql, 1, loader->process);

	while (query_next(loader->query, row)) {
		struct mapping mapping = {.path = text(loader, row, 1),
		                          .build_id = text(loader, row, 2),
		                          .missing = text(loader, row, 3),
		                          .start = (uint64_t)sqlite3_column_int64(row, 4),
		                          .end = (uint64_t)sqlite3_column_int64(row, 5),
		                          .bias = (uint64_t)sqlite3_column_int64(row, 6)};

		u64_map_put(&loader->modules, (uint64_t)sqlite3_column_int64(row, 0),
		            places_mapping(loader->places, &mapping, !mapping.build_id) + 1);
	}
	sqlite3_finalize(row);
}

/* "libz.so.1+0x1234" where the function is not known. */
static uint32_t function_name(struct loader *loader, sqlite3_stmt *row, uint32_t mapping)
{
	char name[512];
	const char *path;

	if (sqlite3_column_type(row, 1) != SQLITE_NULL)
		return text(loader, row, 1);
	path = mapping ? places_text(loader->places, loader->places->mappings[mapping - 1].path) : "";
	snprintf(name, sizeof name, "%s+0x%llx", *path ? base_name(path) : "?",
	         (unsigned long long)sqlite3_column_int64(row, 5));
	return strings_put(&loader->places->texts, name);
}

static void load_line(struct loader *loader, sqlite3_stmt *row, uint32_t mapping)
{
	int64_t line = sqlite3_column_int64(row, 3);

	places_add_line(loader->places, function_name(loader, row, mapping), text(loader, row, 2),
	                line > 0 && line < INT32_MAX ? (uint32_t)line : 0);
}

/* Rows come in the order of (pc, ordinal): a place's lines follow each other. */
static void load_frames(struct loader *loader)
{
	static const char sql[] = "SELECT pc, function, file, line, module, offset FROM frame WHERE process = ?"
	                          " ORDER BY pc, ordinal";
	sqlite3_stmt *row = query_rows(loader->query, sql, 1, loader->process);
	uint64_t pc = 0;
	bool known = true;

	while (query_next(loader->query, row)) {
		uint64_t next = (uint64_t)sqlite3_column_int64(row, 0);
		uint32_t mapping = (uint32_t)u64_map_get(&loader->modules, (uint64_t)sqlite3_column_int64(row, 4));
		uint64_t offset = (uint64_t)sqlite3_column_int64(row, 5);

		if (next != pc || !loader->pcs.count) {
			uint32_t place = places_find(loader->places, mapping, offset);

			known = place != 0;
			u64_map_put(&loader->pcs, next, known ? place : places_add(loader->places, mapping, offset));
		}
		pc = next;
		if (!known)
			load_line(loader, row, mapping);
	}
	sqlite3_finalize(row);
}

static void load_nodes(struct loader *loader, struct stacks *stacks)
{
	static const char sql[] = "SELECT id, parent, pc FROM stack WHERE process = ? ORDER BY id";
	sqlite3_stmt *row = query_rows(loader->query, sql, 1, loader->process);
	size_t room = 0;

	while (query_next(loader->query, row)) {
		GROW(stacks->nodes, room, stacks->count + 1);
		stacks->nodes[stacks->count++] = (struct stack_node){
		    .id = (uint32_t)sqlite3_column_int64(row, 0),
		    .parent = (uint32_t)sqlite3_column_int64(row, 1),
		    .place = (uint32_t)u64_map_get(&loader->pcs, (uint64_t)sqlite3_column_int64(row, 2)),
		};
	}
	sqlite3_finalize(row);
}

/* Index + 1 of a node, 0: there is none. */
static uint32_t find(const struct stacks *stacks, int64_t id)
{
	size_t low = 0, high = stacks->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (stacks->nodes[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < stacks->count && stacks->nodes[low].id == id ? (uint32_t)low + 1 : 0;
}

/* Parents by index, so that a walk looks nothing up. */
static void link_nodes(struct stacks *stacks)
{
	for (size_t i = 0; i < stacks->count; i++) {
		struct stack_node *node = &stacks->nodes[i];
		uint32_t parent = node->parent;

		node->root = parent < RT_NODE_FIRST ? parent : RT_ROOT_TRUNCATED;
		node->parent = parent < RT_NODE_FIRST ? 0 : find(stacks, parent);
	}
}

bool stacks_load(struct stacks *stacks, struct places *places, struct query *query, int64_t process)
{
	struct loader loader = {.places = places, .query = query, .process = process};

	*stacks = (struct stacks){0};
	load_modules(&loader);
	load_frames(&loader);
	load_nodes(&loader, stacks);
	link_nodes(stacks);
	u64_map_free(&loader.modules);
	u64_map_free(&loader.pcs);
	return !query->failed;
}

void stacks_free(struct stacks *stacks)
{
	free(stacks->nodes);
	*stacks = (struct stacks){0};
}

unsigned stacks_places(const struct stacks *stacks, struct places *places, int64_t stack,
                       uint32_t out[STACK_PLACES_MOST])
{
	uint32_t node = find(stacks, stack), root = RT_ROOT_TRUNCATED;
	unsigned count = 0;

	if (!node) {
		out[0] = places_special(places, "[no stack was recorded]");
		return 1;
	}
	/* A database from elsewhere may go round in circles. */
	for (; node && count < RT_DEPTH_MOST; node = stacks->nodes[node - 1].parent) {
		if (stacks->nodes[node - 1].place)
			out[count++] = stacks->nodes[node - 1].place;
		root = stacks->nodes[node - 1].root;
	}
	if (root == RT_ROOT_DEPTH)
		out[count++] = places_special(places, "[deeper than --depth]");
	else if (root != RT_ROOT_COMPLETE)
		out[count++] = places_special(places, "[callers not known]");
	return count;
}
