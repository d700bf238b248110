#include "tools/commands/commands.h"

#include <stdlib.h>

#include "tools/commands/output.h"
#include "tools/commands/view.h"
#include "tools/export/export.h"
#include "tools/store/store.h"

#define WORDS_MOST   16
#define EXPLAINED_AT 18 /* column of help on the values of an option */

/* The view, values and process that the user chose. */
struct choices {
	const struct export_format *format;
	const struct export_view *view;
	const char *value, *file;
	struct selection selection;
};

/* ---- options -------------------------------------------------------------------------------- */

static void explain_formats(FILE *out)
{
	const struct export_format *format;

	for (size_t i = 0; (format = export_format_at(i)); i++)
		fprintf(out, "      %-11s %s\n", format->name, format->help);
}

static void explain_values(const struct export_view *view, FILE *out)
{
	char text[512];
	int used = snprintf(text, sizeof text, "values:");

	for (unsigned i = 0; i < view->value_count; i++)
		used += snprintf(text + used, sizeof text - (size_t)used, " %s", view->values[i].name);
	snprintf(text + used, sizeof text - (size_t)used, " (default %s)", view->value);
	fprintf(out, "%*s", EXPLAINED_AT, "");
	usage_wrap(out, text, EXPLAINED_AT, EXPLAINED_AT);
}

static void explain_views(FILE *out)
{
	const struct export_view *view;

	for (size_t i = 0; (view = export_view_at(i)); i++) {
		fprintf(out, "      %-11s ", view->name);
		usage_wrap(out, view->about, EXPLAINED_AT, EXPLAINED_AT);
		explain_values(view, out);
	}
}

static bool parse(struct arguments *arguments, int argc, char **argv, bool *helped, struct error *err)
{
	const char *formats[WORDS_MOST + 1] = {NULL}, *views[WORDS_MOST + 1] = {NULL};
	const struct option_choices choices[] = {
	    {OPTION_format, formats, explain_formats}, {OPTION_view, views, explain_views}, {.words = NULL}};
	const struct usage usage = {
	    .command = COMMAND_export,
	    .about = "Writes profiles and timelines for other programs to show.",
	    .operands = "RUN is a directory that `ringtail run` or the preloaded library made, or the id of a "
	                "process that records into one; without it, the newest ringtail.* here is taken.",
	    .behind = "examples:\n"
	              "  ringtail export --format pprof -o heap.pb.gz && go tool pprof -http : heap.pb.gz\n"
	              "  ringtail export --format pprof --view mutex -o mutex.pb.gz\n"
	              "  ringtail export --format folded --view allocs | flamegraph.pl > heap.svg\n"
	              "  ringtail export --format callgrind --view peak -o callgrind.out.peak\n",
	    .column = 16,
	    .choices = choices,
	};

	for (size_t i = 0; export_format_at(i) && i < WORDS_MOST; i++)
		formats[i] = export_format_at(i)->name;
	for (size_t i = 0; export_view_at(i) && i < WORDS_MOST; i++)
		views[i] = export_view_at(i)->name;
	if (!arguments_parse(arguments, &usage, argc, argv, err))
		return false;
	*helped = options_yes(&arguments->options, OPTION_help);
	if (*helped)
		usage_print(&usage, stdout);
	else if (!arguments->options.given[OPTION_format])
		return arguments_need(&usage, OPTION_format, err);
	return true;
}

/* Checks that format, view and value fit together. */
static bool choose(struct choices *choices, const struct options *options, struct error *err)
{
	*choices = (struct choices){
	    .format = export_format_find(options_text(options, OPTION_format)),
	    .view = export_view_find(options_text(options, OPTION_view)),
	    .value = options->given[OPTION_value],
	    .file = options_text(options, OPTION_file),
	    .selection = view_selection(options),
	};
	if (!choices->format->has_views && (options->given[OPTION_view] || choices->value))
		return error_set(err, EXIT_USAGE, "--format %s has no views: leave out --view and --value",
		                 choices->format->name);
	if (!choices->value)
		choices->value = choices->view->value;
	if (export_view_value(choices->view, choices->value) >= 0)
		return true;
	return error_set(err, EXIT_USAGE, "--view %s has no value \"%s\"; `ringtail export --help` lists them",
	                 choices->view->name, choices->value);
}

/* ---- doing it -------------------------------------------------------------------------------- */

/* Says why a profile is empty: users would take it for a fault. */
static void say_nothing(const struct choices *choices, const struct samples *samples, int value)
{
	if (choices->format->has_views && samples->totals[value] == 0)
		fprintf(stderr, "ringtail: %s is 0 everywhere: %s\n", choices->view->values[value].name,
		        choices->view->nothing);
}

static bool write_export(const struct choices *choices, struct query *query, FILE *out)
{
	struct export export = {
	    .samples = {.query = query, .view = choices->view},
	    .value = export_view_value(choices->view, choices->value),
	    .out = out,
	};
	bool good;

	places_init(&export.samples.places);
	good = choices->format->write(&export);
	places_free(&export.samples.places);
	if (good)
		say_nothing(choices, &export.samples, export.value);
	return good;
}

static bool export_database(const struct choices *choices, const char *directory, struct store *store,
                            struct error *err)
{
	struct output output;
	bool good = selection_apply(&choices->selection, store->db, directory, err) &&
	            output_open(&output, choices->file, choices->format->binary ? OUTPUT_BINARY : OUTPUT_PLAIN, err);

	if (good) {
		struct query query = {.db = store->db, .directory = directory, .err = err};

		good = write_export(choices, &query, output.stream);
		good = output_close(&output, good, err);
		query_close(&query);
	}
	return good;
}

static bool run(const struct arguments *arguments, struct error *err)
{
	struct choices choices;
	struct store store = {0};
	char *directory = NULL;
	bool good = choose(&choices, &arguments->options, err) &&
	            view_open_run(arguments->operands[0], &directory, &store, err) &&
	            export_database(&choices, directory, &store, err);

	store_close(&store);
	free(directory);
	return good;
}

int cmd_export(int argc, char **argv)
{
	struct arguments arguments;
	struct error err = {0};
	bool helped = false;
	bool good = parse(&arguments, argc, argv, &helped, &err) && (helped || run(&arguments, &err));

	options_free(&arguments.options);
	return good ? EXIT_FINE : error_print(&err);
}
