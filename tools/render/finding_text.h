/* A finding as plain text, for formats whose items hold a text; and the path of a file as users write it. */
#ifndef RINGTAIL_RENDER_FINDING_TEXT_H
#define RINGTAIL_RENDER_FINDING_TEXT_H

#include "tools/query/listing.h"
#include "tools/render/render.h"

/* The finding's message, and below it its stacks with their labels: lines of text; malloced. */
char *finding_text(struct report *report, const struct listed *listed);

/* The path relative to the current directory, if the file is below that; else the path unchanged. */
const char *finding_path(const char *path);

#endif
