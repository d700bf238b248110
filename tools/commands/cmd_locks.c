#include "tools/commands/commands.h"
#include "tools/commands/view.h"

int cmd_locks(int argc, char **argv)
{
	static const struct view view = {
	    .command = COMMAND_locks,
	    .about = "Locks by the place that made them, longest wait first: how often they were taken, how often "
	             "a thread had to wait and how long.  Then which threads waited for which, with both stacks, "
	             "and where locks were held longest.",
	    .examples = "examples:\n"
	                "  ringtail locks                     of the newest run here\n"
	                "  ringtail locks --limit 0           however many there are\n"
	                "  ringtail sql 'select * from v_lock_waits'\n"
	                "  ringtail sql 'select * from v_locks where contended > 0'\n",
	    .parts = PART_LOCKS | PART_DETAIL,
	    .formats = view_formats,
	};

	return view_command(&view, argc, argv);
}
