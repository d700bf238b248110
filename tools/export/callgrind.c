/*
 * The format of callgrind, for kcachegrind and callgrind_annotate.  The format has no stacks.  It has the cost of each
 * line of a function, and the cost of each call from a line to another function.  A call that recursion puts into one
 * stack several times counts once.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "tools/base/compare.h"
#include "tools/export/export.h"
#include "tools/base/memory.h"

struct cost {
	uint64_t function, line, callee; /* callee: 0 for the cost of the line itself, else function + 1 */
	uint64_t last;                   /* the sample that was added last */
	int64_t values[VIEW_VALUES_MOST];
};

struct writer {
	struct export *export;
	struct u64_map lines; /* (function, line) to a number */
	struct u64_map costs; /* (that number, callee) to index + 1 */
	uint64_t line_count, samples;
	struct cost *items;
	size_t count, room;
	unsigned char *named; /* functions, files and modules whose name was written: bits */
};

/* ---- adding up ------------------------------------------------------------------------ */

static uint64_t line_number(struct writer *writer, const struct place_line *line)
{
	uint64_t key = (uint64_t)line->function << 32 | line->line, found = u64_map_get(&writer->lines, key);

	if (!found) {
		found = ++writer->line_count;
		u64_map_put(&writer->lines, key, found);
	}
	return found;
}

static struct cost *cost_of(struct writer *writer, const struct place_line *line, uint64_t callee)
{
	uint64_t key = line_number(writer, line) << 32 | callee, found = u64_map_get(&writer->costs, key);

	if (!found) {
		GROW(writer->items, writer->room, writer->count + 1);
		writer->items[writer->count] =
		    (struct cost){.function = line->function, .line = line->line, .callee = callee};
		found = ++writer->count;
		u64_map_put(&writer->costs, key, found);
	}
	return &writer->items[found - 1];
}

static void add(struct writer *writer, struct cost *cost, const struct sample *sample)
{
	if (cost->last == writer->samples)
		return;
	cost->last = writer->samples;
	for (unsigned i = 0; i < writer->export->samples.view->value_count; i++)
		cost->values[i] += sample->values[i];
}

static void add_sample(void *context, const struct sample *sample)
{
	struct writer *writer = context;
	const struct places *places = &writer->export->samples.places;
	uint64_t callee = 0;

	writer->samples++;
	for (unsigned i = 0; i < sample->place_count; i++) {
		const struct place *place = &places->items[sample->places[i] - 1];

		for (uint32_t k = 0; k < place->count; k++) {
			const struct place_line *line = &places->lines[place->first + k];

			add(writer, cost_of(writer, line, callee), sample);
			callee = line->function + UINT64_C(1);
		}
	}
}

/* ---- writing ---------------------------------------------------------------------------- */

static int by_function(const void *left, const void *right)
{
	const struct cost *a = left, *b = right;

	return compare_next(compare_next(compare_numbers(a->function, b->function), a->line, b->line), a->callee,
	                    b->callee);
}

/* After a name was written once, its number stands for it.  There is a table of numbers for each of: */
enum table { FUNCTIONS = 1, FILES = 2, MODULES = 4 };

static void put_name(struct writer *writer, const char *field, enum table table, uint32_t text)
{
	const char *name = text ? places_text(&writer->export->samples.places, text) : "???";
	FILE *out = writer->export->out;

	fprintf(out, "%s=(%u)", field, text + 1);
	if (!(writer->named[text] & table)) {
		fputc(' ', out);
		for (; *name; name++)
			fputc((unsigned char)*name < ' ' ? '?' : *name, out);
	}
	writer->named[text] |= (unsigned char)table;
	fputc('\n', out);
}

static void put_function(struct writer *writer, uint64_t index, const char *const fields[3])
{
	const struct places *places = &writer->export->samples.places;
	const struct function *function = &places->functions[index];

	put_name(writer, fields[0], MODULES, function->mapping ? places->mappings[function->mapping - 1].path : 0);
	put_name(writer, fields[1], FILES, function->file);
	put_name(writer, fields[2], FUNCTIONS, function->name);
}

/* The value that --value names comes first, because viewers sort by the first one. */
static int64_t nth_value(const struct writer *writer, const int64_t *values, int n)
{
	int first = writer->export->value;

	return values[n == 0 ? first : n <= first ? n - 1 : n];
}

static void put_values(const struct writer *writer, const int64_t *values)
{
	for (unsigned i = 0; i < writer->export->samples.view->value_count; i++)
		fprintf(writer->export->out, " %" PRId64, nth_value(writer, values, (int)i));
	fputc('\n', writer->export->out);
}

static void put_cost(struct writer *writer, const struct cost *cost)
{
	static const char *const callee[3] = {"cob", "cfi", "cfn"};

	if (cost->callee) {
		put_function(writer, cost->callee - 1, callee);
		/* The first value of every view counts: calls, threads, waits. */
		fprintf(writer->export->out, "calls=%" PRId64 " 0\n", cost->values[0]);
	}
	fprintf(writer->export->out, "%" PRIu64, cost->line);
	put_values(writer, cost->values);
}

static void put_costs(struct writer *writer)
{
	static const char *const caller[3] = {"ob", "fl", "fn"};

	if (writer->count)
		qsort(writer->items, writer->count, sizeof *writer->items, by_function);
	for (size_t i = 0; i < writer->count; i++) {
		if (!i || writer->items[i].function != writer->items[i - 1].function) {
			fputc('\n', writer->export->out);
			put_function(writer, writer->items[i].function, caller);
			if (writer->items[i].callee) /* viewers expect a cost of the function itself */
				fprintf(writer->export->out, "%" PRIu64 " 0\n", writer->items[i].line);
		}
		put_cost(writer, &writer->items[i]);
	}
}

static void put_head(struct writer *writer)
{
	const struct export_view *view = writer->export->samples.view;
	struct run run = run_load(writer->export->samples.query);

	fprintf(writer->export->out,
	        "# callgrind format\nversion: 1\ncreator: ringtail " RINGTAIL_VERSION "\ncmd: %s\npositions: line\n",
	        run.command ? run.command : "?");
	run_free(&run);
	fputs("events:", writer->export->out);
	fprintf(writer->export->out, " %s", view->values[writer->export->value].name);
	for (unsigned i = 0; i < view->value_count; i++)
		if ((int)i != writer->export->value)
			fprintf(writer->export->out, " %s", view->values[i].name);
	fputs("\nsummary:", writer->export->out);
	put_values(writer, writer->export->samples.totals);
}

static void begin_process(void *context, const struct process *process) {}

static void end_process(void *context) {}

bool export_callgrind(struct export *export)
{
	struct writer writer = {.export = export};
	bool good;

	export->samples.sink = (struct sample_sink){begin_process, add_sample, end_process, &writer};
	good = samples_read(&export->samples);
	writer.named = memory_zeroed(export->samples.places.texts.count, 1);
	put_head(&writer);
	put_costs(&writer);
	u64_map_free(&writer.lines);
	u64_map_free(&writer.costs);
	free(writer.items);
	free(writer.named);
	return good;
}
