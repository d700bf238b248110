#include "tools/page/template.h"

#include <string.h>

#define MARK "@RUN@" /* where the data goes; src/page.html has it once */

/* PAGE_FILE is the Makefile's.  As bytes, since a string of this length is more than C promises to take. */
__asm__(".pushsection .rodata\n"
        "page_begin:\n\t.incbin \"" PAGE_FILE "\"\n"
        "page_end:\n\t.byte 0\n"
        ".popsection\n");
extern const char page_begin[] __attribute__((visibility("hidden")));
extern const char page_end[] __attribute__((visibility("hidden")));

static const char *mark(void) { return memmem(page_begin, (size_t)(page_end - page_begin), MARK, strlen(MARK)); }

struct template_part template_before(void)
{
	const char *end = mark();

	return (struct template_part){page_begin, end ? (size_t)(end - page_begin) : 0};
}

struct template_part template_after(void)
{
	const char *begin = mark();

	if (!begin)
		return (struct template_part){page_end, 0};
	begin += strlen(MARK);
	return (struct template_part){begin, (size_t)(page_end - begin)};
}
