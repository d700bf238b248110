/* Layout of text reports: width, colours, headings, paragraphs, stacks. */
#ifndef RINGTAIL_RENDER_PAGE_H
#define RINGTAIL_RENDER_PAGE_H

#include "tools/query/frames.h"
#include "tools/render/render.h"

enum paint { PAINT_PLAIN, PAINT_TITLE, PAINT_BAD, PAINT_WARN, PAINT_GOOD, PAINT_DIM };

/* Prints in a colour. */
void page_paint(struct report *report, enum paint paint, const char *format, ...) __attribute__((format(printf, 3, 4)));
void page_print(struct report *report, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Prints text from outside of ringtail, without the control characters that a terminal would obey. */
void page_text(struct report *report, const char *text);
/* Prints a paragraph, broken at spaces to the report's width, with every line indented. */
void page_paragraph(struct report *report, unsigned indent, const char *text);
#define PAGE_VALUE_AT 14 /* columns in front of the value of a field */
/* "  name      value": a value that is wider than the page goes on below itself. */
void page_field(struct report *report, const char *name, const char *format, ...) __attribute__((format(printf, 3, 4)));
void page_heading(struct report *report, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Prints a bar of at most width columns; at least one column if part is not 0. */
void page_bar(struct report *report, uint64_t part, uint64_t whole, unsigned width);

/* Prints a stack, one line for each frame. */
void page_stack(struct report *report, unsigned indent, const struct frames *frames);
/* The same from a stack's id.  Without a stack, a line says so. */
void page_stack_id(struct report *report, unsigned indent, int64_t process, int64_t stack);
/* "function (file:line)", or "xmalloc < function (file:line)": the place of the stack (query/where.h), in at most width
 * columns. */
void page_place(struct report *report, int64_t process, int64_t stack, unsigned width);
/* The same as text; malloced, NULL if memory is short. */
char *page_place_text(struct report *report, int64_t process, int64_t stack, unsigned width);

struct page_stack_at {
	int64_t process, stack;
};
/* The places of two stacks whose functions are in one file, which is written once: "serve, reload (service.c:30, :19)",
 * or "both in serve (service.c:30)".  Malloced; NULL: they are not in one file, or it does not fit into width columns.
 */
char *page_two_places_text(struct report *report, const struct page_stack_at at[2], unsigned width);

/* report->width of output whose lines may have any length: names in it are never shortened. */
#define PAGE_UNLIMITED 60000u
/* The columns of sentences, which are broken at spaces. */
unsigned page_prose_width(const struct report *report);

/* Sets width and colour for report->out.  choice: always, never or auto. */
bool page_setup(struct report *report, const char *choice);

#endif
