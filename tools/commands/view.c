#include "tools/commands/view.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tools/commands/output.h"
#include "tools/finding/kinds.h"
#include "tools/ingest/ingest.h"
#include "tools/live/now/now.h"
#include "tools/base/own_process.h"
#include "tools/base/pager.h"
#include "tools/render/render.h"
#include "tools/render/text/page.h"
#include "tools/runs/run_directory.h"
#include "tools/store/store.h"
#include "tools/suppress/suppress.h"

#define FORMATS_MOST 16

const struct format view_formats[] = {{"text", render_text, false}, {"json", report_json, false}, {NULL, NULL, false}};

static const char one_run[] =
    "RUN is a directory that `ringtail run` or the preloaded library made, or the id of a "
    "process that records into one, or a database: a run's ringtail.db, or a snapshot; without "
    "it, the newest ringtail.* here is taken.";
static const char two_runs[] = "Each is a directory that `ringtail run` or the preloaded library made, or the id of a "
                               "process that records into one, or a database: a run's ringtail.db, or a snapshot.";

/* ---- what was asked for ------------------------------------------------------------------- */

bool view_parse(const struct view *view, int argc, char **argv, struct arguments *arguments, bool *helped,
                struct error *err)
{
	const char *names[FORMATS_MOST + 1] = {NULL};
	struct option_choices choices[] = {{.id = OPTION_format, .words = names}, {.words = NULL}};
	struct usage usage = {
	    .command = view->command,
	    .about = view->about,
	    .operands = command_rows[view->command].operands == OPERANDS_OLD_NEW ? two_runs : one_run,
	    .behind = view->examples,
	    .column = 28,
	    .environment = true,
	    .choices = choices,
	};

	for (size_t i = 0; view->formats[i].name && i < FORMATS_MOST; i++)
		names[i] = view->formats[i].name;
	if (!arguments_parse(arguments, &usage, argc, argv, err))
		return false;
	*helped = options_yes(&arguments->options, OPTION_help);
	if (*helped)
		usage_print(&usage, stdout);
	return true;
}

const struct format *view_format(const struct view *view, const struct options *options)
{
	const char *name = options_text(options, OPTION_format);
	const struct format *format = view->formats;

	while (strcmp(format->name, name))
		format++;
	return format;
}

enum output_kind view_output_kind(const struct view *view, const struct options *options)
{
	const struct format *format = view_format(view, options);

	if (format->binary)
		return OUTPUT_BINARY;
	return view->judge || strcmp(format->name, "text") || options_yes(options, OPTION_no_pager) ? OUTPUT_PLAIN
	                                                                                            : OUTPUT_PAGED;
}

/* The kinds of findings that the report shows; NULL: all that are not mere information. */
static const char *kinds_of(const struct view *view, const struct options *options)
{
	if (view->judge)
		return options->given[OPTION_fail_on] ? options->given[OPTION_fail_on] : KINDS_DEFAULT;
	return options->given[OPTION_only] ? options->given[OPTION_only] : view->only;
}

struct report view_report(const struct view *view, const struct options *options, const char *path, sqlite3 *db,
                          FILE *out, struct suppress *suppress, struct error *err)
{
	struct report report = {
	    .query = {.db = db,
	              .directory = path,
	              .only = kinds_of(view, options),
	              .fail_on = view->judge ? kinds_of(view, options) : NULL,
	              .err = err},
	    .out = out,
	    .parts = view->parts,
	    .limit = (unsigned)options_number(options, OPTION_limit),
	    .suppress = suppress,
	    .full_stacks = options_yes(options, OPTION_full_stacks),
	};

	page_setup(&report, options_text(options, OPTION_color));
	return report;
}

/* ---- doing it -------------------------------------------------------------------------------- */

bool view_open_run(const char *argument, char **directory, struct store *store, struct error *err)
{
	*directory = run_directory_find(argument, err);
	if (!*directory)
		return false;
	if (ingest_open(*directory, store, err))
		return true;
	free(*directory);
	*directory = NULL;
	return false;
}

struct selection view_selection(const struct options *options)
{
	return (struct selection){
	    .pid = (int64_t)options_number(options, OPTION_pid),
	    .exe = options->given[OPTION_exe],
	    .process = (int64_t)options_number(options, OPTION_process),
	};
}

bool view_flush(struct error *err)
{
	bool written = fflush(stdout) == 0 && !ferror(stdout);

	own_process_prints(false);
	pager_end();
	if (written)
		return true;
	return error_set(err, EXIT_INTERNAL, "cannot write to standard output: %s", strerror(errno));
}

static bool render(const struct view *view, const struct options *options, struct suppress *suppress, const char *path,
                   struct store *store, enum verdict *verdict, struct error *err)
{
	const struct format *format = view_format(view, options);
	const struct selection selection = view_selection(options);
	struct output output;
	bool good = suppress_apply(suppress, store->db, err) && selection_apply(&selection, store->db, path, err) &&
	            output_open(&output, options_text(options, OPTION_file), view_output_kind(view, options), err);

	if (good) {
		struct report report = view_report(view, options, path, store->db, output.stream, suppress, err);

		good = output_close(&output, format->render(&report), err);
		if (good && view->judge)
			*verdict = view->judge(&report);
		query_close(&report.query);
	}
	return good;
}

static bool open_choice(const struct arguments *arguments, char **path, struct store *store, struct error *err)
{
	const struct options *options = &arguments->options;

	if (!options_yes(options, OPTION_now))
		return view_open_run(arguments->operands[0], path, store, err);
	if (!now_take(arguments->operands[0], (uint64_t)(options_seconds(options, OPTION_pause) * 1e9), path, err))
		return false;
	fprintf(stderr, "ringtail: the snapshot is kept as %s\n", *path);
	return store_open_read(store, *path, err);
}

/* Checks that the options fit together. */
static bool check(const struct options *options, struct error *err)
{
	return !options->given[OPTION_pause] || options_yes(options, OPTION_now) ||
	       error_set(err, EXIT_USAGE, "--pause goes with --now only");
}

static bool run_view(const struct view *view, const struct arguments *arguments, enum verdict *verdict,
                     struct error *err)
{
	struct suppress suppress = {0};
	struct store store = {0};
	char *path = NULL;
	bool good = check(&arguments->options, err) &&
	            (!(view->parts & PART_FINDINGS) || suppress_load(&suppress, &arguments->options, err)) &&
	            open_choice(arguments, &path, &store, err) &&
	            render(view, &arguments->options, &suppress, path, &store, verdict, err);

	store_close(&store);
	suppress_free(&suppress);
	free(path);
	return good;
}

int view_command(const struct view *view, int argc, char **argv)
{
	struct arguments arguments;
	struct error err = {0};
	enum verdict verdict = VERDICT_PASSED;
	bool helped = false;
	bool good = view_parse(view, argc, argv, &arguments, &helped, &err) &&
	            (helped || run_view(view, &arguments, &verdict, &err));

	options_free(&arguments.options);
	if (!good)
		return error_print(&err);
	return verdict == VERDICT_FAILED ? EXIT_FAIL_ON : verdict == VERDICT_UNKNOWN ? EXIT_INTERNAL : EXIT_FINE;
}
