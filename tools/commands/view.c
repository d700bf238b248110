#include "tools/commands/view.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "tools/render/page.h"
#include "tools/run_directory.h"
#include "tools/store/store.h"

#define DEFAULT_LIMIT 10

struct choices {
	const char *run, *format, *color, *only;
	unsigned limit;
	bool full_stacks, help;
};

enum { OPTION_FORMAT = 256, OPTION_ONLY, OPTION_COLOR, OPTION_LIMIT, OPTION_FULL_STACKS, OPTION_HELP };

static const struct option options[] = {
    {"format", required_argument, NULL, OPTION_FORMAT},
    {"only", required_argument, NULL, OPTION_ONLY},
    {"color", required_argument, NULL, OPTION_COLOR},
    {"limit", required_argument, NULL, OPTION_LIMIT},
    {"full-stacks", no_argument, NULL, OPTION_FULL_STACKS},
    {"help", no_argument, NULL, OPTION_HELP},
    {NULL, 0, NULL, 0},
};

static void print_help(const struct view *view)
{
	printf("usage: ringtail %s [RUN] [OPTION...]\n\n%s\n\n", view->name, view->about);
	printf(
	    "RUN is a directory that `ringtail run` or the preloaded library made, or the id of a process that\n"
	    "records into one; without it, the newest ringtail.* here is taken.\n\n"
	    "  --format text|json          text is for people (default)\n");
	if (view->takes_only)
		printf("  --only KIND[:CLASS],...     these findings and nothing else\n");
	printf("  --limit N                   so many items in each list (default %d; 0: all)\n"
	       "  --full-stacks               every frame, main's callers too\n"
	       "  --color always|never|auto   auto: on a terminal, unless NO_COLOR is set\n"
	       "  --help\n\n%s",
	       DEFAULT_LIMIT, view->examples);
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

static bool parse_only(const struct view *view, const char *text, struct choices *choices, struct error *err)
{
	const char *bad = text;

	if (!view->takes_only)
		return error_set(err, EXIT_USAGE, "%s has no option --only: `ringtail report --only` has",
		                 view->name);
	if (!report_only_valid(text, &bad))
		return error_set(
		    err, EXIT_USAGE,
		    "--only: no such kind or class as \"%.*s\": leak, deadlock, thread-leak, misuse, race, "
		    "contention, pool or loss, each with :CLASS if wanted",
		    (int)strcspn(bad, ","), bad);
	choices->only = text;
	return true;
}

static bool parse_word(const char *option, const char *text, const char *const *words, const char **out,
                       struct error *err)
{
	for (size_t i = 0; words[i]; i++) {
		if (!strcmp(words[i], text)) {
			*out = words[i];
			return true;
		}
	}
	return error_set(err, EXIT_USAGE, "--%s takes %s%s%s%s%s, not \"%s\"", option, words[0],
	                 words[2] ? ", " : " or ", words[1], words[2] ? " or " : "", words[2] ? words[2] : "",
	                 text);
}

static bool parse_option(const struct view *view, int option, struct choices *choices, struct error *err)
{
	static const char *const formats[] = {"text", "json", NULL, NULL};
	static const char *const colors[] = {"always", "never", "auto", NULL};

	switch (option) {
	case OPTION_FORMAT:
		return parse_word("format", optarg, formats, &choices->format, err);
	case OPTION_COLOR:
		return parse_word("color", optarg, colors, &choices->color, err);
	case OPTION_ONLY:
		return parse_only(view, optarg, choices, err);
	case OPTION_LIMIT:
		return parse_limit(optarg, &choices->limit, err);
	case OPTION_FULL_STACKS:
		choices->full_stacks = true;
		return true;
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

static bool parse(const struct view *view, int argc, char **argv, struct choices *choices, struct error *err)
{
	int option;

	*choices =
	    (struct choices){.format = "text", .color = "auto", .only = view->only, .limit = DEFAULT_LIMIT};
	optind = 0; /* glibc: start anew, whoever parsed before */
	while ((option = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		if (option == '?' || option == ':')
			return bad_option(view, argv, option, err);
		if (!parse_option(view, option, choices, err))
			return false;
	}
	if (argc - optind > 1)
		return error_set(err, EXIT_USAGE, "%s takes one RUN, not %d: what is \"%s\"?", view->name,
		                 argc - optind, argv[optind + 1]);
	choices->run = argv[optind];
	return true;
}

bool view_find_run(const char *argument, char **directory, struct error *err)
{
	*directory = run_directory_find(argument, err);
	if (!*directory)
		return false;
	if (run_directory_analyse(*directory, err))
		return true;
	free(*directory);
	*directory = NULL;
	return false;
}

bool view_flush(struct error *err)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return true;
	return error_set(err, EXIT_INTERNAL, "cannot write to standard output: %s", strerror(errno));
}

static bool render(const struct view *view, const struct choices *choices, const char *directory,
                   struct error *err)
{
	struct store store;
	struct report report = {
	    .out = stdout,
	    .directory = directory,
	    .parts = view->parts,
	    .only = choices->only,
	    .limit = choices->limit,
	    .full_stacks = choices->full_stacks,
	    .err = err,
	};
	bool good;

	if (!store_open_read(&store, directory, err))
		return false;
	report.db = store.db;
	page_setup(&report, choices->color);
	good = strcmp(choices->format, "json") ? render_text(&report) : render_json(&report);
	report_close(&report);
	store_close(&store);
	return good && view_flush(err);
}

int view_command(const struct view *view, int argc, char **argv)
{
	struct choices choices;
	struct error err = {0};
	char *directory = NULL;
	bool good;

	if (!parse(view, argc, argv, &choices, &err))
		return error_print(&err);
	if (choices.help) {
		print_help(view);
		return EXIT_FINE;
	}
	good = view_find_run(choices.run, &directory, &err) && render(view, &choices, directory, &err);
	free(directory);
	return good ? EXIT_FINE : error_print(&err);
}
