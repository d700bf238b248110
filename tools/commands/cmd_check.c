#include "tools/commands/commands.h"
#include "tools/commands/gate.h"
#include "tools/commands/view.h"
#include "tools/render/render.h"

int cmd_check(int argc, char **argv)
{
	static const struct format formats[] = {{"text", render_lines, false},    {"json", report_json, false},
	                                        {"sarif", render_sarif, false},   {"junit", render_junit, false},
	                                        {"github", render_github, false}, {NULL, NULL, false}};
	static const struct view view = {
	    .command = COMMAND_check,
	    .about = "For CI: prints one line for each finding that fails the check, and ends with 66 if there is "
	             "any.  default means leak:definite, leak:indirect, deadlock:realised, deadlock:predicted, "
	             "thread-leak:unjoined, misuse, race:free, race:libc-state and race:data.",
	    .examples = "examples:\n"
	                "  ringtail check                             the newest run here\n"
	                "  ringtail check --fail-on default,leak:possible\n"
	                "  ringtail check --suppressions ci/ringtail.supp\n"
	                "  ringtail check --baseline last-release.db  only what is new since then\n"
	                "  ringtail check --format sarif > ringtail.sarif\n",
	    .parts = PART_FINDINGS,
	    .formats = formats,
	    .judge = gate_judge,
	};

	return view_command(&view, argc, argv);
}
