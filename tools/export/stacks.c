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

/* "libz.so.1+0x1230" where only the start of the function is known, or not even that. */
static uint32_t function_name(struct loader *loader, sqlite3_stmt *row, uint32_t mapping)
{
	char name[512];
	const char *path;

	if (sqlite3_column_type(row, 1) != SQLITE_NULL)
		return text(loader, row, 1);
	path = mapping ? places_text(loader->places, loader->places->mappings[mapping - 1].path) : "";
	snprintf(name, sizeof name, "%s+0x%llx", *path ? base_name(path) : "?",
	         (unsigned long long)sqlite3_column_int64(row, 6));
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
	static const char sql[] = "SELECT pc, function, file, line, module, offset,"
	                          " offset - coalesce(function_offset, 0) FROM frame WHERE process = ?"
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

static void find_node_places(struct loader *loader, struct stacks *stacks)
{
	stacks->places = memory_zeroed(stacks->tree.count, sizeof *stacks->places);
	for (size_t i = 0; i < stacks->tree.count; i++)
		stacks->places[i] = (uint32_t)u64_map_get(&loader->pcs, (uint64_t)stacks->tree.nodes[i].pc);
}

bool stacks_load(struct stacks *stacks, struct places *places, struct query *query, int64_t process)
{
	struct loader loader = {.places = places, .query = query, .process = process};

	*stacks = (struct stacks){0};
	load_modules(&loader);
	load_frames(&loader);
	stack_tree_load(&stacks->tree, query, process);
	find_node_places(&loader, stacks);
	u64_map_free(&loader.modules);
	u64_map_free(&loader.pcs);
	return !query->failed;
}

void stacks_free(struct stacks *stacks)
{
	stack_tree_free(&stacks->tree);
	free(stacks->places);
	*stacks = (struct stacks){0};
}

unsigned stacks_places(const struct stacks *stacks, struct places *places, int64_t stack,
                       uint32_t out[STACK_PLACES_MOST])
{
	uint32_t at = stack_tree_find(&stacks->tree, stack), root = RT_ROOT_TRUNCATED;
	unsigned count = 0;

	if (at == NO_STACK) {
		out[0] = places_special(places, "[no stack was recorded]");
		return 1;
	}
	/* The limit is for callers that form a cycle. */
	for (; at != NO_STACK && count < RT_DEPTH_MOST; at = stacks->tree.nodes[at].caller) {
		if (stacks->places[at])
			out[count++] = stacks->places[at];
		root = stacks->tree.nodes[at].root;
	}
	if (root == RT_ROOT_DEPTH)
		out[count++] = places_special(places, "[deeper than --depth]");
	else if (root != RT_ROOT_COMPLETE)
		out[count++] = places_special(places, "[callers not known]");
	return count;
}
