/* The page without a run: made of tools/page/src by the Makefile, and part of the tool. */
#ifndef RINGTAIL_PAGE_TEMPLATE_H
#define RINGTAIL_PAGE_TEMPLATE_H

#include <stddef.h>

struct template_part {
	const char *text;
	size_t bytes;
};

/* What stands before and after the run's data.  Both are empty where the tool was built without the page. */
struct template_part template_before(void);
struct template_part template_after(void);

#endif
