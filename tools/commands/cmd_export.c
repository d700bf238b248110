#include "tools/commands/commands.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "tools/commands/output.h"
#include "tools/commands/view.h"
#include "tools/export/export.h"
#include "tools/store/store.h"

struct choices {
	const char *run, *file, *value;
	const struct export_format *format;
	const struct export_view *view;
	int64_t pid;
	bool help;
};

static void print_help(void)
{
	const struct export_format *format;
	const struct export_view *view;

	fputs("usage: ringtail export [RUN] --format FORMAT [--view VIEW] [--value VALUE] [--pid PID] [-o FILE]\n\n"
	      "Writes what other programs show: profiles and timelines.\n\n"
	      "RUN is a directory that `ringtail run` or the preloaded library made, or the id of a process that\n"
	      "records into one; without it, the newest ringtail.* here is taken.\n\n"
	      "  --format FORMAT\n",
	      stdout);
	for (size_t i = 0; (format = export_format_at(i)); i++)
		printf("      %-11s %s\n", format->name, format->help);
	fputs("  --view VIEW     what of the run (default heap)\n", stdout);
	for (size_t i = 0; (view = export_view_at(i)); i++) {
		printf("      %-11s %s\n                  values:", view->name, view->about);
		for (unsigned k = 0; k < view->value_count; k++)
			printf(" %s", view->values[k].name);
		printf(" (default %s)\n", view->value);
	}
	fputs("  --value VALUE   which of the view's values is shown first, or alone where a format has one\n"
	      "  --pid PID       this process alone\n"
	      "  -o FILE         - is standard output, and the default\n"
	      "  --help\n\n"
	      "examples:\n"
	      "  ringtail export --format pprof -o heap.pb.gz && go tool pprof -http : heap.pb.gz\n"
	      "  ringtail export --format pprof --view mutex -o mutex.pb.gz\n"
	      "  ringtail export --format folded --view allocs | flamegraph.pl > heap.svg\n"
	      "  ringtail export --format callgrind --view peak -o callgrind.out.peak\n",
	      stdout);
}

/* ---- what was asked for ------------------------------------------------------------------- */

/* "pprof, folded or perfetto" of whatever nth() names. */
static void list_names(char *out, size_t room, const char *(*nth)(size_t n))
{
	*out = '\0';
	for (size_t i = 0; nth(i); i++) {
		if (i)
			strncat(out, nth(i + 1) ? ", " : " or ", room - strlen(out) - 1);
		strncat(out, nth(i), room - strlen(out) - 1);
	}
}

static const char *format_name(size_t n) { return export_format_at(n) ? export_format_at(n)->name : NULL; }
static const char *view_name(size_t n) { return export_view_at(n) ? export_view_at(n)->name : NULL; }

static bool parse_format(const char *text, struct choices *choices, struct error *err)
{
	char names[256];

	choices->format = export_format_find(text);
	if (choices->format)
		return true;
	list_names(names, sizeof names, format_name);
	return error_set(err, EXIT_USAGE, "--format takes %s, not \"%s\"", names, text);
}

static bool parse_view(const char *text, struct choices *choices, struct error *err)
{
	char names[256];

	choices->view = export_view_find(text);
	if (choices->view)
		return true;
	list_names(names, sizeof names, view_name);
	return error_set(err, EXIT_USAGE, "--view takes %s, not \"%s\"", names, text);
}

static bool parse_pid(const char *text, struct choices *choices, struct error *err)
{
	char *end;

	errno = 0;
	choices->pid = strtoll(text, &end, 10);
	if (!errno && !*end && *text && choices->pid > 0)
		return true;
	return error_set(err, EXIT_USAGE, "--pid takes the id of a process, not \"%s\"", text);
}

static bool parse_option(int option, char **argv, struct choices *choices, struct error *err)
{
	switch (option) {
	case 'f':
		return parse_format(optarg, choices, err);
	case 'w':
		return parse_view(optarg, choices, err);
	case 'p':
		return parse_pid(optarg, choices, err);
	case 'v':
		choices->value = optarg;
		return true;
	case 'o':
		choices->file = optarg;
		return true;
	case 'h':
		choices->help = true;
		return true;
	default:
		return error_set(err, EXIT_USAGE, "export: wrong option %s; `ringtail export --help` lists them",
		                 argv[optind - 1]);
	}
}

/* What goes with what. */
static bool check(struct choices *choices, struct error *err)
{
	char names[256];

	if (!choices->format) {
		list_names(names, sizeof names, format_name);
		return error_set(err, EXIT_USAGE, "export needs a format: --format %s", names);
	}
	if (!choices->format->has_views && (choices->view || choices->value))
		return error_set(err, EXIT_USAGE, "--format %s has no views: leave out --view and --value",
		                 choices->format->name);
	if (!choices->view)
		choices->view = export_view_find("heap");
	if (!choices->value)
		choices->value = choices->view->value;
	if (export_view_value(choices->view, choices->value) >= 0)
		return true;
	return error_set(err, EXIT_USAGE, "--view %s has no value \"%s\"; `ringtail export --help` lists them",
	                 choices->view->name, choices->value);
}

static bool parse(int argc, char **argv, struct choices *choices, struct error *err)
{
	static const struct option options[] = {
	    {"format", required_argument, NULL, 'f'}, {"view", required_argument, NULL, 'w'},
	    {"value", required_argument, NULL, 'v'},  {"pid", required_argument, NULL, 'p'},
	    {"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0},
	};
	int option;

	*choices = (struct choices){0};
	optind = 0; /* glibc: start anew, whoever parsed before */
	while ((option = getopt_long(argc, argv, ":ho:", options, NULL)) != -1)
		if (!parse_option(option, argv, choices, err))
			return false;
	if (choices->help)
		return true;
	if (argc - optind > 1)
		return error_set(err, EXIT_USAGE, "export takes one RUN, not %d: what is \"%s\"?", argc - optind,
		                 argv[optind + 1]);
	choices->run = argv[optind];
	return check(choices, err);
}

/* ---- doing it -------------------------------------------------------------------------------- */

/* An empty profile is easily taken for a fault. */
static void say_nothing(const struct choices *choices, const struct samples *samples, int value)
{
	if (choices->format->has_views && samples->totals[value] == 0)
		fprintf(stderr, "ringtail: %s is 0 everywhere: %s\n", choices->view->values[value].name,
		        choices->view->nothing);
}

static bool write_export(const struct choices *choices, struct report *report, FILE *out, struct error *err)
{
	struct export export = {
	    .samples = {.report = report, .view = choices->view, .pid = choices->pid},
	    .value = export_view_value(choices->view, choices->value),
	    .out = out,
	};
	bool good;

	places_init(&export.samples.places);
	good = choices->format->write(&export);
	places_free(&export.samples.places);
	if (good && !export.samples.processes)
		return error_set(err, EXIT_USAGE, "%s holds no process %lld: `ringtail sql 'select pid, exe from process'`"
		                 " lists them", report->directory, (long long)choices->pid);
	if (good)
		say_nothing(choices, &export.samples, export.value);
	return good;
}

static bool export_database(const struct choices *choices, const char *directory, struct store *store, struct error *err)
{
	struct output output;
	bool good = output_open(&output, choices->file, choices->format->binary, err);

	if (good) {
		struct report report = {.db = store->db, .directory = directory, .err = err};

		good = write_export(choices, &report, output.stream, err);
		good = output_close(&output, good, err);
		report_close(&report);
	}
	return good;
}

int cmd_export(int argc, char **argv)
{
	struct choices choices;
	struct error err = {0};
	struct store store = {0};
	char *directory = NULL;
	bool good;

	if (!parse(argc, argv, &choices, &err))
		return error_print(&err);
	if (choices.help) {
		print_help();
		return EXIT_FINE;
	}
	good = view_open_run(choices.run, &directory, &store, &err) && export_database(&choices, directory, &store, &err);
	store_close(&store);
	free(directory);
	return good ? EXIT_FINE : error_print(&err);
}
