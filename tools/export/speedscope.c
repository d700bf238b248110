/*
 * The format of speedscope.app: JSON with the frames of all stacks, and a profile for each process.  A profile's
 * samples are lists of frames, outermost first, each with a weight.
 */
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "tools/export/export.h"
#include "tools/base/memory.h"

struct frame_key {
	uint32_t function, line;
};

struct writer {
	struct export *export;
	FILE *out;
	struct u64_map frames; /* (function, line) to index + 1 */
	struct frame_key *keys;
	size_t frame_count, frame_room;
	int64_t *weights; /* of the current process */
	size_t weight_count, weight_room;
	bool any; /* true once a process was written */
};

static void put_string(FILE *out, const char *text)
{
	json_t *string = json_string(text);

	json_dumpf(string ? string : json_string("?"), out, JSON_ENCODE_ANY);
	json_decref(string);
}

static uint64_t frame_of(struct writer *writer, const struct place_line *line)
{
	uint64_t key = (uint64_t)line->function << 32 | line->line, found = u64_map_get(&writer->frames, key);

	if (found)
		return found - 1;
	GROW(writer->keys, writer->frame_room, writer->frame_count + 1);
	writer->keys[writer->frame_count++] = (struct frame_key){line->function, line->line};
	u64_map_put(&writer->frames, key, writer->frame_count);
	return writer->frame_count - 1;
}

static void put_sample(void *context, const struct sample *sample)
{
	struct writer *writer = context;
	const struct places *places = &writer->export->samples.places;
	int64_t weight = sample->values[writer->export->value];
	const char *separator = "";

	if (!weight)
		return;
	fputs(writer->weight_count ? ",\n[" : "\n[", writer->out);
	for (unsigned i = sample->place_count; i > 0; i--) {
		const struct place *place = &places->items[sample->places[i - 1] - 1];

		for (uint32_t k = place->count; k > 0; k--, separator = ",")
			fprintf(writer->out, "%s%" PRIu64, separator,
			        frame_of(writer, &places->lines[place->first + k - 1]));
	}
	fputc(']', writer->out);
	GROW(writer->weights, writer->weight_room, writer->weight_count + 1);
	writer->weights[writer->weight_count++] = weight;
}

static const char *unit_of(const struct writer *writer)
{
	const char *unit = writer->export->samples.view->values[writer->export->value].unit;

	return strcmp(unit, "count") ? unit : "none";
}

static void begin_process(void *context, const struct process *process)
{
	struct writer *writer = context;
	const struct samples *samples = &writer->export->samples;
	char name[400];

	snprintf(name, sizeof name, "%s: %s", samples->process_label,
	         samples->view->values[writer->export->value].name);
	fputs(writer->any ? ",\n{\"type\":\"sampled\",\"name\":" : "\n{\"type\":\"sampled\",\"name\":", writer->out);
	put_string(writer->out, name);
	fprintf(writer->out, ",\"unit\":\"%s\",\"samples\":[", unit_of(writer));
	writer->any = true;
	writer->weight_count = 0;
}

static void end_process(void *context)
{
	struct writer *writer = context;
	int64_t sum = 0;

	fputs("],\n\"weights\":[", writer->out);
	for (size_t i = 0; i < writer->weight_count; i++) {
		fprintf(writer->out, "%s%" PRId64, i ? "," : "", writer->weights[i]);
		sum += writer->weights[i];
	}
	fprintf(writer->out, "],\n\"startValue\":0,\"endValue\":%" PRId64 "}", sum);
}

static void put_frame(const struct writer *writer, const struct frame_key *key)
{
	const struct places *places = &writer->export->samples.places;
	const struct function *function = &places->functions[key->function];

	fputs("{\"name\":", writer->out);
	put_string(writer->out, places_text(places, function->name));
	if (function->file) {
		fputs(",\"file\":", writer->out);
		put_string(writer->out, places_text(places, function->file));
	}
	if (key->line)
		fprintf(writer->out, ",\"line\":%u", key->line);
	fputc('}', writer->out);
}

static void put_frames(const struct writer *writer)
{
	fputs("],\n\"shared\":{\"frames\":[", writer->out);
	for (size_t i = 0; i < writer->frame_count; i++) {
		fputs(i ? ",\n" : "\n", writer->out);
		put_frame(writer, &writer->keys[i]);
	}
	fputs("]}}\n", writer->out);
}

bool export_speedscope(struct export *export)
{
	struct writer writer = {.export = export, .out = export->out};
	bool good;

	fputs("{\"$schema\":\"https://www.speedscope.app/file-format-schema.json\",\n"
	      "\"exporter\":\"ringtail " RINGTAIL_VERSION "\",\"name\":",
	      writer.out);
	put_string(writer.out, export->samples.query->directory);
	fputs(",\"activeProfileIndex\":0,\n\"profiles\":[", writer.out);
	export->samples.sink = (struct sample_sink){begin_process, put_sample, end_process, &writer};
	good = samples_read(&export->samples);
	put_frames(&writer);
	u64_map_free(&writer.frames);
	free(writer.keys);
	free(writer.weights);
	return good;
}
