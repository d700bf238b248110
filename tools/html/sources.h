/*
 * Lines of source code for the page: the lines through which the stacks of findings lead, with some lines around them.
 * A file is shown if it exists here and is not newer than the program.
 */
#ifndef RINGTAIL_HTML_SOURCES_H
#define RINGTAIL_HTML_SOURCES_H

#include <stdio.h>

#include "tools/query/query.h"

/*
 * Prints a JSON object to out: {"/a/file.c": {"changed": false, "lines": {"12": "text", ...}}, ...}.
 * changed: the file is newer than the program that was made of it, and none of its lines are shown.
 */
void sources_print(struct query *query, FILE *out);

#endif
