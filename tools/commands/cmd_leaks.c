#include "tools/commands/commands.h"
#include "tools/commands/view.h"
#include "tools/finding/kinds.h"

int cmd_leaks(int argc, char **argv)
{
	static const struct view view = {
	    .command = COMMAND_leaks,
	    .about = "Blocks that were never freed, by the stack that allocated them, most bytes first.",
	    .examples = "examples:\n"
	                "  ringtail leaks                     of the newest run here\n"
	                "  ringtail leaks --limit 0           all of them\n"
	                "  ringtail leaks --now 4711          what a running process has lost so far\n"
	                "  ringtail leaks --format json | jq '.processes[].findings[].bytes'\n",
	    .parts = PART_FINDINGS,
	    .formats = view_formats,
	    .only = KIND_NAME_LEAK,
	};

	return view_command(&view, argc, argv);
}
