/* The page without the data of a run.  The Makefile makes it from tools/html/src, and links it into the tool. */
#ifndef RINGTAIL_HTML_TEMPLATE_H
#define RINGTAIL_HTML_TEMPLATE_H

#include <stdbool.h>
#include <stdio.h>

/* The pieces of the page, named after the part that follows them. */
enum template_piece { TEMPLATE_TO_TABLES, TEMPLATE_TO_RUN, TEMPLATE_TO_END };

/* False, and prints nothing, if the tool was built without the page. */
bool template_print(enum template_piece piece, FILE *out);

#endif
