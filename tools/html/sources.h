/*
 * Lines of source code for the page: those that findings' stacks lead through, with some around them, where
 * the files are still here and are as old as the program.
 */
#ifndef RINGTAIL_PAGE_SOURCES_H
#define RINGTAIL_PAGE_SOURCES_H

#include <stdio.h>

#include "tools/query/query.h"

/*
 * An object of JSON to out: {"/a/file.c": {"changed": false, "lines": {"12": "text", ...}}, ...}.
 * changed: the file is newer than what was made of it, and none of it is shown.
 */
void sources_print(struct query *query, FILE *out);

#endif
