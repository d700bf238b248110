#include "tools/query/frames.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "shim/format.h"
#include "tools/base/u64_map.h"
#include "tools/base/memory.h"
#include "tools/base/format.h"
#include "tools/symbolize/names.h"

/* In a damaged or hostile database, a stack's callers may form a cycle. */
#define WALK_MOST 1024u

static const char node_sql[] = "SELECT parent, pc FROM stack WHERE process = ?1 AND id = ?2";
static const char place_sql[] = "SELECT f.function, f.file, f.line, f.inlined, m.path, f.offset, m.build_id, "
                                "coalesce(f.function_offset, -1), m.missing"
                                " FROM frame f LEFT JOIN module m ON m.process = ?1 AND m.id = f.module"
                                " WHERE f.process = ?1 AND f.pc = ?2 ORDER BY f.ordinal";

struct node { /* of the tree of stacks */
	int64_t parent, pc;
};

struct place { /* the frames of one address: several where calls were inlined */
	struct frame *items;
	size_t count, room;
};

/* Nodes and places of one process that were loaded so far: stacks have most of their frames in common. */
struct known_frames {
	UT_hash_handle hh;
	int64_t process;
	struct u64_map node_index, place_index; /* index + 1, by id and by pc */
	struct node *nodes;
	struct place *places;
	size_t node_count, node_room, place_count, place_room;
};

struct frame_cache {
	sqlite3_stmt *node_query, *place_query;
	struct known_frames *processes, *latest;
};

static void place_free(struct place *place)
{
	for (size_t i = 0; i < place->count; i++) {
		free(place->items[i].function);
		free(place->items[i].file);
		free(place->items[i].module);
		free(place->items[i].build_id);
		free(place->items[i].missing);
	}
	free(place->items);
}

static void known_free(struct known_frames *known)
{
	for (size_t i = 0; i < known->place_count; i++)
		place_free(&known->places[i]);
	free(known->places);
	free(known->nodes);
	u64_map_free(&known->node_index);
	u64_map_free(&known->place_index);
	free(known);
}

void frame_cache_free(struct frame_cache *cache)
{
	struct known_frames *known, *next;

	if (!cache)
		return;
	HASH_ITER(hh, cache->processes, known, next)
	{
		HASH_DEL(cache->processes, known);
		known_free(known);
	}
	sqlite3_finalize(cache->node_query);
	sqlite3_finalize(cache->place_query);
	free(cache);
}

static struct known_frames *known_of(struct query *query, int64_t process)
{
	if (!query->frame_cache)
		query->frame_cache = memory_zeroed(1, sizeof *query->frame_cache);
	struct frame_cache *cache = query->frame_cache;
	struct known_frames *known = cache->latest;
	if (known && known->process == process)
		return known;
	HASH_FIND(hh, cache->processes, &process, sizeof process, known);
	if (!known) {
		known = memory_zeroed(1, sizeof *known);
		known->process = process;
		HASH_ADD(hh, cache->processes, process, sizeof process, known);
	}
	cache->latest = known;
	return known;
}

static sqlite3_stmt *prepared(struct query *query, sqlite3_stmt **statement, const char *sql, int64_t process,
                              int64_t id)
{
	if (!*statement)
		*statement = query_rows(query, sql, 0);
	if (!*statement)
		return NULL;
	sqlite3_reset(*statement);
	sqlite3_bind_int64(*statement, 1, process);
	sqlite3_bind_int64(*statement, 2, id);
	return *statement;
}

/* NULL: there is no node of that id. */
static const struct node *find_node(struct query *query, struct known_frames *known, int64_t id)
{
	uint64_t index = u64_map_get(&known->node_index, (uint64_t)id);

	if (index)
		return &known->nodes[index - 1];
	sqlite3_stmt *row = prepared(query, &query->frame_cache->node_query, node_sql, known->process, id);
	if (!query_next(query, row))
		return NULL;
	GROW(known->nodes, known->node_room, known->node_count + 1);
	known->nodes[known->node_count++] = (struct node){sqlite3_column_int64(row, 0), sqlite3_column_int64(row, 1)};
	u64_map_put(&known->node_index, (uint64_t)id, known->node_count);
	return &known->nodes[known->node_count - 1];
}

static char *copy_column(sqlite3_stmt *row, int column)
{
	const char *text = query_text_or_null(row, column);

	return text ? strdup(text) : NULL;
}

static void append(struct place *place, sqlite3_stmt *row)
{
	GROW(place->items, place->room, place->count + 1);
	place->items[place->count++] = (struct frame){
	    .function = copy_column(row, 0),
	    .file = copy_column(row, 1),
	    .line = sqlite3_column_int64(row, 2),
	    .inlined = sqlite3_column_int(row, 3),
	    .module = copy_column(row, 4),
	    .offset = sqlite3_column_int64(row, 5),
	    .build_id = copy_column(row, 6),
	    .into = sqlite3_column_int64(row, 7),
	    .missing = copy_column(row, 8),
	};
}

static const struct place *find_place(struct query *query, struct known_frames *known, int64_t pc)
{
	uint64_t index = u64_map_get(&known->place_index, (uint64_t)pc);

	if (index)
		return &known->places[index - 1];
	struct place place = {0};
	sqlite3_stmt *row = prepared(query, &query->frame_cache->place_query, place_sql, known->process, pc);
	while (query_next(query, row))
		append(&place, row);
	GROW(known->places, known->place_room, known->place_count + 1);
	known->places[known->place_count++] = place;
	u64_map_put(&known->place_index, (uint64_t)pc, known->place_count);
	return &known->places[known->place_count - 1];
}

static void add_frames(struct frames *frames, size_t *room, const struct place *place)
{
	GROW(frames->items, *room, frames->count + place->count);
	if (place->count)
		memcpy(&frames->items[frames->count], place->items, place->count * sizeof *place->items);
	frames->count += (unsigned)place->count;
}

struct frames frames_load(struct query *query, int64_t process, int64_t stack)
{
	struct frames frames = {0};
	const struct node *node;
	size_t room = 0;

	if (stack < RT_NODE_FIRST)
		return frames;
	struct known_frames *known = known_of(query, process);
	for (unsigned i = 0; i < WALK_MOST && (node = find_node(query, known, stack)); i++) {
		stack = node->parent;
		add_frames(&frames, &room, find_place(query, known, node->pc));
		frames.root = (unsigned)stack;
	}
	return frames;
}

const struct frame *frame_at(struct query *query, int64_t process, int64_t pc, unsigned ordinal)
{
	const struct place *place = find_place(query, known_of(query, process), pc);

	return ordinal < place->count ? &place->items[ordinal] : NULL;
}

void frames_free(struct frames *frames)
{
	free(frames->items);
	memset(frames, 0, sizeof(*frames));
}

bool frame_is_runtime(const struct frame *frame)
{
	return name_is_runtime(frame->module, frame->function, frame->file);
}

static bool is_libc(const struct frame *frame)
{
	const char *name = frame->module ? base_name(frame->module) : NULL;

	return name && !strncmp(name, "libc.so", 7);
}

unsigned frames_own(const struct frames *frames)
{
	unsigned own = frames->count;

	for (unsigned i = 0; i < frames->count; i++) {
		if (name_is_main(frames->items[i].function))
			return i + 1;
	}
	while (own > 1 && is_libc(&frames->items[own - 1]))
		own--;
	return own;
}
