/*
 * Folded stacks, for flamegraph.pl and other tools.  Each stack is a line: its functions from the outermost inwards
 * with ';' between them, a space and a number.  If there are several processes, the process's name stands first.
 */
#include <inttypes.h>

#include "tools/export/export.h"

struct writer {
	struct export *export;
	const char *process; /* NULL: there is only one process */
};

/* Replaces the characters that separate names. */
static void put_name(FILE *out, const char *name)
{
	for (; *name; name++)
		fputc(*name == ';' ? ':' : (unsigned char)*name < ' ' ? '?' : *name, out);
}

static void put_place(const struct writer *writer, uint32_t number, const char **separator)
{
	const struct places *places = &writer->export->samples.places;
	const struct place *place = &places->items[number - 1];

	for (uint32_t i = place->count; i > 0; i--) {
		const struct place_line *line = &places->lines[place->first + i - 1];

		fputs(*separator, writer->export->out);
		put_name(writer->export->out, places_text(places, places->functions[line->function].name));
		*separator = ";";
	}
}

static void put_sample(void *context, const struct sample *sample)
{
	struct writer *writer = context;
	const char *separator = "";

	if (!sample->values[writer->export->value])
		return;
	if (writer->process) {
		put_name(writer->export->out, writer->process);
		separator = ";";
	}
	for (unsigned i = sample->place_count; i > 0; i--)
		put_place(writer, sample->places[i - 1], &separator);
	fprintf(writer->export->out, " %" PRId64 "\n", sample->values[writer->export->value]);
}

static void begin_process(void *context, const struct process *process)
{
	struct writer *writer = context;

	writer->process = writer->export->samples.several ? writer->export->samples.process_label : NULL;
}

static void end_process(void *context) {}

bool export_folded(struct export *export)
{
	struct writer writer = {.export = export};

	export->samples.sink = (struct sample_sink){begin_process, put_sample, end_process, &writer};
	return samples_read(&export->samples);
}
