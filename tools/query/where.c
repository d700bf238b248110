#include "tools/query/where.h"

#include <stdlib.h>
#include <string.h>

#include "shim/format.h"
#include "tools/base/fnv.h"
#include "tools/base/memory.h"
#include "tools/base/u64_map.h"

struct where where_in_source(const struct frames *frames)
{
	unsigned own = frames_own(frames), place = frames->where.frame;
	struct where where = {.frame = place ? &frames->items[place - 1] : NULL,
	                      .wrapper = frames->where.wrapper ? &frames->items[frames->where.wrapper - 1] : NULL};

	for (unsigned i = place ? place - 1 : own; i < own; i++) {
		const struct frame *frame = &frames->items[i];

		if (!place_acts_for_itself(frame->role) || !frame->file || !frame->line)
			continue;
		where.frame = frame;
		break;
	}
	return where;
}

/* ---- all stacks of a process ---------------------------------------------------------------- */

/* map: pc -> how many frames it has. */
static struct u64_map count_frames(struct query *query, int64_t process)
{
	sqlite3_stmt *row =
	    query_again(query, "SELECT pc, count(*) FROM frame WHERE process = ?1 GROUP BY pc ORDER BY pc", 1, process);
	struct u64_map counts = {0};

	while (query_next(query, row))
		u64_map_put(&counts, (uint64_t)sqlite3_column_int64(row, 0), (uint64_t)sqlite3_column_int64(row, 1));
	query_done(query, row);
	return counts;
}

/* Of the frame of this place_number, in a stack; 0 if the stack does not have it. */
static unsigned index_in(const struct stack_tree *tree, const struct u64_map *counts, uint32_t stack, int64_t number)
{
	unsigned before = 0;

	for (unsigned depth = 0; number >= 0 && stack != NO_STACK && depth < RT_DEPTH_MOST; depth++) {
		const struct stack_node *node = &tree->nodes[stack];

		unsigned count = (unsigned)u64_map_get(counts, (uint64_t)node->pc);

		if (node->pc == number / PLACE_ORDINALS && number % PLACE_ORDINALS < count)
			return before + (unsigned)(number % PLACE_ORDINALS) + 1;
		before += count;
		stack = node->caller;
	}
	return 0;
}

struct place_index *where_indexes(struct query *query, const struct numbered_stacks *stacks)
{
	struct place_index *made = memory_zeroed(stacks->numbered + 1, sizeof *made);
	struct u64_map counts = count_frames(query, stacks->process);

	for (size_t i = 0; i < stacks->numbered; i++) {
		const struct stack_node *node = &stacks->tree.nodes[stacks->order[i]];

		made[i].frame = index_in(&stacks->tree, &counts, stacks->order[i], node->place);
		made[i].wrapper = index_in(&stacks->tree, &counts, stacks->order[i], node->wrapper);
	}
	u64_map_free(&counts);
	return made;
}

/* ---- rows of one place ---------------------------------------------------------------------- */

static uint64_t add_text(uint64_t hash, const char *text)
{
	return u64_mix((text ? fnv_bytes(hash, text, strlen(text)) : hash) + 1);
}

static uint64_t frame_key(uint64_t hash, const struct frame *frame)
{
	hash = add_text(add_text(add_text(hash, frame->function), frame->file), frame->module);
	if (frame->line)
		return u64_mix(hash + (uint64_t)frame->line * 65536 + (uint64_t)frame->column);
	return u64_mix(hash + (uint64_t)(frame->function ? frame->offset : frame_start(frame)));
}

/* Places that read alike have one key: the function, line and column, and the name of the wrapper. */
static uint64_t where_key(const struct where *where)
{
	uint64_t hash = FNV_START;
	char room[FRAME_NAME_ROOM];

	if (!where->frame)
		return 1;
	if (where->wrapper)
		hash = add_text(hash, frame_name(where->wrapper, room));
	return frame_key(hash, where->frame);
}

static void add(struct place_row *row, const struct place_query *rows, const struct place_row *part)
{
	for (unsigned i = 0; i < rows->sums; i++)
		row->numbers[i] += part->numbers[i];
	for (unsigned i = rows->sums; i < rows->sums + rows->maxima; i++)
		if (row->numbers[i] < part->numbers[i])
			row->numbers[i] = part->numbers[i];
}

static int by_numbers(const void *left, const void *right)
{
	const struct place_row *a = left, *b = right;

	for (unsigned i = 0; i < PLACE_NUMBERS; i++)
		if (a->numbers[i] != b->numbers[i])
			return a->numbers[i] < b->numbers[i] ? 1 : -1;
	return a->stack < b->stack ? -1 : a->stack > b->stack;
}

static void sort(struct place_rows *rows)
{
	if (rows->count)
		qsort(rows->items, rows->count, sizeof *rows->items, by_numbers);
}

/* The rows of the query that have one key.  map: the key's index + 1. */
struct rows_by_key {
	struct place_rows rows;
	struct u64_map index;
	size_t room;
};

static void add_part(struct rows_by_key *made, const struct place_query *rows, uint64_t key,
                     const struct place_row *part)
{
	uint64_t found = u64_map_get(&made->index, key);

	if (!found) {
		GROW(made->rows.items, made->room, made->rows.count + 1);
		made->rows.items[made->rows.count] = (struct place_row){
		    .kind = part->kind ? strdup(part->kind) : NULL, .stack = part->stack, .first = part->numbers[0]};
		found = ++made->rows.count;
		u64_map_put(&made->index, key, found);
	}
	add(&made->rows.items[found - 1], rows, part);
	made->rows.items[found - 1].stacks++;
}

static struct place_rows finish(struct rows_by_key *made)
{
	u64_map_free(&made->index);
	sort(&made->rows);
	return made->rows;
}

/* One row for each stack and kind. */
static struct place_rows load(struct query *query, const struct place_query *rows, int64_t process)
{
	sqlite3_stmt *row = query_rows(query, rows->sql, 1, process);
	int kind = (int)(rows->sums + rows->maxima);
	struct rows_by_key made = {0};

	while (query_next(query, row)) {
		struct place_row part = {.kind = (char *)query_text_or_null(row, kind),
		                         .stack = sqlite3_column_int64(row, kind + 1)};

		for (int i = 0; i < kind; i++)
			part.numbers[i] = (uint64_t)sqlite3_column_int64(row, i);
		add_part(&made, rows, add_text((uint64_t)part.stack, part.kind), &part);
	}
	sqlite3_finalize(row);
	frames_expect(query, process, made.rows.count);
	return finish(&made);
}

uint64_t where_number(struct query *query, int64_t process, int64_t stack)
{
	struct where where = where_of_stack(query, process, stack);

	return where_key(&where);
}

static uint64_t key_of(struct query *query, int64_t process, const struct place_row *row)
{
	return add_text(where_number(query, process, row->stack), row->kind);
}

struct place_rows where_add_up(struct query *query, const struct place_query *rows, int64_t process)
{
	struct place_rows stacks = load(query, rows, process);
	struct rows_by_key made = {0};

	for (size_t i = 0; i < stacks.count; i++)
		add_part(&made, rows, key_of(query, process, &stacks.items[i]), &stacks.items[i]);
	place_rows_free(&stacks);
	return finish(&made);
}

struct place_rows where_open(struct query *query, const struct place_query *rows, int64_t process,
                             const struct place_row *row)
{
	struct place_rows stacks = load(query, rows, process);
	uint64_t key = key_of(query, process, row);
	struct rows_by_key made = {0};

	for (size_t i = 0; i < stacks.count; i++)
		if (key_of(query, process, &stacks.items[i]) == key)
			add_part(&made, rows, i, &stacks.items[i]);
	place_rows_free(&stacks);
	return finish(&made);
}

void place_rows_free(struct place_rows *rows)
{
	for (size_t i = 0; i < rows->count; i++)
		free(rows->items[i].kind);
	free(rows->items);
	*rows = (struct place_rows){0};
}
