/* The page without a run: made of tools/html/src by the Makefile, and part of the tool. */
#ifndef RINGTAIL_PAGE_TEMPLATE_H
#define RINGTAIL_PAGE_TEMPLATE_H

#include <stdbool.h>
#include <stdio.h>

/* Pieces of it, by what comes behind. */
enum template_piece { TEMPLATE_TO_TABLES, TEMPLATE_TO_RUN, TEMPLATE_TO_END };

/* false, and nothing is printed, where the tool was built without the page. */
bool template_print(enum template_piece piece, FILE *out);

#endif
