#include "tools/query/frames.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "shim/format.h"
#include "tools/base/u64_map.h"
#include "tools/base/memory.h"
#include "tools/base/format.h"
#include "tools/query/stack_tree.h"

#define ONE_BY_ONE 500 /* for more stacks, reading all at once is quicker than asking for each */

static const char node_sql[] = "SELECT parent, pc, coalesce(place, -1), coalesce(wrapper, -1) FROM stack"
                               " WHERE process = ?1 AND id = ?2";
#define PLACE_COLUMNS                                                                                                  \
	"SELECT f.function, f.file, f.line, f.inlined, m.path, f.offset, m.build_id,"                                  \
	" coalesce(f.function_offset, -1),"                                                                            \
	" iif(m.missing IN ('deleted', 'changed', 'unreadable'), m.missing, NULL), f.column, f.role, f.pc"             \
	" FROM frame f LEFT JOIN module m ON m.process = ?1 AND m.id = f.module"
static const char place_sql[] = PLACE_COLUMNS " WHERE f.process = ?1 AND f.pc = ?2 ORDER BY f.ordinal";
static const char all_places_sql[] = PLACE_COLUMNS " WHERE f.process = ?1 ORDER BY f.pc, f.ordinal";

struct node { /* of the tree of stacks */
	int64_t parent, pc, place, wrapper;
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
	struct stack_tree all; /* if `whole`: then nodes are not looked for elsewhere */
	struct place *places;
	size_t node_count, node_room, place_count, place_room;
	bool whole; /* all of the process's are loaded */
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
	stack_tree_free(&known->all);
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

static void add_node(struct known_frames *known, int64_t id, struct node node)
{
	GROW(known->nodes, known->node_room, known->node_count + 1);
	known->nodes[known->node_count++] = node;
	u64_map_put(&known->node_index, (uint64_t)id, known->node_count);
}

static bool node_of_all(const struct stack_tree *all, int64_t id, struct node *node)
{
	uint32_t index = stack_tree_find(all, id);

	if (index == NO_STACK)
		return false;
	const struct stack_node *found = &all->nodes[index];
	*node = (struct node){.parent = found->caller == NO_STACK ? found->root : all->nodes[found->caller].id,
	                      .pc = found->pc,
	                      .place = found->place,
	                      .wrapper = found->wrapper};
	return true;
}

/* False: there is no node of that id. */
static bool find_node(struct query *query, struct known_frames *known, int64_t id, struct node *node)
{
	if (known->whole)
		return node_of_all(&known->all, id, node);
	uint64_t index = u64_map_get(&known->node_index, (uint64_t)id);
	if (index) {
		*node = known->nodes[index - 1];
		return true;
	}
	sqlite3_stmt *row = prepared(query, &query->frame_cache->node_query, node_sql, known->process, id);
	if (!query_next(query, row))
		return false;
	*node = (struct node){sqlite3_column_int64(row, 0), sqlite3_column_int64(row, 1), sqlite3_column_int64(row, 2),
	                      sqlite3_column_int64(row, 3)};
	add_node(known, id, *node);
	return true;
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
	    .column = sqlite3_column_int64(row, 9),
	    .role = role_from_word(query_text_or_null(row, 10)),
	};
}

static const struct place *add_place(struct known_frames *known, int64_t pc, struct place place)
{
	GROW(known->places, known->place_room, known->place_count + 1);
	known->places[known->place_count++] = place;
	u64_map_put(&known->place_index, (uint64_t)pc, known->place_count);
	return &known->places[known->place_count - 1];
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
	return add_place(known, pc, place);
}

static void preload_places(struct query *query, struct known_frames *known)
{
	sqlite3_stmt *row = query_rows(query, all_places_sql, 1, known->process);
	struct place place = {0};
	int64_t pc = 0;
	bool wanted = false, more = query_next(query, row);

	while (more) {
		pc = sqlite3_column_int64(row, 11);
		wanted = !u64_map_get(&known->place_index, (uint64_t)pc);
		for (; more && sqlite3_column_int64(row, 11) == pc; more = query_next(query, row))
			if (wanted)
				append(&place, row);
		if (wanted)
			add_place(known, pc, place);
		place = (struct place){0};
	}
	sqlite3_finalize(row);
}

void frames_expect(struct query *query, int64_t process, size_t stacks)
{
	struct known_frames *known = known_of(query, process);

	if (known->whole || stacks <= ONE_BY_ONE)
		return;
	known->whole = true;
	stack_tree_load(&known->all, query, process);
	preload_places(query, known);
}

static void add_frames(struct frames *frames, size_t *room, const struct place *place)
{
	GROW(frames->items, *room, frames->count + place->count);
	if (place->count)
		memcpy(&frames->items[frames->count], place->items, place->count * sizeof *place->items);
	frames->count += (unsigned)place->count;
}

/* Sets *at if the frame of this place_number is among those of the pc, which come after `before` others. */
static void note_frame(unsigned *at, int64_t number, int64_t pc, const struct place *place, unsigned before)
{
	if (!*at && number >= 0 && number / PLACE_ORDINALS == pc && (size_t)(number % PLACE_ORDINALS) < place->count)
		*at = before + (unsigned)(number % PLACE_ORDINALS) + 1;
}

struct frames frames_load(struct query *query, int64_t process, int64_t stack)
{
	struct frames frames = {0};
	struct node node, innermost = {0};
	size_t room = 0;

	if (stack < RT_NODE_FIRST)
		return frames;
	struct known_frames *known = known_of(query, process);
	/* In a damaged or hostile database, a stack's callers may form a cycle: hence the limit. */
	for (unsigned i = 0; i < RT_DEPTH_MOST && find_node(query, known, stack, &node); i++) {
		const struct place *place = find_place(query, known, node.pc);

		if (!i)
			innermost = node;
		note_frame(&frames.where.frame, innermost.place, node.pc, place, frames.count);
		note_frame(&frames.where.wrapper, innermost.wrapper, node.pc, place, frames.count);
		stack = node.parent;
		add_frames(&frames, &room, place);
		frames.root = (unsigned)stack;
	}
	return frames;
}

static const struct frame *frame_of_number(struct query *query, struct known_frames *known, int64_t number)
{
	const struct place *place = number < 0 ? NULL : find_place(query, known, number / PLACE_ORDINALS);

	return place && (size_t)(number % PLACE_ORDINALS) < place->count ? &place->items[number % PLACE_ORDINALS]
	                                                                 : NULL;
}

struct where where_of_stack(struct query *query, int64_t process, int64_t stack)
{
	struct known_frames *known = known_of(query, process);
	struct node node;

	if (stack < RT_NODE_FIRST || !find_node(query, known, stack, &node))
		return (struct where){0};
	return (struct where){.frame = frame_of_number(query, known, node.place),
	                      .wrapper = frame_of_number(query, known, node.wrapper)};
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

int64_t frame_start(const struct frame *frame) { return frame->into > 0 ? frame->offset - frame->into : frame->offset; }

const char *frame_name(const struct frame *frame, char room[FRAME_NAME_ROOM])
{
	if (frame->function)
		return frame->function;
	snprintf(room, FRAME_NAME_ROOM, "%.260s+0x%llx", frame->module ? base_name(frame->module) : "?",
	         (unsigned long long)frame_start(frame));
	return room;
}

unsigned frames_own(const struct frames *frames)
{
	struct place_frame *known = memory_zeroed(frames->count + (size_t)1, sizeof *known);
	unsigned own;

	for (unsigned i = 0; i < frames->count; i++) {
		const struct frame *frame = &frames->items[i];

		known[i] = place_frame(frame->role, frame->module, frame->function);
	}
	own = place_own_frames(known, frames->count);
	free(known);
	return own;
}
