#include "tools/commands/commands.h"
#include "tools/commands/view.h"
#include "tools/html/html.h"
#include "tools/render/render.h"

int cmd_report(int argc, char **argv)
{
	static const struct format formats[] = {{"text", render_text, false},     {"json", report_json, false},
	                                        {"sarif", render_sarif, false},   {"junit", render_junit, false},
	                                        {"github", render_github, false}, {"suppressions", render_rules, false},
	                                        {"html", html_report, true},      {NULL, NULL, false}};
	static const struct view view = {
	    .command = COMMAND_report,
	    .about = "Everything that was found in a run: findings with their stacks, worst first, then heap, "
	             "threads and locks in short.",
	    .examples = "examples:\n"
	                "  ringtail report                          of the newest run here\n"
	                "  ringtail report ringtail.demo.4711       of this one\n"
	                "  ringtail report --only leak,misuse       these kinds of findings\n"
	                "  ringtail report --only deadlock:inversion\n"
	                "  ringtail report --format html -o report.html   a page for a browser\n"
	                "  ringtail report --format suppressions >> ringtail.supp\n"
	                "  ringtail report --format json | jq '.processes[].findings[].message'\n",
	    .parts = PART_FINDINGS | PART_HEAP | PART_THREADS | PART_LOCKS,
	    .formats = formats,
	};

	return view_command(&view, argc, argv);
}
