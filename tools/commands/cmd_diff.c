/* ringtail diff OLD NEW: what is new, gone, grown. */
#include <stdlib.h>
#include <string.h>

#include "tools/commands/commands.h"
#include "tools/commands/output.h"
#include "tools/commands/view.h"
#include "tools/diff/diff.h"
#include "tools/html/html.h"
#include "tools/render/render.h"
#include "tools/render/text/page.h"
#include "tools/store/store.h"
#include "tools/suppress/suppress.h"

/* The formats of a diff, whose report is of two runs. */
static const struct format formats[] = {
    {"text", NULL, false}, {"json", NULL, false}, {"html", NULL, true}, {NULL, NULL, false}};

static const struct view view = {
    .command = COMMAND_diff,
    .about = "Compares two runs, or two snapshots of one (ringtail-leaks(1)).  For each allocation site "
             "it shows the memory live in OLD and in NEW, most growth first; then the findings that are "
             "new, fixed and still there.  Sites are matched by the names in their stacks, findings by "
             "their ids.",
    .examples = "examples:\n"
                "  ringtail diff ringtail.server.4711/now-1.db ringtail.server.4711/now-2.db\n"
                "  ringtail diff before after --only leak,deadlock\n"
                "  ringtail diff before after --by allocated\n"
                "  ringtail diff before after --format html -o diff.html\n"
                "  ringtail diff before after --format json | jq '.findings[] | select(.change == \"new\")'\n",
    .parts = PART_FINDINGS,
    .formats = formats,
};

struct side {
	char *path;
	struct store store;
	struct report report;
};

static bool open_side(struct side *side, const char *run, const struct selection *selection, struct suppress *suppress,
                      struct error *err)
{
	return view_open_run(run, &side->path, &side->store, err) && suppress_apply(suppress, side->store.db, err) &&
	       selection_apply(selection, side->store.db, side->path, err);
}

static void close_side(struct side *side)
{
	query_close(&side->report.query);
	store_close(&side->store);
	free(side->path);
}

static enum diff_by by_of(const struct options *options)
{
	const char *by = options_text(options, OPTION_by);

	return !strcmp(by, "peak") ? DIFF_BY_PEAK : !strcmp(by, "allocated") ? DIFF_BY_ALLOCATED : DIFF_BY_LIVE;
}

static bool render(const struct format *format, const struct diff_report *compared)
{
	if (!strcmp(format->name, "json"))
		return report_diff_json(compared);
	return strcmp(format->name, "html") ? render_diff_text(compared) : html_diff(compared);
}

static bool compare(const struct options *options, struct side sides[2], FILE *out, struct suppress *suppress,
                    struct error *err)
{
	struct diff diff;
	bool good;

	for (unsigned i = DIFF_OLD; i <= DIFF_NEW; i++)
		sides[i].report = view_report(&view, options, sides[i].path, sides[i].store.db, out, suppress, err);
	good = diff_make(&diff, &sides[DIFF_OLD].report.query, &sides[DIFF_NEW].report.query, by_of(options)) &&
	       render(view_format(&view, options),
	              &(struct diff_report){&diff, {&sides[DIFF_OLD].report, &sides[DIFF_NEW].report}});
	diff_free(&diff);
	return good;
}

static bool run(const struct arguments *arguments, struct error *err)
{
	const struct options *options = &arguments->options;
	const struct selection selection = view_selection(options);
	struct suppress suppress = {0};
	struct side sides[2] = {0};
	struct output output;
	bool good = suppress_load(&suppress, options, err) &&
	            open_side(&sides[DIFF_OLD], arguments->operands[DIFF_OLD], &selection, &suppress, err) &&
	            open_side(&sides[DIFF_NEW], arguments->operands[DIFF_NEW], &selection, &suppress, err) &&
	            output_open(&output, options_text(options, OPTION_file), view_output_kind(&view, options), err);

	if (good)
		good = output_close(&output, compare(options, sides, output.stream, &suppress, err), err);
	close_side(&sides[DIFF_OLD]);
	close_side(&sides[DIFF_NEW]);
	suppress_free(&suppress);
	return good;
}

int cmd_diff(int argc, char **argv)
{
	struct arguments arguments;
	struct error err = {0};
	bool helped = false;
	bool good = view_parse(&view, argc, argv, &arguments, &helped, &err) && (helped || run(&arguments, &err));

	options_free(&arguments.options);
	return good ? EXIT_FINE : error_print(&err);
}
