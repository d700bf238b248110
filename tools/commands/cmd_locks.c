#include "tools/commands/commands.h"
#include "tools/commands/view.h"

int cmd_locks(int argc, char **argv)
{
	static const struct view view = {
	    .name = "locks",
	    .about = "Every lock: how often it was taken, how often somebody had to wait for it and how "
	             "long, and the\n"
	             "stack of the longest wait; most waited for first.",
	    .examples = "examples:\n"
	                "  ringtail locks                     of the newest run here\n"
	                "  ringtail locks --limit 0           however many there are\n"
	                "  ringtail sql 'select * from v_locks where contended > 0'\n",
	    .parts = PART_LOCKS | PART_DETAIL,
	};

	return view_command(&view, argc, argv);
}
