#include "tools/store/stack_place.h"

#include <stdlib.h>
#include <string.h>

#include "tools/base/memory.h"
#include "tools/base/u64_map.h"

/* ---- one stack ------------------------------------------------------------------------------ */

/* Frames of one stack, innermost first, each with its place_number. */
struct frame_list {
	struct place_frame *frames;
	int64_t *numbers;
	size_t count, frame_room, number_room;
};

static void frame_list_add(struct frame_list *list, struct place_frame frame, int64_t number)
{
	GROW(list->frames, list->frame_room, list->count + 1);
	GROW(list->numbers, list->number_room, list->count + 1);
	list->frames[list->count] = frame;
	list->numbers[list->count++] = number;
}

static void frame_list_free(struct frame_list *list)
{
	free(list->frames);
	free(list->numbers);
}

static struct stack_place place_in(const struct frame_list *list)
{
	struct place_index found = place_find(list->frames, (unsigned)list->count);

	return (struct stack_place){found.frame ? list->numbers[found.frame - 1] : -1,
	                            found.wrapper ? list->numbers[found.wrapper - 1] : -1};
}

/* ---- while a process is stored --------------------------------------------------------------- */

static const char *module_path(const struct stack_set *set, const struct pc_frames *frames)
{
	const struct rt_module *module =
	    frames->module ? ring_file_module(set->ring, (uint32_t)frames->module - 1) : NULL;

	return module && memchr(module->path, '\0', sizeof module->path) ? module->path : NULL;
}

/* Lists the frames up to the first that acts for itself, by their roles alone.  False: none does. */
static bool list_to_place(struct frame_list *list, struct stack_set *set, uint32_t stack)
{
	for (struct stack_walk walk = stack_walk(set, stack); walk.place; stack_walk_out(&walk)) {
		enum role role = stack_walk_frame(&walk)->role;

		frame_list_add(list, (struct place_frame){.role = role}, place_number(walk.pc, walk.frame));
		if (place_acts_for_itself(role))
			return true;
	}
	return false;
}

static void list_whole(struct frame_list *list, struct stack_set *set, uint32_t stack)
{
	list->count = 0;
	for (struct stack_walk walk = stack_walk(set, stack); walk.place; stack_walk_out(&walk)) {
		const struct symbol_frame *frame = stack_walk_frame(&walk);

		frame_list_add(list, place_frame(frame->role, module_path(set, walk.place), frame->function),
		               place_number(walk.pc, walk.frame));
	}
}

struct stack_place stack_place(struct stack_set *set, uint32_t stack)
{
	struct frame_list list = {0};
	struct stack_place place;

	if (!list_to_place(&list, set, stack))
		list_whole(&list, set, stack);
	place = place_in(&list);
	frame_list_free(&list);
	return place;
}

const struct symbol_frame *stack_place_frame(struct stack_set *set, int64_t number, const struct pc_frames **frames)
{
	*frames = number < 0 ? NULL : stack_set_frames(set, (uint32_t)(number / PLACE_ORDINALS));
	return *frames ? &(*frames)->frames[number % PLACE_ORDINALS] : NULL;
}

/* ---- in a database ----------------------------------------------------------------------------- */

struct address {             /* of a frame.pc */
	size_t first, count; /* its frames */
};

struct node {
	int64_t id, parent, pc;
};

/* The stacks of one process, and what the rule knows of their frames. */
struct stored_stacks {
	struct place_frame *frames;
	struct address *addresses;
	struct node *nodes;
	size_t frame_count, frame_room, address_count, address_room, node_count, node_room;
	struct u64_map by_pc, by_id; /* index + 1 */
};

static void stored_stacks_free(struct stored_stacks *stacks)
{
	free(stacks->frames);
	free(stacks->addresses);
	free(stacks->nodes);
	u64_map_free(&stacks->by_pc);
	u64_map_free(&stacks->by_id);
}

static sqlite3_stmt *rows_of(sqlite3 *db, const char *sql, int64_t process)
{
	sqlite3_stmt *rows = NULL;

	if (sqlite3_prepare_v2(db, sql, -1, &rows, NULL) == SQLITE_OK)
		sqlite3_bind_int64(rows, 1, process);
	return rows;
}

/* The rows come by pc. */
static void add_frame(struct stored_stacks *stacks, int64_t pc, struct place_frame frame)
{
	uint64_t index = u64_map_get(&stacks->by_pc, (uint64_t)pc);

	if (!index) {
		GROW(stacks->addresses, stacks->address_room, stacks->address_count + 1);
		stacks->addresses[stacks->address_count++] = (struct address){.first = stacks->frame_count};
		index = stacks->address_count;
		u64_map_put(&stacks->by_pc, (uint64_t)pc, index);
	}
	GROW(stacks->frames, stacks->frame_room, stacks->frame_count + 1);
	stacks->frames[stacks->frame_count++] = frame;
	stacks->addresses[index - 1].count++;
}

static bool load_frames(struct stored_stacks *stacks, sqlite3 *db, int64_t process)
{
	sqlite3_stmt *row = rows_of(db,
	                            "SELECT f.pc, f.role, m.path, f.function FROM frame f LEFT JOIN module m"
	                            " ON m.process = f.process AND m.id = f.module WHERE f.process = ?1"
	                            " ORDER BY f.pc, f.ordinal",
	                            process);

	while (sqlite3_step(row) == SQLITE_ROW)
		add_frame(stacks, sqlite3_column_int64(row, 0),
		          place_frame(role_from_word((const char *)sqlite3_column_text(row, 1)),
		                      (const char *)sqlite3_column_text(row, 2),
		                      (const char *)sqlite3_column_text(row, 3)));
	return sqlite3_finalize(row) == SQLITE_OK;
}

static bool load_nodes(struct stored_stacks *stacks, sqlite3 *db, int64_t process)
{
	sqlite3_stmt *row = rows_of(db, "SELECT id, parent, pc FROM stack WHERE process = ?1", process);

	while (sqlite3_step(row) == SQLITE_ROW) {
		GROW(stacks->nodes, stacks->node_room, stacks->node_count + 1);
		stacks->nodes[stacks->node_count++] = (struct node){
		    sqlite3_column_int64(row, 0), sqlite3_column_int64(row, 1), sqlite3_column_int64(row, 2)};
		u64_map_put(&stacks->by_id, (uint64_t)sqlite3_column_int64(row, 0), stacks->node_count);
	}
	return sqlite3_finalize(row) == SQLITE_OK;
}

/* Lists the frames of an address.  True: one of them acts for itself. */
static bool list_address(struct frame_list *list, const struct stored_stacks *stacks, int64_t pc)
{
	uint64_t index = u64_map_get(&stacks->by_pc, (uint64_t)pc);
	struct address none = {0}, *address = index ? &stacks->addresses[index - 1] : &none;
	bool acts = false;

	for (unsigned i = 0; i < address->count; i++) {
		struct place_frame frame = stacks->frames[address->first + i];

		frame_list_add(list, frame, place_number((unsigned)pc, i));
		acts |= place_acts_for_itself(frame.role);
	}
	return acts;
}

static struct stack_place stored_place(struct frame_list *list, const struct stored_stacks *stacks,
                                       const struct node *node)
{
	uint64_t index = 1;

	list->count = 0;
	for (unsigned depth = 0; depth < RT_DEPTH_MOST && index && !list_address(list, stacks, node->pc); depth++) {
		index = u64_map_get(&stacks->by_id, (uint64_t)node->parent);
		node = index ? &stacks->nodes[index - 1] : node;
	}
	return place_in(list);
}

static void bind_number(sqlite3_stmt *statement, int index, int64_t number)
{
	if (number < 0)
		sqlite3_bind_null(statement, index);
	else
		sqlite3_bind_int64(statement, index, number);
}

static bool write_places(const struct stored_stacks *stacks, sqlite3 *db, int64_t process)
{
	sqlite3_stmt *update =
	    rows_of(db, "UPDATE stack SET place = ?3, wrapper = ?4 WHERE process = ?1 AND id = ?2", process);
	struct frame_list list = {0};
	bool good = update != NULL;

	for (size_t i = 0; i < stacks->node_count && good; i++) {
		struct stack_place place = stored_place(&list, stacks, &stacks->nodes[i]);

		sqlite3_bind_int64(update, 2, stacks->nodes[i].id);
		bind_number(update, 3, place.place);
		bind_number(update, 4, place.wrapper);
		sqlite3_step(update);
		good = sqlite3_reset(update) == SQLITE_OK;
	}
	frame_list_free(&list);
	sqlite3_finalize(update);
	return good;
}

bool stack_places_again(sqlite3 *db, int64_t process)
{
	struct stored_stacks stacks = {0};
	bool good =
	    load_frames(&stacks, db, process) && load_nodes(&stacks, db, process) && write_places(&stacks, db, process);

	stored_stacks_free(&stacks);
	return good;
}
