#include "tools/commands/commands.h"
#include "tools/commands/view.h"

int cmd_heap(int argc, char **argv)
{
	static const struct view view = {
	    .command = COMMAND_heap,
	    .about = "Where memory went: totals, the peak and the sites that held it, the sites that allocate "
	             "most bytes and most often, blocks that are freed at once, sizes, and each thread's share.",
	    .examples = "examples:\n"
	                "  ringtail heap                      of the newest run here\n"
	                "  ringtail heap --limit 30           longer lists\n"
	                "  ringtail heap --format json | jq '.processes[].heap.sites[0]'\n"
	                "  ringtail sql 'select * from v_top_sites limit 5'\n",
	    .parts = PART_HEAP | PART_DETAIL,
	    .formats = view_formats,
	};

	return view_command(&view, argc, argv);
}
