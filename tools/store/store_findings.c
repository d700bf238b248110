#include "tools/store/finding_id.h"
#include "tools/base/compare.h"
#include "tools/base/format.h"
#include "tools/base/u64_map.h"
#include "tools/store/order_names.h"
#include "tools/store/subject_names.h"
#include "tools/store/writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RUNS_WIDTH 80 /* of a function's name within a message */

/* The list is sorted, worst first.  Findings of equal rank come in the order in which threads happened to run.  Sorting
 * them by their ids gives an order that is the same in every run. */
struct ranked {
	const struct finding *finding;
	size_t group; /* number of the group of findings of equal rank */
	struct finding_key key;
	char id[FINDING_ID_TEXT];
};

static bool same_class(const struct finding *a, const struct finding *b)
{
	const char *one = finding_class_name(a), *other = finding_class_name(b);

	return a->kind == b->kind && (one && other ? !strcmp(one, other) : one == other);
}

static bool equal(const struct finding *a, const struct finding *b)
{
	return same_class(a, b) && finding_all_bytes(a) == finding_all_bytes(b) && a->ticks == b->ticks &&
	       a->times == b->times;
}

static int by_group_and_id(const void *left, const void *right)
{
	const struct ranked *a = left, *b = right;

	if (a->group != b->group)
		return a->group < b->group ? -1 : 1;
	return strcmp(a->id, b->id);
}

static int by_key(const void *left, const void *right)
{
	const struct finding_key *a = &((const struct ranked *)left)->key, *b = &((const struct ranked *)right)->key;

	return compare_next(compare_numbers(a->id, b->id), a->place, b->place);
}

/* No two findings of a process have the same id. */
static void set_ids(struct ranked *ranked, size_t count)
{
	size_t ordinal = 0;

	qsort(ranked, count, sizeof(*ranked), by_key);
	for (size_t i = 0; i < count; i++) {
		ordinal = i && ranked[i].key.id == ranked[i - 1].key.id ? ordinal + 1 : 0;
		finding_id(ranked[i].key, ordinal, ranked[i].id);
	}
}

static const struct pc_frames *innermost(struct writer *writer, const struct finding_stack *stack)
{
	uint32_t pc, root;

	return ring_file_stack(writer->ring, stack->stack, &pc, 1, &root) ? stack_set_frames(&writer->stacks, pc)
	                                                                  : NULL;
}

/* True if the innermost frame is an operator new or delete of C++. */
static bool is_in_operator(struct writer *writer, const struct finding_stack *stack)
{
	const struct pc_frames *frames = innermost(writer, stack);
	const char *name = frames && frames->count ? frames->frames[frames->count - 1].function : NULL;

	return name && (!strncmp(name, "operator new", 12) || !strncmp(name, "operator delete", 15));
}

/* True if free() was reached by a jump at the end of a function of the caller's own library, which is operator delete
 * or has no symbol.  An operator delete that a library has for itself frees by such a jump. */
static bool may_be_freed_by_operator(struct writer *writer, const struct finding_stack *stack)
{
	const struct pc_frames *frames = innermost(writer, stack);
	const char *name;

	if (!frames || !frames->module)
		return false;
	return symbolizer_calls(writer->stacks.symbolizer, ring_file_module(writer->ring, (uint32_t)frames->module - 1),
	                        frames->offset, &name) &&
	       (!name || !strncmp(name, "operator delete", 15));
}

/* True if the function that called malloc has no symbol: it may be an operator new that its library has for itself. */
static bool may_be_made_by_operator(struct writer *writer, const struct finding_stack *stack)
{
	const struct pc_frames *frames = innermost(writer, stack);

	return frames && frames->module && frames->count && !frames->frames[0].function;
}

/* A library that contains a C++ runtime of its own may call that runtime's operator new, which the shim does not see,
 * and the shim's operator delete, or the other way round.  The calls alone look mismatched then.  The names of the
 * frames, and the code of the innermost, show that they are not, or that it cannot be known. */
static bool is_refuted(struct writer *writer, const struct finding *finding)
{
	if (finding->class != FINDING_MISUSE_MISMATCHED_FREE || !finding->stack_count)
		return false;
	for (size_t i = 0; i < finding->stack_count; i++)
		if (is_in_operator(writer, &finding->stacks[i]))
			return true;
	return (finding->by_malloc && may_be_made_by_operator(writer, &finding->stacks[0])) ||
	       (finding->by_free && may_be_freed_by_operator(writer, &finding->stacks[finding->stack_count - 1]));
}

/* *count: set to the length of the array. */
static struct ranked *rank(struct writer *writer, const struct finding_list *list, size_t *count)
{
	struct ranked *ranked = calloc(list->count + 1, sizeof(*ranked));
	size_t group = 0;

	*count = 0;

	if (!ranked) {
		error_set(writer->err, EXIT_INTERNAL, "out of memory while storing %zu findings", list->count);
		writer->failed = true;
		return NULL;
	}
	for (size_t i = 0; i < list->count; i++) {
		group += i && !equal(&list->items[i - 1], &list->items[i]);
		if (is_refuted(writer, &list->items[i]))
			continue;
		ranked[(*count)++] = (struct ranked){
		    .finding = &list->items[i], .group = group, .key = finding_key(&writer->stacks, &list->items[i])};
	}
	set_ids(ranked, *count);
	qsort(ranked, *count, sizeof(*ranked), by_group_and_id);
	return ranked;
}

/* RT_KIND_NONE is a block of the heap here. */
const char *object_kind_name(unsigned kind) { return kind == RT_KIND_NONE ? "block" : event_kind_name(kind); }

struct row part_begin(struct writer *writer, enum store_table table, int64_t finding, size_t ordinal)
{
	struct row row = row_begin(writer, table);

	row_int(&row, finding);
	row_int(&row, (int64_t)ordinal);
	return row;
}

static void store_finding_stacks(struct writer *writer, int64_t ordinal, const struct finding *finding)
{
	for (size_t i = 0; i < finding->stack_count; i++) {
		const struct finding_stack *stack = &finding->stacks[i];
		struct row row = part_begin(writer, TABLE_finding_stack, ordinal, i);

		row_text(&row, stack->label);
		if (stack->pid)
			row_int(&row, stack->pid);
		else
			row_null(&row);
		row_thread(&row, stack->thread);
		row_stamp(&row, stack->stamp);
		if (stack->pid) /* stored with its own process */
			row_int(&row, stack->stack);
		else
			row_stack(&row, stack->stack);
		row_end(&row);
	}
}

/* stamp: when it was there; 0: not known. */
void row_object_name(struct row *row, const struct finding_object *object, uint64_t stamp)
{
	char name[OBJECT_NAME_TEXT];

	row_text(row, lock_name(row->writer, object, stamp, name) ? name : NULL);
}

static void store_finding_objects(struct writer *writer, int64_t ordinal, const struct finding *finding)
{
	for (size_t i = 0; i < finding->object_count; i++) {
		const struct finding_object *object = &finding->objects[i];
		struct row row = part_begin(writer, TABLE_finding_object, ordinal, i);

		row_text(&row, object_kind_name(object->kind));
		row_int(&row, (int64_t)object->address);
		row_int(&row, object->generation);
		row_object_name(&row, object, 0);
		row_stack(&row, object->created_stack);
		row_end(&row);
	}
}

static void row_edge_side(struct row *row, const struct finding_object *object, bool shared, uint64_t stamp,
                          uint32_t stack, bool foreign)
{
	row_text(row, object_kind_name(object->kind));
	row_int(row, (int64_t)object->address);
	row_int(row, object->generation);
	if (foreign || object->kind == RT_KIND_THREAD)
		row_null(row);
	else
		row_object_name(row, object, stamp);
	row_int(row, shared);
	row_stamp(row, stamp);
	if (foreign) /* the stack is stored with its own process */
		row_int(row, stack);
	else
		row_stack(row, stack);
	row_stack(row, object->created_stack);
}

static void store_finding_edges(struct writer *writer, int64_t ordinal, const struct finding *finding)
{
	for (size_t i = 0; i < finding->edge_count; i++) {
		const struct finding_edge *edge = &finding->edges[i];
		struct row row = part_begin(writer, TABLE_finding_edge, ordinal, i);

		bool foreign = edge->pid != 0;

		row_thread(&row, edge->thread);
		if (foreign)
			row_int(&row, edge->pid);
		else
			row_null(&row);
		row_int(&row, edge->inferred);
		row_int(&row, edge->ahead);
		row_edge_side(&row, &edge->held, edge->held_shared, edge->held_since, edge->held_stack, foreign);
		row_edge_side(&row, &edge->wanted, edge->wanted_shared, edge->wanted_at, edge->wanted_stack, foreign);
		row_end(&row);
	}
}

static bool named_before(const struct finding *finding, size_t i)
{
	for (size_t j = 0; j < i; j++) {
		if (finding->threads[j] == finding->threads[i])
			return true;
	}
	return false;
}

static void store_finding_threads(struct writer *writer, int64_t ordinal, const struct finding *finding)
{
	for (size_t i = 0; i < finding->thread_count; i++) {
		struct row row;

		if (named_before(finding, i))
			continue;
		row = row_begin(writer, TABLE_finding_thread);
		row_int(&row, ordinal);
		row_int(&row, finding->threads[i]);
		row_end(&row);
	}
}

static void store_finding_kept(struct writer *writer, int64_t ordinal, const struct finding *finding)
{
	for (size_t i = 0; i < finding->kept_count; i++) {
		struct row row = part_begin(writer, TABLE_finding_kept, ordinal, i);

		row_stack(&row, finding->kept[i].stack);
		row_int(&row, (int64_t)finding->kept[i].blocks);
		row_int(&row, (int64_t)finding->kept[i].bytes);
		row_end(&row);
	}
}

static const struct thread_result *find_thread(const struct writer *writer, uint32_t id)
{
	size_t count;
	const struct thread_result *threads = threads_results(writer->analysis->threads, &count);

	for (size_t i = 0; i < count; i++)
		if (threads[i].id == id)
			return &threads[i];
	return NULL;
}

static void write_runs(struct writer *writer, const struct finding *finding, FILE *out)
{
	const struct thread_result *thread = finding->thread_count ? find_thread(writer, finding->threads[0]) : NULL;
	struct thread_runs runs = thread ? thread_runs(writer, thread) : (struct thread_runs){0};
	char function[RUNS_WIDTH + 1];

	if (!runs.pc)
		return;
	shorten_function(runs.function, RUNS_WIDTH, function, sizeof(function));
	fprintf(out, ", which runs %s,", function);
}

static void write_object(struct writer *writer, const struct finding *finding, FILE *out)
{
	char name[OBJECT_NAME_TEXT];

	if (finding->object_count && object_name(writer, finding->objects[0].address, 0, name))
		fprintf(out, " (%s)", name);
}

/* "table+64 in program" */
static void write_data(struct writer *writer, const struct finding *finding, FILE *out)
{
	const struct rt_module *module = ring_file_module_at(writer->ring, finding->data_address, finding->data_stamp);
	char name[OBJECT_NAME_TEXT];
	bool named = object_name(writer, finding->data_address, finding->data_stamp, name);

	if (module)
		fprintf(out, " (%s%s%s)", name, named ? " in " : "in ", base_name(module->path));
}

/* The message with its marks replaced by names. */
static void row_message(struct row *row, const struct finding *finding)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	for (const char *at = finding->message; out && *at; at++)
		if (*at == *FINDING_RUNS)
			write_runs(row->writer, finding, out);
		else if (*at == *FINDING_NAMED)
			write_object(row->writer, finding, out);
		else if (*at == *FINDING_DATA)
			write_data(row->writer, finding, out);
		else if (*at == *FINDING_ORDER)
			write_lock_order(row->writer, finding, out);
		else
			fputc(*at, out);
	if (out)
		fclose(out);
	row_text(row, text);
	free(text);
}

/* ---- leaks that are a part of others ------------------------------------------------------ */

/* By the stack that allocated the blocks of a definite leak: its ordinal.  There is one for each stack. */
static struct u64_map definite_leaks(const struct ranked *ranked, size_t count)
{
	struct u64_map by_stack = {0};

	for (size_t i = 0; i < count; i++) {
		const struct finding *finding = ranked[i].finding;

		if (finding->class == FINDING_LEAK_DEFINITE && finding->stack_count)
			u64_map_put(&by_stack, finding->stacks[0].stack, i + 1);
	}
	return by_stack;
}

/* The ordinal of the definite leak that the blocks of an indirect leak were lost with; 0: there is none. */
static int64_t lost_with(const struct u64_map *definite, const struct finding *finding)
{
	if (finding->class != FINDING_LEAK_INDIRECT || finding->stack_count < 2)
		return 0;
	return (int64_t)u64_map_get(definite, finding->stacks[1].stack);
}

static void store_finding(struct writer *writer, int64_t ordinal, const struct ranked *ranked,
                          const struct u64_map *definite)
{
	const struct finding *finding = ranked->finding;
	int64_t part_of = lost_with(definite, finding);
	struct row row = row_begin(writer, TABLE_finding);

	row_int(&row, ordinal);
	row_text(&row, ranked->id);
	row_text(&row, finding_kind_name(finding));
	row_text(&row, finding_class_name(finding));
	row_message(&row, finding);
	row_int(&row, finding->information || kind_is_quiet(finding_kind_name(finding), finding_class_name(finding)));
	row_int(&row, 0);
	row_int(&row, (int64_t)finding->blocks);
	row_int(&row, (int64_t)finding->bytes);
	row_int(&row, (int64_t)finding->kept_blocks);
	row_int(&row, (int64_t)finding->kept_bytes);
	if (part_of)
		row_int(&row, part_of);
	else
		row_null(&row);
	row_int(&row, finding->times ? (int64_t)finding->times : 1);
	if (finding->ticks)
		row_ticks(&row, finding->ticks);
	else
		row_null(&row);
	row_text(&row, finding_course_name(finding->course));
	row_end(&row);
	store_finding_stacks(writer, ordinal, finding);
	store_finding_objects(writer, ordinal, finding);
	store_finding_edges(writer, ordinal, finding);
	store_finding_kept(writer, ordinal, finding);
	store_finding_threads(writer, ordinal, finding);
	if (finding->race)
		store_race(writer, ordinal, finding->race);
}

void store_findings(struct writer *writer)
{
	const struct finding_list *list = writer->analysis->findings;
	size_t count = 0;
	struct ranked *ranked = list ? rank(writer, list, &count) : NULL;
	struct u64_map definite = definite_leaks(ranked, count);

	for (size_t i = 0; ranked && i < count && !writer->failed; i++)
		store_finding(writer, (int64_t)i + 1, &ranked[i], &definite);
	u64_map_free(&definite);
	free(ranked);
}
