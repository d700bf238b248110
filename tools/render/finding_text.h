/* A finding as plain text, for formats whose items hold a text, and its path as people name it. */
#ifndef RINGTAIL_RENDER_FINDING_TEXT_H
#define RINGTAIL_RENDER_FINDING_TEXT_H

#include "tools/query/listing.h"
#include "tools/render/report.h"

/* Its message, and below it its stacks with their labels: lines of text; malloced. */
char *finding_text(struct report *report, const struct listed *listed);

/* The path as seen from the current directory, where it is below it; else as it is. */
const char *finding_path(const char *path);

#endif
