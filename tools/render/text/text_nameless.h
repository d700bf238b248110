/* What brings names to functions that have none in a report. */
#ifndef RINGTAIL_RENDER_TEXT_NAMELESS_H
#define RINGTAIL_RENDER_TEXT_NAMELESS_H

#include "tools/render/text/page.h"

#define NAMELESS_FILES 32

struct nameless_files { /* the first files of a report that have no names; each once */
	const char *paths[NAMELESS_FILES];
	size_t count;
};

void nameless_files_add(struct nameless_files *files, const char *path);
/* Says once which files have no names, and which command brings them.  Prints nothing if there are no such files. */
void text_nameless(struct report *report, struct nameless_files files);

#endif
