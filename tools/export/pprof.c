/*
 * The format of pprof: a gzipped Profile message.
 *
 * Messages that follow each other are read as one: their repeated fields are joined.  So each sample, place and text is
 * a Profile of its own that is packed and written at once, and memory does not grow with samples.
 */
#include <stdlib.h>

#include "profile.pb-c.h"
#include "tools/export/export.h"
#include "tools/base/gzip.h"
#include "tools/base/memory.h"

struct writer {
	struct export *export;
	struct places *places;
	struct gzip gzip;
	uint8_t *buffer;
	size_t room;
	size_t texts, mappings, functions, locations; /* written so far */
	int64_t started, ended;                       /* nanoseconds since 1970, of all processes */
};

static void put(struct writer *writer, const Pprof__Profile *profile)
{
	size_t bytes = pprof__profile__get_packed_size(profile);

	GROW(writer->buffer, writer->room, bytes);
	pprof__profile__pack(profile, writer->buffer);
	gzip_write(&writer->gzip, writer->buffer, bytes);
}

static uint32_t text(struct writer *writer, const char *string) { return strings_put(&writer->places->texts, string); }

/* ---- samples ------------------------------------------------------------------------- */

static void put_sample(void *context, const struct sample *sample)
{
	struct writer *writer = context;
	uint64_t locations[STACK_PLACES_MOST + 1];
	Pprof__Label labels[LABELS_MOST], *label_list[LABELS_MOST];
	Pprof__Sample out = PPROF__SAMPLE__INIT, *list = &out;
	Pprof__Profile profile = PPROF__PROFILE__INIT;

	for (unsigned i = 0; i < sample->place_count; i++)
		locations[i] = sample->places[i];
	for (unsigned i = 0; i < sample->label_count; i++) {
		label_list[i] = &labels[i];
		pprof__label__init(&labels[i]);
		labels[i].key = text(writer, sample->labels[i].key);
		labels[i].str = text(writer, sample->labels[i].text);
	}
	out.n_location_id = sample->place_count;
	out.location_id = locations;
	out.n_value = writer->export->samples.view->value_count;
	out.value = (int64_t *)(uintptr_t)sample->values;
	out.n_label = sample->label_count;
	out.label = label_list;
	profile.n_sample = 1;
	profile.sample = &list;
	put(writer, &profile);
}

/* ---- places ---------------------------------------------------------------------------- */

static void put_mapping(struct writer *writer, const struct mapping *mapping, uint64_t id)
{
	Pprof__Mapping out = PPROF__MAPPING__INIT, *list = &out;
	Pprof__Profile profile = PPROF__PROFILE__INIT;

	out.id = id;
	out.memory_start = mapping->start;
	out.memory_limit = mapping->end;
	out.filename = mapping->path;
	out.build_id = mapping->build_id;
	out.has_functions = true; /* tells pprof not to look for names itself: ringtail has looked for them already */
	out.has_filenames = mapping->files;
	out.has_line_numbers = mapping->lines;
	out.has_inline_frames = mapping->inlined;
	profile.n_mapping = 1;
	profile.mapping = &list;
	put(writer, &profile);
}

static void put_function(struct writer *writer, const struct function *function, uint64_t id)
{
	Pprof__Function out = PPROF__FUNCTION__INIT, *list = &out;
	Pprof__Profile profile = PPROF__PROFILE__INIT;

	out.id = id;
	out.name = out.system_name = function->name;
	out.filename = function->file;
	profile.n_function = 1;
	profile.function = &list;
	put(writer, &profile);
}

static void put_location(struct writer *writer, const struct place *place, uint64_t id)
{
	Pprof__Line *lines = memory_zeroed(place->count, sizeof *lines);
	Pprof__Line **line_list = memory_zeroed(place->count, sizeof *line_list);
	Pprof__Location out = PPROF__LOCATION__INIT, *list = &out;
	Pprof__Profile profile = PPROF__PROFILE__INIT;

	for (uint32_t i = 0; i < place->count; i++) {
		const struct place_line *line = &writer->places->lines[place->first + i];

		line_list[i] = &lines[i];
		pprof__line__init(&lines[i]);
		lines[i].function_id = line->function + 1;
		lines[i].line = line->line;
	}
	out.id = id;
	out.mapping_id = place->mapping;
	out.address = place->address;
	out.n_line = place->count;
	out.line = line_list;
	profile.n_location = 1;
	profile.location = &list;
	put(writer, &profile);
	free(line_list);
	free(lines);
}

static void put_texts(struct writer *writer)
{
	const struct strings *texts = &writer->places->texts;

	for (; writer->texts < texts->count; writer->texts++) {
		char *string = (char *)(uintptr_t)texts->items[writer->texts];
		Pprof__Profile profile = PPROF__PROFILE__INIT;

		profile.n_string_table = 1;
		profile.string_table = &string;
		put(writer, &profile);
	}
}

/* Writes the places that samples refer to and that are not written yet. */
static void put_places(struct writer *writer)
{
	const struct places *places = writer->places;

	for (; writer->locations < places->count; writer->locations++)
		put_location(writer, &places->items[writer->locations], writer->locations + 1);
	for (; writer->functions < places->function_count; writer->functions++)
		put_function(writer, &places->functions[writer->functions], writer->functions + 1);
}

/* Mappings are written last: only then is it known whether they have names, files and lines. */
static void put_mappings(struct writer *writer)
{
	for (; writer->mappings < writer->places->mapping_count; writer->mappings++)
		put_mapping(writer, &writer->places->mappings[writer->mappings], writer->mappings + 1);
}

/* ---- the whole ---------------------------------------------------------------------------- */

static void note_time(struct writer *writer, int64_t process)
{
	struct query *query = writer->export->samples.query;
	int64_t from = query_number(query, "SELECT started_ns FROM process WHERE id = ?", process, 0);
	int64_t to = query_number(query, "SELECT started_ns + CAST(seconds * 1e9 AS INTEGER) FROM process WHERE id = ?",
	                          process, from);

	if (!writer->started || from < writer->started)
		writer->started = from;
	if (to > writer->ended)
		writer->ended = to;
}

static void begin_process(void *context, const struct process *process) { note_time(context, process->id); }

static void end_process(void *context) { put_places(context); }

static char *comment_of(struct writer *writer)
{
	struct run run = run_load(writer->export->samples.query);
	char *comment = NULL;
	size_t bytes;
	FILE *out = open_memstream(&comment, &bytes);

	if (out) {
		fprintf(out, "ringtail " RINGTAIL_VERSION ": %s", run.command ? run.command : "?");
		fclose(out);
	}
	run_free(&run);
	return comment;
}

static void put_types(struct writer *writer)
{
	const struct export_view *view = writer->export->samples.view;
	Pprof__ValueType types[VIEW_VALUES_MOST], *list[VIEW_VALUES_MOST];
	Pprof__Profile profile = PPROF__PROFILE__INIT;
	char *comment = comment_of(writer);
	int64_t comment_text = text(writer, comment);

	for (unsigned i = 0; i < view->value_count; i++) {
		list[i] = &types[i];
		pprof__value_type__init(&types[i]);
		types[i].type = text(writer, view->values[i].name);
		types[i].unit = text(writer, view->values[i].unit);
	}
	profile.n_sample_type = view->value_count;
	profile.sample_type = list;
	profile.period_type = list[writer->export->value];
	profile.period = 1; /* every event counts */
	profile.default_sample_type = types[writer->export->value].type;
	profile.time_nanos = writer->started;
	profile.duration_nanos = writer->ended - writer->started;
	profile.n_comment = 1;
	profile.comment = &comment_text;
	put(writer, &profile);
	free(comment);
}

bool export_pprof(struct export *export)
{
	struct writer *writer = memory_zeroed(1, sizeof *writer);
	struct samples *samples = &export->samples;
	bool good = gzip_begin(&writer->gzip, export->out);

	writer->export = export;
	writer->places = &samples->places;
	samples->sink = (struct sample_sink){begin_process, put_sample, end_process, writer};
	good = good && samples_read(samples);
	put_mappings(writer);
	put_types(writer);
	put_texts(writer);
	good = gzip_end(&writer->gzip) && good;
	free(writer->buffer);
	free(writer);
	return good;
}
