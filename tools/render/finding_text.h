/* A finding as plain text, for formats whose items hold a text; and the path of a file as users write it. */
#ifndef RINGTAIL_RENDER_FINDING_TEXT_H
#define RINGTAIL_RENDER_FINDING_TEXT_H

#include "tools/query/listing.h"
#include "tools/render/render.h"

/* The finding's message, and below it its stacks with their labels: lines of text; malloced. */
char *finding_text(struct report *report, const struct listed *listed);

/* The root of the repository in which the current directory lies: the nearest directory above with a .git; without one,
 * the current directory. */
const char *finding_root(void);
/* The path relative to that root, if the file is below it; else the path unchanged.  Services that show findings beside
 * the source know files by such paths. */
const char *finding_source(const char *path);

/* The path relative to the current directory, if the file is below that; else the path unchanged. */
const char *finding_path(const char *path);

#endif
