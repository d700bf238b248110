#include "tools/commands/view.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "tools/commands/gate.h"
#include "tools/commands/output.h"
#include "tools/finding/kinds.h"
#include "tools/live/now/now.h"
#include "tools/base/own_process.h"
#include "tools/render/json/page.h"
#include "tools/ingest/ingest.h"
#include "tools/runs/run_directory.h"
#include "tools/store/store.h"
#include "tools/suppress/suppress.h"

#define DEFAULT_LIMIT 10
#define DEFAULT_PAUSE 10 /* seconds */
#define PAUSE_MOST    86400

enum {
	LONG_FORMAT = 256,
	LONG_ONLY,
	LONG_FAIL_ON,
	LONG_COLOR,
	LONG_LIMIT,
	LONG_FULL_STACKS,
	LONG_SUPPRESSIONS,
	LONG_BASELINE,
	LONG_NOW,
	LONG_PAUSE,
	LONG_BY,
	LONG_HELP
};

const struct format view_formats[] = {{"text", render_text, false}, {"json", render_json, false}, {NULL, NULL, false}};

static const struct option options[] = {
    {"format", required_argument, NULL, LONG_FORMAT},
    {"only", required_argument, NULL, LONG_ONLY},
    {"fail-on", required_argument, NULL, LONG_FAIL_ON},
    {"color", required_argument, NULL, LONG_COLOR},
    {"limit", required_argument, NULL, LONG_LIMIT},
    {"full-stacks", no_argument, NULL, LONG_FULL_STACKS},
    {"suppressions", required_argument, NULL, LONG_SUPPRESSIONS},
    {"baseline", required_argument, NULL, LONG_BASELINE},
    {"now", no_argument, NULL, LONG_NOW},
    {"pause", required_argument, NULL, LONG_PAUSE},
    {"by", required_argument, NULL, LONG_BY},
    {"help", no_argument, NULL, LONG_HELP},
    {NULL, 0, NULL, 0},
};

/* text|json|... */
static const char *format_names(const struct view *view, char *names, size_t size)
{
	*names = '\0';
	for (const struct format *format = view->formats; format->name; format++) {
		strncat(names, format == view->formats ? "" : "|", size - strlen(names) - 1);
		strncat(names, format->name, size - strlen(names) - 1);
	}
	return names;
}

/* An option that is too long for its column has its help on a line of its own. */
static void print_option(const char *left, const char *help)
{
	printf(strlen(left) > 27 ? "  %s\n%29s %s\n" : "  %-27s%s %s\n", left, "", help);
}

static void print_options(const struct view *view)
{
	char names[256], left[288];

	snprintf(left, sizeof(left), "--format %s", format_names(view, names, sizeof(names)));
	print_option(left, "text is for people (default)");
	if (view->takes_file)
		print_option("-o FILE", "write there; - is standard output, and the default");
	if (view->takes_only)
		print_option("--only KIND[:CLASS],...", "these findings and nothing else");
	if (view->is_check)
		print_option("--fail-on KIND[:CLASS],...",
		             "what must not be there (default: default, see above)");
	if (view->parts & PART_FINDINGS) {
		print_option("--suppressions FILE", "rules for findings that do not count; may be repeated");
		print_option("--baseline OLD", "an earlier run: what was found there does not count");
	}
	if (view->takes_now) {
		print_option("--now", "of processes that run: they are stopped for a moment, and go on");
		printf("  --pause SECONDS             let them go on when that would take longer (default %d)\n",
		       DEFAULT_PAUSE);
	}
	if (view->takes_by)
		print_option("--by live|peak|allocated", "of sites: what is live at the end (default), was at the peak, or all");
	if (!view->is_check) {
		printf("  --limit N                   so many items in each list (default %d; 0: all)\n",
		       DEFAULT_LIMIT);
		print_option("--full-stacks", "every frame, main's callers too");
		print_option("--color always|never|auto", "auto: on a terminal, unless NO_COLOR is set");
	}
	print_option("--help", "this");
}

void view_help(const struct view *view)
{
	printf("usage: ringtail %s %s [OPTION...]\n\n%s\n\n", view->name, view->arguments ? view->arguments : "[RUN]",
	       view->about);
	printf("%s a directory that `ringtail run` or the preloaded library made, or the id of a process that\n"
	       "records into one, or a database: a run's ringtail.db, or a snapshot%s.\n\n",
	       view->runs ? "Each is" : "RUN is", view->runs ? "" : "; without it, the newest ringtail.*\nhere is taken");
	print_options(view);
	printf("\n%s", view->examples);
}

static bool parse_limit(const char *text, unsigned *limit, struct error *err)
{
	char *end;
	unsigned long number;

	errno = 0;
	number = strtoul(text, &end, 10);
	if (errno || *end || !*text || *text == '-' || number > 100000000)
		return error_set(err, EXIT_USAGE, "--limit takes a number (0: all), not \"%s\"", text);
	*limit = (unsigned)number;
	return true;
}

static bool parse_only(const struct view *view, const char *text, struct view_choices *choices, struct error *err)
{
	const char *bad;

	if (!view->takes_only)
		return error_set(err, EXIT_USAGE, "%s has no option --only: `ringtail report --only` has",
		                 view->name);
	choices->only = text;
	return kinds_valid(text, &bad) ||
	       error_set(err, EXIT_USAGE, "--only: no such kind or class as \"%.*s\": %s",
	                 (int)strcspn(bad, ","), bad, kinds_wanted());
}

static bool parse_fail_on(const struct view *view, const char *text, struct view_choices *choices,
                          struct error *err)
{
	if (!view->is_check)
		return error_set(err, EXIT_USAGE,
		                 "%s has no option --fail-on: `ringtail check --fail-on` has", view->name);
	return options_set(&choices->options, "fail-on", text, err);
}

static bool parse_shared(const struct view *view, const char *name, const char *text, struct view_choices *choices,
                         struct error *err)
{
	if (view->parts & PART_FINDINGS)
		return options_set(&choices->options, name, text, err);
	return error_set(err, EXIT_USAGE, "%s has no option --%s, as it shows no findings", view->name, name);
}

static bool parse_format(const struct view *view, const char *text, struct view_choices *choices,
                         struct error *err)
{
	char names[256];

	for (const struct format *format = view->formats; format->name; format++) {
		choices->format = format;
		if (!strcmp(format->name, text))
			return true;
	}
	return error_set(err, EXIT_USAGE, "--format takes one of %s, not \"%s\"",
	                 format_names(view, names, sizeof(names)), text);
}

/* "live, peak or allocated" as a list of three. */
static bool parse_word(const char *option, const char *text, const char *const words[3], const char **out,
                       struct error *err)
{
	for (size_t i = 0; i < 3; i++) {
		*out = words[i];
		if (!strcmp(words[i], text))
			return true;
	}
	return error_set(err, EXIT_USAGE, "--%s takes %s, %s or %s, not \"%s\"", option, words[0], words[1], words[2],
	                 text);
}

static bool parse_by(const struct view *view, const char *text, const char **by, struct error *err)
{
	static const char *const measures[] = {"live", "peak", "allocated"};

	if (view->takes_by)
		return parse_word("by", text, measures, by, err);
	return error_set(err, EXIT_USAGE, "%s has no option --by: `ringtail diff` has", view->name);
}

static bool parse_file(const struct view *view, const char *text, const char **file, struct error *err)
{
	*file = text;
	return view->takes_file ||
	       error_set(err, EXIT_USAGE, "%s has no option -o: its report goes to standard output", view->name);
}

static bool parse_now(const struct view *view, struct view_choices *choices, struct error *err)
{
	choices->now = true;
	return view->takes_now ||
	       error_set(err, EXIT_USAGE, "%s has no option --now: `ringtail leaks` has", view->name);
}

static bool parse_pause(const char *text, double *pause, struct error *err)
{
	char *end;

	*pause = strtod(text, &end);
	if (*text && !*end && *pause > 0 && *pause <= PAUSE_MOST)
		return true;
	return error_set(err, EXIT_USAGE, "--pause takes a number of seconds, like 0.5, not \"%s\"", text);
}

static bool parse_option(const struct view *view, int option, struct view_choices *choices, struct error *err)
{
	static const char *const colors[] = {"always", "never", "auto"};

	switch (option) {
	case LONG_FORMAT:
		return parse_format(view, optarg, choices, err);
	case LONG_COLOR:
		return parse_word("color", optarg, colors, &choices->color, err);
	case LONG_ONLY:
		return parse_only(view, optarg, choices, err);
	case LONG_FAIL_ON:
		return parse_fail_on(view, optarg, choices, err);
	case LONG_LIMIT:
		return parse_limit(optarg, &choices->limit, err);
	case LONG_FULL_STACKS:
		choices->full_stacks = true;
		return true;
	case LONG_SUPPRESSIONS:
		return parse_shared(view, "suppressions", optarg, choices, err);
	case LONG_BASELINE:
		return parse_shared(view, "baseline", optarg, choices, err);
	case LONG_NOW:
		return parse_now(view, choices, err);
	case LONG_PAUSE:
		return parse_pause(optarg, &choices->pause, err);
	case 'o':
		return parse_file(view, optarg, &choices->file, err);
	case LONG_BY:
		return parse_by(view, optarg, &choices->by, err);
	default:
		choices->help = true;
		return true;
	}
}

static bool bad_option(const struct view *view, char **argv, int option, struct error *err)
{
	const char *given = argv[optind - 1];

	if (option == ':')
		return error_set(err, EXIT_USAGE, "%s needs a value; `ringtail %s --help` lists the options",
		                 given, view->name);
	return error_set(err, EXIT_USAGE, "%s has no option %s; `ringtail %s --help` lists those that it has",
	                 view->name, given, view->name);
}

static bool parse_runs(const struct view *view, int count, char **words, struct view_choices *choices, struct error *err)
{
	if (view->runs && count != (int)view->runs)
		return error_set(err, EXIT_USAGE, "%s takes OLD and NEW, two runs: not %d", view->name, count);
	if (!view->runs && count > 1)
		return error_set(err, EXIT_USAGE, "%s takes one RUN, not %d: what is \"%s\"?", view->name, count, words[1]);
	for (int i = 0; i < count; i++)
		choices->runs[i] = words[i];
	return true;
}

bool view_parse(const struct view *view, int argc, char **argv, struct view_choices *choices, struct error *err)
{
	int option;

	*choices = (struct view_choices){
	    .format = view->formats, .color = "auto", .only = view->only, .by = "live", .limit = DEFAULT_LIMIT};
	if (!options_parse_environment(&choices->options, err))
		return false;
	optind = 0; /* glibc: start anew, whoever parsed before */
	while ((option = getopt_long(argc, argv, ":o:", options, NULL)) != -1) {
		if (option == '?' || option == ':')
			return bad_option(view, argv, option, err);
		if (!parse_option(view, option, choices, err))
			return false;
	}
	if (choices->pause && !choices->now)
		return error_set(err, EXIT_USAGE, "--pause means something with `ringtail leaks --now` only");
	if (!choices->help && !parse_runs(view, argc - optind, argv + optind, choices, err))
		return false;
	if (view->is_check)
		choices->only = choices->options.given[OPTION_fail_on]
		                    ? choices->options.given[OPTION_fail_on]
		                    : "default";
	return true;
}

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

bool view_flush(struct error *err)
{
	bool written = fflush(stdout) == 0 && !ferror(stdout);

	own_process_prints(false);
	if (written)
		return true;
	return error_set(err, EXIT_INTERNAL, "cannot write to standard output: %s", strerror(errno));
}

struct report view_report(const struct view *view, const struct view_choices *choices, const char *path, sqlite3 *db,
                          FILE *out, struct suppress *suppress, struct error *err)
{
	struct report report = {
	    .db = db,
	    .out = out,
	    .directory = path,
	    .parts = view->parts,
	    .only = choices->only,
	    .fail_on = view->is_check ? choices->only : NULL,
	    .limit = choices->limit,
	    .suppress = suppress,
	    .full_stacks = choices->full_stacks,
	    .err = err,
	};

	page_setup(&report, choices->color);
	return report;
}

static bool render(const struct view *view, const struct view_choices *choices, struct suppress *suppress,
                   const char *path, struct store *store, enum verdict *verdict, struct error *err)
{
	struct output output;
	bool good = suppress_apply(suppress, store->db, err) &&
	            output_open(&output, choices->file, choices->format->binary, err);

	if (good) {
		struct report report = view_report(view, choices, path, store->db, output.stream, suppress, err);

		good = output_close(&output, choices->format->render(&report), err);
		if (good && view->is_check)
			*verdict = gate_judge(&report);
		report_close(&report);
	}
	return good;
}

static bool open_choice(const struct view_choices *choices, char **path, struct store *store, struct error *err)
{
	double pause = choices->pause ? choices->pause : DEFAULT_PAUSE;

	if (!choices->now)
		return view_open_run(choices->runs[0], path, store, err);
	if (!now_take(choices->runs[0], (uint64_t)(pause * 1e9), path, err))
		return false;
	fprintf(stderr, "ringtail: kept as %s\n", *path);
	return store_open_read(store, *path, err);
}

static bool run_view(const struct view *view, const struct view_choices *choices, enum verdict *verdict, struct error *err)
{
	struct suppress suppress = {0};
	struct store store = {0};
	char *directory = NULL;
	bool good = (!(view->parts & PART_FINDINGS) || suppress_load(&suppress, &choices->options, err)) &&
	            open_choice(choices, &directory, &store, err) &&
	            render(view, choices, &suppress, directory, &store, verdict, err);

	store_close(&store);
	suppress_free(&suppress);
	free(directory);
	return good;
}

int view_command(const struct view *view, int argc, char **argv)
{
	struct view_choices choices;
	struct error err = {0};
	enum verdict verdict = VERDICT_PASSED;
	bool good;

	good = view_parse(view, argc, argv, &choices, &err);
	if (good && choices.help)
		view_help(view);
	else if (good)
		good = run_view(view, &choices, &verdict, &err);
	options_free(&choices.options);
	if (!good)
		return error_print(&err);
	return verdict == VERDICT_FAILED ? EXIT_FAIL_ON : verdict == VERDICT_UNKNOWN ? EXIT_INTERNAL : EXIT_FINE;
}
