#include "tools/base/progress.h"
#include "tools/base/text.h"
#include "tools/base/u64_map.h"
#include "tools/source/program_path.h"
#include "tools/store/stack_place.h"
#include "tools/store/writer.h"

#include <string.h>

static void row_place(struct row *row, int64_t number)
{
	if (number >= 0)
		row_int(row, number);
	else
		row_null(row);
}

/* A node whose caller's node is damaged becomes the outermost one. */
static void store_node(struct writer *writer, uint32_t node)
{
	struct stack_place place;
	uint32_t parent, pc;
	struct row row;

	if (!ring_file_node(writer->ring, node, &parent, &pc))
		return;
	if (parent >= RT_NODE_FIRST && !stack_set_has_node(&writer->stacks, parent))
		parent = RT_ROOT_TRUNCATED;
	row = row_begin(writer, TABLE_stack);
	row_int(&row, node);
	row_int(&row, parent);
	row_int(&row, pc);
	place = stack_place(&writer->stacks, node);
	row_place(&row, place.place);
	row_place(&row, place.wrapper);
	row_end(&row);
}

static void store_nodes(struct writer *writer)
{
	const struct id_list *nodes = &writer->stacks.used_nodes;

	for (size_t i = 0; i < nodes->count && !writer->failed; i++)
		store_node(writer, nodes->ids[i]);
}

/* ---- the lines on which calls in several columns were recorded ----------------------------- */

static uint64_t line_key(const struct symbol_frame *frame)
{
	return u64_mix((uint64_t)(uintptr_t)frame->function) ^ u64_mix((uint64_t)(uintptr_t)frame->file) ^
	       (uint64_t)frame->line;
}

/* columns: of each line of a function the only column so far + 1, or SEVERAL. */
#define SEVERAL UINT64_MAX
static void note_column(struct u64_map *columns, const struct symbol_frame *frame)
{
	uint64_t key = line_key(frame), known = u64_map_get(columns, key), column = (uint64_t)frame->column + 1;

	if (frame->column && known != column)
		u64_map_put(columns, key, known ? SEVERAL : column);
}

static void note_columns(struct writer *writer, struct u64_map *columns)
{
	const struct id_list *pcs = &writer->stacks.used_pcs;

	for (size_t i = 0; i < pcs->count; i++) {
		const struct pc_frames *frames = stack_set_frames(&writer->stacks, pcs->ids[i]);

		for (unsigned k = 0; frames && k < frames->count; k++)
			note_column(columns, &frames->frames[k]);
	}
}

/* ---- rows --------------------------------------------------------------------------------- */

static void row_number_or_null(struct row *row, int64_t value)
{
	if (value)
		row_int(row, value);
	else
		row_null(row);
}

static void row_into(struct row *row, int64_t into)
{
	if (into >= 0)
		row_int(row, into);
	else
		row_null(row);
}

static void store_frames(struct writer *writer, const struct u64_map *columns, uint32_t pc)
{
	const struct pc_frames *frames = stack_set_frames(&writer->stacks, pc);

	for (unsigned i = 0; frames && i < frames->count; i++) {
		const struct symbol_frame *frame = &frames->frames[i];
		struct row row = row_begin(writer, TABLE_frame);

		row_int(&row, pc);
		row_int(&row, i);
		row_text(&row, frame->function);
		row_text(&row, frame->file);
		row_number_or_null(&row, frame->line);
		row_number_or_null(&row, u64_map_get(columns, line_key(frame)) == SEVERAL ? frame->column : 0);
		row_int(&row, frame->inlined);
		row_number_or_null(&row, frames->module);
		row_int(&row, (int64_t)frames->offset);
		row_into(&row, symbol_frame_into(frame, frames->offset));
		row_text(&row, role_word(frame->role));
		row_end(&row);
	}
}

static void store_pcs(struct writer *writer)
{
	const struct id_list *pcs = &writer->stacks.used_pcs;
	struct u64_map columns = {0};

	note_columns(writer, &columns);
	for (size_t i = 0; i < pcs->count && !writer->failed; i++)
		store_frames(writer, &columns, pcs->ids[i]);
	u64_map_free(&columns);
}

/* Looks up all names: later steps compare the frames of all addresses. */
static void name_pcs(struct writer *writer)
{
	const struct id_list *pcs = &writer->stacks.used_pcs;
	struct progress progress;

	progress_begin(&progress, "naming stack frames", pcs->count);
	for (size_t i = 0; i < pcs->count && !writer->failed; i++) {
		stack_set_frames(&writer->stacks, pcs->ids[i]);
		progress_update(&progress, i + 1);
	}
	progress_end(&progress);
}

static void store_module(struct writer *writer, uint32_t index, const struct rt_module *module)
{
	char path[RT_MODULE_PATH], build_id[2 * RT_BUILD_ID_MAX + 1], named[RT_PATH_MAX];
	const struct rt_header *header = &writer->ring->header;
	struct row row = row_begin(writer, TABLE_module);
	size_t id_bytes = module->build_id_bytes <= RT_BUILD_ID_MAX ? module->build_id_bytes : 0;

	memcpy(path, module->path, sizeof(path));
	path[sizeof(path) - 1] = '\0';
	text_hex(module->build_id, id_bytes, build_id);
	row_int(&row, index + 1);
	row_text(&row, strcmp(path, header->exe) ? path : program_path(header, named));
	row_text(&row, *build_id ? build_id : NULL);
	row_int(&row, (int64_t)module->start);
	row_int(&row, (int64_t)module->end);
	row_int(&row, (int64_t)module->bias);
	row_stamp(&row, module->seen);
	row_stamp(&row, module->unloaded);
	row_text(&row, symbolizer_missing(writer->store->symbolizer, module));
	row_end(&row);
}

static void store_modules(struct writer *writer)
{
	uint32_t modules = ring_file_modules(writer->ring);

	for (uint32_t i = 0; i < modules && !writer->failed; i++) {
		const struct rt_module *module = ring_file_module(writer->ring, i);

		if (module)
			store_module(writer, i, module);
	}
}

/* Modules are stored last: by then it is known which of them have names. */
void store_stacks(struct writer *writer)
{
	stack_set_sort(&writer->stacks);
	name_pcs(writer);
	store_nodes(writer);
	store_pcs(writer);
	store_modules(writer);
}
