#include "tools/query/where.h"

#include <stdlib.h>
#include <string.h>

#include "shim/format.h"
#include "tools/base/fnv.h"
#include "tools/base/memory.h"
#include "tools/base/u64_map.h"

static bool is_passed(const struct frame *frame)
{
	return frame->role == ROLE_RUNTIME || frame->role == ROLE_ALLOCATES || frame->role == ROLE_LOCKS;
}

/* True if the frame is the one. */
static bool take(struct where *where, const struct frame *frame)
{
	if (!is_passed(frame)) {
		where->frame = frame;
		return true;
	}
	if (frame->role == ROLE_ALLOCATES)
		where->wrapper = frame;
	return false;
}

/* All frames are passed over: the outermost of the program is the place. */
static struct where outermost(const struct frames *frames)
{
	struct where where = {0};
	unsigned own = frames_own(frames);

	for (unsigned i = 0; i + 1 < own; i++)
		take(&where, &frames->items[i]);
	where.frame = own ? &frames->items[own - 1] : NULL;
	return where;
}

struct where where_of_frames(const struct frames *frames)
{
	struct where where = {0};
	unsigned own = frames_own(frames);

	for (unsigned i = 0; i < own; i++)
		if (take(&where, &frames->items[i]))
			return where;
	return outermost(frames);
}

struct where where_in_source(const struct frames *frames)
{
	struct where where = where_of_frames(frames);
	unsigned own = frames_own(frames);

	for (unsigned i = where.frame ? (unsigned)(where.frame - frames->items) : own; i < own; i++) {
		const struct frame *frame = &frames->items[i];

		if (is_passed(frame) || !frame->file || !frame->line)
			continue;
		where.frame = frame;
		break;
	}
	return where;
}

/* Frames in the cache stay where they are, unlike those of struct frames: so the whole stack's are looked for again. */
static struct where of_whole_stack(struct query *query, int64_t process, int64_t stack)
{
	struct frames frames = frames_load(query, process, stack);
	struct where found = outermost(&frames), where = {0};
	unsigned wanted = found.frame ? (unsigned)(found.frame - frames.items) : 0, at = 0;
	const struct frame *items;
	int count;

	for (unsigned i = 0; found.frame && i < RT_DEPTH_MOST && !where.frame; i++) {
		count = frames_step(query, process, &stack, &items);
		for (int k = 0; k < count && !where.frame; k++, at++) {
			if (at == wanted)
				where.frame = &items[k];
			else
				take(&where, &items[k]);
		}
	}
	frames_free(&frames);
	return where;
}

struct where where_of_stack(struct query *query, int64_t process, int64_t stack)
{
	const struct frame *items;
	struct where where = {0};
	int64_t node = stack;
	int count;

	for (unsigned i = 0; i < RT_DEPTH_MOST && (count = frames_step(query, process, &node, &items)) >= 0; i++)
		for (int k = 0; k < count; k++)
			if (take(&where, &items[k]))
				return where;
	return of_whole_stack(query, process, stack);
}

/* ---- all stacks of a process ---------------------------------------------------------------- */

/* The frames of one address: how many, and the place if they were the whole stack. */
struct address {
	uint32_t frames;
	struct where_index where;
};

struct addresses { /* map: pc -> index + 1 */
	struct address *items;
	size_t count, room;
	struct u64_map by_pc;
};

static void add_frame(struct address *address, enum role role)
{
	struct frame frame = {.role = role};
	struct where where = {0};

	address->frames++;
	if (address->where.frame)
		return;
	if (take(&where, &frame))
		address->where.frame = address->frames;
	else if (where.wrapper)
		address->where.wrapper = address->frames;
}

static struct addresses load_addresses(struct query *query, int64_t process)
{
	sqlite3_stmt *row =
	    query_again(query, "SELECT pc, role FROM frame WHERE process = ?1 ORDER BY pc, ordinal", 1, process);
	struct addresses made = {0};
	int64_t last = 0;

	while (query_next(query, row)) {
		int64_t pc = sqlite3_column_int64(row, 0);

		if (!made.count || pc != last) {
			GROW(made.items, made.room, made.count + 1);
			made.items[made.count++] = (struct address){0};
			u64_map_put(&made.by_pc, (uint64_t)pc, made.count);
		}
		add_frame(&made.items[made.count - 1], role_from_word(query_text_or_null(row, 1)));
		last = pc;
	}
	query_done(query, row);
	return made;
}

/* As if the address's frames stood before those of the caller. */
static struct where_index before(const struct address *address, struct where_index caller)
{
	struct where_index where = address->where;

	if (where.frame)
		return where;
	if (caller.frame)
		where.frame = caller.frame + address->frames;
	if (caller.wrapper)
		where.wrapper = caller.wrapper + address->frames;
	return where;
}

/* Of a stack whose frames are all passed over. */
static struct where_index index_of_outermost(struct query *query, int64_t process, int64_t stack)
{
	struct frames frames = frames_load(query, process, stack);
	struct where found = outermost(&frames);
	struct where_index where = {0};

	if (found.frame)
		where.frame = (uint32_t)(found.frame - frames.items) + 1;
	if (found.wrapper)
		where.wrapper = (uint32_t)(found.wrapper - frames.items) + 1;
	frames_free(&frames);
	return where;
}

struct where_index *where_indexes(struct query *query, const struct numbered_stacks *stacks)
{
	struct where_index *made = memory_zeroed(stacks->numbered + 1, sizeof *made);
	struct addresses addresses = load_addresses(query, stacks->process);
	static const struct address unnamed = {0};

	for (size_t i = 0; i < stacks->numbered; i++) { /* callers have lower numbers */
		const struct stack_node *node = &stacks->tree.nodes[stacks->order[i]];
		size_t found = u64_map_get(&addresses.by_pc, (uint64_t)node->pc);
		struct where_index caller = {0};

		if (node->caller != NO_STACK)
			caller = made[stacks->numbers[node->caller]];
		made[i] = before(found ? &addresses.items[found - 1] : &unnamed, caller);
	}
	for (size_t i = 0; i < stacks->numbered; i++)
		if (!made[i].frame)
			made[i] = index_of_outermost(query, stacks->process, stacks->tree.nodes[stacks->order[i]].id);
	u64_map_free(&addresses.by_pc);
	free(addresses.items);
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
