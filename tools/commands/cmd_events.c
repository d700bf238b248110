/* ringtail events: the ring files that are still there, event by event, in order. */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shim/atomics.h"
#include "tools/commands/commands.h"
#include "tools/commands/view.h"
#include "tools/base/own_process.h"
#include "tools/base/pager.h"
#include "tools/options/arguments.h"
#include "tools/runs/run_directory.h"
#include "tools/source/merge.h"
#include "tools/source/program_path.h"
#include "tools/base/format.h"
#include "tools/base/lines.h"
#include "tools/base/memory.h"
#include "tools/base/text.h"
#include "tools/ingest/ingest.h"
#include "tools/symbolize/symbolize.h"

#define FRAMES_MAX  256
#define INLINED_MAX 16

struct listing {
	struct ring_file *ring;
	struct symbolizer *symbolizer; /* NULL: no frames are wanted */
	struct lines *lines;
	bool json;
	uint32_t thread; /* whose number `ids` has; 0: none yet */
	unsigned ids_bytes;
	char ids[40]; /* " PID THREAD " */
};

/* ---- frames ---------------------------------------------------------------------------------- */

typedef void frame_sink(void *context, const struct rt_pc *pc, const struct rt_module *module,
                        const struct symbol_frame *frame);

static void each_frame_of(struct listing *listing, uint32_t pc_id, frame_sink *sink, void *context)
{
	struct symbol_frame frames[INLINED_MAX];
	const struct rt_pc *pc = ring_file_pc(listing->ring, pc_id);

	if (!pc)
		return;
	const struct rt_module *module = pc->module ? ring_file_module(listing->ring, pc->module - 1) : NULL;
	if (!module) {
		sink(context, pc, NULL, &(struct symbol_frame){0});
		return;
	}
	unsigned count = symbolizer_resolve(listing->symbolizer, module, (pc->key & RT_PC_ADDRESS) - module->bias,
	                                    pc->key & RT_PC_EXACT, frames, INLINED_MAX);
	for (unsigned i = 0; i < count; i++)
		sink(context, pc, module, &frames[i]);
}

/* Returns how the stack ends: RT_STACK_NONE or RT_ROOT_*. */
static uint32_t each_frame(struct listing *listing, uint32_t stack, frame_sink *sink, void *context)
{
	uint32_t pcs[FRAMES_MAX], root;
	unsigned count = ring_file_stack(listing->ring, stack, pcs, FRAMES_MAX, &root);

	for (unsigned i = 0; i < count; i++)
		each_frame_of(listing, pcs[i], sink, context);
	return root;
}

/* ---- text --------------------------------------------------------------------------------------- */

static void put_number(struct lines *lines, const char *before, uint64_t number)
{
	lines_text(lines, before);
	lines_number(lines, number);
}

static void put_hex(struct lines *lines, const char *before, uint64_t number)
{
	lines_text(lines, before);
	lines_hex(lines, number);
}

static void put_in_brackets(struct lines *lines, const char *text)
{
	if (!text)
		return;
	lines_text(lines, " (");
	lines_text(lines, text);
	lines_text(lines, ")");
}

static const char *stack_end_name(uint32_t root)
{
	switch (root) {
	case RT_STACK_NONE:
		return "none";
	case RT_ROOT_COMPLETE:
		return "complete";
	case RT_ROOT_DEPTH:
		return "depth";
	default:
		return "truncated";
	}
}

static void print_frame(void *context, const struct rt_pc *pc, const struct rt_module *module,
                        const struct symbol_frame *frame)
{
	struct lines *lines = context;
	uint64_t address = pc->key & RT_PC_ADDRESS;

	lines_text(lines, "    ");
	lines_text(lines, frame->function ? frame->function : "?");
	if (frame->by_symbol)
		put_hex(lines, "+", frame->into);
	lines_text(lines, " ");
	if (frame->file) {
		lines_text(lines, frame->file);
		put_number(lines, ":", (uint64_t)frame->line);
	} else if (module) {
		lines_text(lines, module->path);
		put_hex(lines, "+", address - module->bias);
	} else {
		put_hex(lines, "", address);
	}
	put_in_brackets(lines, frame->missing);
	lines_text(lines, frame->inlined ? " (inlined)\n" : "\n");
}

static json_t *build_id_json(const struct rt_module *module)
{
	char text[2 * RT_BUILD_ID_MAX + 1];

	if (!module || !module->build_id_bytes || module->build_id_bytes > RT_BUILD_ID_MAX)
		return json_null();
	text_hex(module->build_id, module->build_id_bytes, text);
	return json_string(text);
}

static void add_frame(void *context, const struct rt_pc *pc, const struct rt_module *module,
                      const struct symbol_frame *frame)
{
	json_t *item = json_object();
	char offset[32];

	snprintf(offset, sizeof offset, "0x%" PRIx64, (pc->key & RT_PC_ADDRESS) - (module ? module->bias : 0));
	json_object_set_new(item, "function", frame->function ? json_string(frame->function) : json_null());
	json_object_set_new(item, "file", frame->file ? json_string(frame->file) : json_null());
	json_object_set_new(item, "line", frame->line ? json_integer(frame->line) : json_null());
	json_object_set_new(item, "inlined", json_boolean(frame->inlined));
	json_object_set_new(item, "module", module ? json_string(module->path) : json_null());
	json_object_set_new(item, "offset", json_string(offset));
	json_object_set_new(item, "build_id", build_id_json(module));
	json_array_append_new(context, item);
}

/* ---- one event -------------------------------------------------------------------------------- */

static const char *loss_reason(const struct ring_file *ring, unsigned reason)
{
	switch (reason) {
	case RT_LOSS_FULL:
		return "ring full";
	case RT_LOSS_NESTED:
		return "signal handlers nested too deep";
	case RT_LOSS_MEMORY:
		return "no memory or disk";
	default:
		return load_relaxed(&ring->shared->drained_events) ? "read by `ringtail run`, and no longer kept"
		                                                   : "overwritten by later ones";
	}
}

static const struct {
	uint8_t flag;
	const char *name;
} flag_names[] = {{RT_SYNC_SHARED, "shared"}, {RT_SYNC_TRY, "try"}, {RT_SYNC_TIMED, "timed"}};

/* The wait of a destruction has the flag of a read lock. */
static const char *flag_name(const struct event *event, size_t i)
{
	bool leaves = event->type == RT_WAIT && (event->kind == RT_KIND_COND || event->kind == RT_KIND_BARRIER);

	return leaves && flag_names[i].flag == RT_SYNC_LEAVE ? "leave" : flag_names[i].name;
}

/* The meaning of the fourth flag depends on the event's type. */
static const char *last_flag_name(const struct event *event)
{
	switch (event->type) {
	case RT_COND_WAKE:
		return "cancelled";
	case RT_ACQUIRE:
		return "serial";
	default:
		return "unlock";
	}
}

static bool lets_writers_first(const struct event *event)
{
	return event->kind == RT_KIND_RWLOCK && (event->type == RT_WAIT || event->type == RT_ACQUIRE) &&
	       event->result & RT_RWLOCK_WRITERS_FIRST;
}

static char *put_word(char *at, const char *word) { return line_text(line_text(at, " "), word); }

static char *put_sync(char *at, const struct event *event)
{
	at = put_word(at, event_kind_name(event->kind));
	for (size_t i = 0; i < sizeof flag_names / sizeof *flag_names; i++)
		if (event->flags & flag_names[i].flag)
			at = put_word(at, flag_name(event, i));
	if (event->flags & RT_SYNC_UNLOCK)
		at = put_word(at, last_flag_name(event));
	if (lets_writers_first(event))
		return put_word(at, "writers-first");
	return event->result ? line_number(line_text(at, " result="), event->result) : at;
}

static bool has_size(unsigned shape) { return shape == EVENT_ALLOC || shape == EVENT_SIZED; }

static char *put_detail(char *at, const char *name, uint64_t number)
{
	return line_number(line_text(at, name), number);
}

static char *put_details_of(char *at, const struct event *event)
{
	unsigned shape = event_types[event->type].shape;

	if (has_size(shape))
		at = put_detail(at, " size=", event->size);
	if (event->align_log2)
		at = put_detail(at, " align=2^", event->align_log2);
	if (shape == EVENT_SYNC)
		at = put_sync(at, event);
	else if (shape == EVENT_PLAIN && event->aux)
		at = put_detail(at, " aux=", event->aux);
	if (event->arg && !has_size(shape))
		at = line_hex(line_text(at, " arg="), event->arg);
	if (event->depth)
		at = put_detail(at, " depth=", event->depth);
	return put_detail(at, " stack=", event->stack);
}

static void print_stack(struct listing *listing, const struct event *event)
{
	uint32_t end = each_frame(listing, event->stack, print_frame, listing->lines);

	if (end != RT_ROOT_TRUNCATED && end != RT_ROOT_DEPTH)
		return;
	lines_text(listing->lines, "   ");
	put_in_brackets(listing->lines, stack_end_name(end));
	lines_text(listing->lines, "\n");
}

/* Threads mostly come in long rows. */
static char *put_ids(struct listing *listing, char *at, uint32_t thread)
{
	if (thread != listing->thread || !thread) {
		listing->ids_bytes =
		    (unsigned)snprintf(listing->ids, sizeof listing->ids, " %u %u ", listing->ring->header.pid, thread);
		listing->thread = thread;
	}
	return line_put(at, listing->ids, listing->ids_bytes);
}

static char *put_loss_of(char *at, const struct ring_file *ring, const struct event *event)
{
	at = line_text(line_number(line_text(at, "loss: "), event->object), " events missing here (");
	return line_text(line_text(at, loss_reason(ring, event->aux)), ")");
}

static void print_event(struct listing *listing, const struct event *event)
{
	struct lines *lines = listing->lines;
	char *at = lines_begin_line(lines);

	at = line_seconds(lines, at, ring_file_seconds(listing->ring, event->stamp));
	at = put_ids(listing, at, event->thread);
	if (event->type == RT_LOSS) {
		at = put_loss_of(at, listing->ring, event);
	} else {
		at = line_hex(line_text(line_text(at, event_type_name(event->type)), " "), event->object);
		at = put_details_of(at, event);
	}
	lines_end_line(lines, line_text(at, "\n"));
	if (listing->symbolizer && event->type != RT_LOSS)
		print_stack(listing, event);
}

/* ---- JSON ----------------------------------------------------------------------------------------- */

static json_t *flags_json(const struct event *event)
{
	json_t *flags = json_array();

	for (size_t i = 0; i < sizeof flag_names / sizeof *flag_names; i++)
		if (event->flags & flag_names[i].flag)
			json_array_append_new(flags, json_string(flag_name(event, i)));
	if (event->flags & RT_SYNC_UNLOCK)
		json_array_append_new(flags, json_string(last_flag_name(event)));
	if (lets_writers_first(event))
		json_array_append_new(flags, json_string("writers-first"));
	return flags;
}

static void put_details(json_t *line, const struct event *event)
{
	unsigned shape = event_types[event->type].shape;
	char object[32];

	snprintf(object, sizeof object, "0x%" PRIx64, event->object);
	json_object_set_new(line, "object", json_string(object));
	if (has_size(shape))
		json_object_set_new(line, "size", json_integer((json_int_t)event->size));
	if (event->align_log2)
		json_object_set_new(line, "align_log2", json_integer(event->align_log2));
	if (shape == EVENT_SYNC) {
		json_object_set_new(line, "kind", json_string(event_kind_name(event->kind)));
		json_object_set_new(line, "flags", flags_json(event));
		json_object_set_new(line, "result", json_integer(lets_writers_first(event) ? 0 : event->result));
	} else if (shape == EVENT_PLAIN && event->aux) {
		json_object_set_new(line, "aux", json_integer(event->aux));
	}
	if (event->arg && !has_size(shape))
		json_object_set_new(line, "arg", json_integer((json_int_t)event->arg));
}

static void put_loss(json_t *line, const struct ring_file *ring, const struct event *event)
{
	json_object_set_new(line, "missing", json_integer((json_int_t)event->object));
	json_object_set_new(line, "reason", json_string(loss_reason(ring, event->aux)));
}

static int put_json(const char *text, size_t bytes, void *lines)
{
	lines_put(lines, text, bytes);
	return 0;
}

static void print_json_event(struct listing *listing, const struct event *event)
{
	json_t *line = json_object();

	json_object_set_new(line, "time", json_real(ring_file_seconds(listing->ring, event->stamp)));
	json_object_set_new(line, "pid", json_integer(listing->ring->header.pid));
	json_object_set_new(line, "thread", json_integer(event->thread));
	json_object_set_new(line, "type", json_string(event_type_name(event->type)));
	if (event->type == RT_LOSS)
		put_loss(line, listing->ring, event);
	else
		put_details(line, event);
	json_object_set_new(line, "depth", json_integer(event->depth));
	json_object_set_new(line, "stack", json_integer(event->stack));
	if (listing->symbolizer) {
		json_t *frames = json_array();
		uint32_t end = each_frame(listing, event->stack, add_frame, frames);
		json_object_set_new(line, "frames", frames);
		json_object_set_new(line, "stack_end", json_string(stack_end_name(end)));
	}
	json_dump_callback(line, put_json, listing->lines, JSON_COMPACT | JSON_REAL_PRECISION(12));
	lines_text(listing->lines, "\n");
	json_decref(line);
}

static void print_events(void *context, const struct event *events, size_t count)
{
	struct listing *listing = context;

	for (size_t i = 0; i < count; i++)
		(listing->json ? print_json_event : print_event)(listing, &events[i]);
}

/* ---- the command -------------------------------------------------------------------------------- */

static const char *const formats[] = {"text", "json", NULL};
static const struct option_choices choices[] = {{.id = OPTION_format, .words = formats}, {.words = NULL}};

static const struct usage usage = {
    .command = COMMAND_events,
    .about = "The raw event stream: all threads of a process in one order, process after process.  "
             "`ringtail run` keeps only the last events (its option keep); where earlier events are "
             "missing, a line says how many.",
    .behind = "examples:\n"
              "  ringtail events | less\n"
              "  ringtail events ringtail.demo.123 --format json | jq 'select(.type == \"wait\")'\n",
    .column = 21,
    .choices = choices,
};

/* The process image of --process, as its ring's header has it. */
struct image {
	bool wanted;
	uint32_t pid, number;
	uint64_t started;
};

static bool is_selected(const struct selection *selection, const struct image *image, const struct rt_header *header)
{
	char named[RT_PATH_MAX];

	if (image->wanted &&
	    (header->pid != image->pid || header->image != image->number || header->realtime_ns != image->started))
		return false;
	return (!selection->pid || header->pid == selection->pid) &&
	       (!selection->exe || selection_names(selection->exe, program_path(header, named)));
}

static bool list_ring(const struct options *options, const struct image *image, const char *path,
                      struct symbolizer *symbolizer, struct lines *lines, struct error *err)
{
	const struct selection selection = view_selection(options);
	struct ring_file ring;

	if (!ring_file_open(&ring, path, false, err))
		return false;
	if (!is_selected(&selection, image, &ring.header)) {
		ring_file_close(&ring);
		return true;
	}
	struct listing listing = {.ring = &ring,
	                          .symbolizer = symbolizer,
	                          .lines = lines,
	                          .json = !strcmp(options_text(options, OPTION_format), "json")};
	if (symbolizer)
		symbolizer_process(symbolizer, &ring);
	struct merge *merge = merge_new(&ring);
	merge_finish(merge, print_events, &listing);
	uint64_t lost = merge_totals(merge).lost;
	if (lost && load_relaxed(&ring.shared->drained_events))
		fprintf(stderr,
		        "ringtail: pid %u: %" PRIu64 " events are no longer kept here; the reports "
		        "were made from all events that were not lost\n",
		        ring.header.pid, lost);
	merge_free(merge);
	bool whole = ring_file_whole(&ring, err);
	ring_file_close(&ring);
	return whole;
}

static bool end_of_lines(struct lines *lines, struct error *err)
{
	bool written = lines_flush(lines) ||
	               error_set(err, EXIT_INTERNAL, "cannot write to standard output: %s", strerror(lines->error));

	free(lines);
	own_process_prints(false);
	pager_end();
	return written;
}

static int list_all(const struct options *options, const struct image *image, char **paths, size_t count)
{
	struct symbolizer *symbolizer = options_yes(options, OPTION_event_stacks) ? symbolizer_new() : NULL;
	struct lines *lines = memory_zeroed(1, sizeof *lines);
	struct error err;
	int status = EXIT_FINE;

	if (!options_yes(options, OPTION_no_pager))
		pager_begin();
	own_process_prints(true);
	lines_begin(lines, STDOUT_FILENO);
	for (size_t i = 0; i < count; i++) {
		if (!list_ring(options, image, paths[i], symbolizer, lines, &err))
			status = error_print(&err);
		free(paths[i]);
	}
	free(paths);
	if (!count)
		fputs("ringtail: no events are kept here any more; the reports were made from them\n", stderr);
	if (symbolizer)
		symbolizer_free(symbolizer);
	return end_of_lines(lines, &err) ? status : error_print(&err);
}

/* Finds the image of --process in the database, which is brought up to date for that. */
static bool find_image(const struct options *options, const char *directory, struct image *image, struct error *err)
{
	const struct selection selection = {.process = (int64_t)options_number(options, OPTION_process)};
	struct store store;

	if (!selection.process)
		return true;
	if (!ingest_open(directory, &store, err))
		return false;
	struct query query = {.db = store.db, .directory = directory, .err = err};
	bool good = selection_apply(&selection, store.db, directory, err);
	sqlite3_stmt *row = good ? query_rows(&query, "SELECT pid, image, started_ns FROM process", 0) : NULL;

	if (row && query_next(&query, row))
		*image = (struct image){true, (uint32_t)sqlite3_column_int64(row, 0),
		                        (uint32_t)sqlite3_column_int64(row, 1), (uint64_t)sqlite3_column_int64(row, 2)};
	sqlite3_finalize(row);
	query_close(&query);
	store_close(&store);
	return good && image->wanted;
}

static int list(const struct arguments *arguments, struct error *err)
{
	size_t count;
	struct image image = {0};
	char *directory = run_directory_find(arguments->operands[0], err);
	char **paths = directory && find_image(&arguments->options, directory, &image, err)
	                   ? run_directory_rings(directory, &count, err)
	                   : NULL;

	free(directory);
	return paths ? list_all(&arguments->options, &image, paths, count) : error_print(err);
}

int cmd_events(int argc, char **argv)
{
	struct arguments arguments;
	struct error err;
	int status = EXIT_FINE;

	if (!arguments_parse(&arguments, &usage, argc, argv, &err))
		status = error_print(&err);
	else if (options_yes(&arguments.options, OPTION_help))
		usage_print(&usage, stdout);
	else
		status = list(&arguments, &err);
	options_free(&arguments.options);
	return status;
}
