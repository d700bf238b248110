/* The page that text reports are written on: its width, its colours, its paragraphs. */
#ifndef RINGTAIL_RENDER_PAGE_H
#define RINGTAIL_RENDER_PAGE_H

#include "tools/query/frames.h"
#include "tools/render/report.h"

enum paint { PAINT_PLAIN, PAINT_TITLE, PAINT_BAD, PAINT_WARN, PAINT_GOOD, PAINT_DIM };

/* Formats in a colour. */
void page_paint(struct report *report, enum paint paint, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void page_print(struct report *report, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Text from outside, without what a terminal would obey. */
void page_text(struct report *report, const char *text);
/* A paragraph, broken at spaces to the page's width, with every line indented. */
void page_paragraph(struct report *report, unsigned indent, const char *text);
/* "  name      value" */
void page_field(struct report *report, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void page_heading(struct report *report, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A bar of at most width columns, one for anything above nothing. */
void page_bar(struct report *report, uint64_t part, uint64_t whole, unsigned width);

/* A stack, one line a frame. */
void page_stack(struct report *report, unsigned indent, const struct frames *frames);
/* The same from its id; a line that says so where there is none. */
void page_stack_id(struct report *report, unsigned indent, int64_t process, int64_t stack);
/* "function (file:line)" of the first frame that is not the C or C++ library's, in at most width columns. */
void page_place(struct report *report, int64_t process, int64_t stack, unsigned width);

/* Columns and colour of stdout: choice is always, never or auto. */
bool page_setup(struct report *report, const char *choice);

#endif
