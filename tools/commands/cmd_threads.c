#include "tools/commands/commands.h"
#include "tools/commands/view.h"

int cmd_threads(int argc, char **argv)
{
	static const struct view view = {
	    .command = COMMAND_threads,
	    .about = "Every thread: which thread made it and where, how long it lived, and what became of it: "
	             "joined, detached, never joined, still running, or blocked.  For a blocked thread: on what, "
	             "and which threads could end the wait.  Then the places that make more and more threads.",
	    .examples = "examples:\n"
	                "  ringtail threads                   of the newest run here\n"
	                "  ringtail threads --limit 0         however many there are\n"
	                "  ringtail threads --format json | jq '.processes[].threads[] | "
	                "select(.state_at_end==\"blocked\")'\n",
	    .parts = PART_THREADS | PART_DETAIL,
	    .formats = view_formats,
	};

	return view_command(&view, argc, argv);
}
