#include "tools/html/template.h"

#include <string.h>

/* The Makefile sets PAGE_FILE.  The page is included as bytes, because C compilers need not accept a string of this
 * length. */
__asm__(".pushsection .rodata\n"
        "page_begin:\n\t.incbin \"" PAGE_FILE "\"\n"
        "page_end:\n\t.byte 0\n"
        ".popsection\n");
extern const char page_begin[] __attribute__((visibility("hidden")));
extern const char page_end[] __attribute__((visibility("hidden")));

/* The marks that data replaces; src/page.html has each once, in this order. */
static const char *const marks[] = {[TEMPLATE_TO_TABLES] = "@TABLES@", [TEMPLATE_TO_RUN] = "@RUN@"};

static const char *mark(enum template_piece piece)
{
	return memmem(page_begin, (size_t)(page_end - page_begin), marks[piece], strlen(marks[piece]));
}

bool template_print(enum template_piece piece, FILE *out)
{
	if (&page_begin[0] == &page_end[0])
		return false;
	const char *begin = piece ? mark(piece - 1) + strlen(marks[piece - 1]) : page_begin;
	const char *end = piece < TEMPLATE_TO_END ? mark(piece) : page_end;

	fwrite(begin, 1, (size_t)(end - begin), out);
	return true;
}
