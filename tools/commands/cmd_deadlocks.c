#include "tools/commands/commands.h"
#include "tools/commands/view.h"
#include "tools/finding/kinds.h"

int cmd_deadlocks(int argc, char **argv)
{
	static const struct view view = {
	    .command = COMMAND_deadlocks,
	    .about = "Deadlocks that happened (realised), deadlocks that could happen (predicted), and locks "
	             "taken in conflicting orders that cannot deadlock as the program ran (inversion).  Each edge "
	             "shows the thread, what it held and what it wanted, with both stacks.",
	    .examples = "examples:\n"
	                "  ringtail deadlocks                 of the newest run here, also while it hangs\n"
	                "  ringtail deadlocks --full-stacks\n"
	                "  ringtail deadlocks --format json | jq '.processes[].findings[].edges'\n",
	    .parts = PART_FINDINGS,
	    .formats = view_formats,
	    .only = KIND_NAME_DEADLOCK,
	};

	return view_command(&view, argc, argv);
}
