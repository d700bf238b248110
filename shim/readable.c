#include "shim/readable.h"

#include <string.h>

#include "shim/sys.h"

#define PAGE        4096u       /* larger pages are asked for in parts */
#define STRING_MOST (32 * PAGE) /* the longest string that the kernel takes: MAX_ARG_STRLEN */

/* The page that was found readable last, so that neighbouring strings need one system call. */
struct known {
	uintptr_t page; /* its address | 1; 0: none yet */
};

static bool may_read(struct known *known, const void *at)
{
	uintptr_t page = (uintptr_t)at & ~(uintptr_t)(PAGE - 1);
	if (known->page == (page | 1))
		return true;
	if (sys_restricted || !sys_readable(page))
		return false;
	known->page = page | 1;
	return true;
}

static bool may_read_string(struct known *known, const char *string)
{
	const char *end = string + STRING_MOST;
	while (string < end && may_read(known, string)) {
		size_t in_page = PAGE - ((uintptr_t)string & (PAGE - 1));
		if (strnlen(string, in_page) < in_page)
			return true;
		string += in_page;
	}
	return false;
}

bool readable_string(const char *string)
{
	struct known known = {0};
	return may_read_string(&known, string);
}

bool readable_strings(char *const *strings, size_t most, size_t *count)
{
	struct known list = {0}, text = {0};
	*count = 0;
	if (!strings)
		return true;
	for (; *count <= most; ++*count) {
		const char *entry = (const char *)(strings + *count);
		/* the pointer's last byte may lie in another page */
		if (!may_read(&list, entry) || !may_read(&list, entry + sizeof *strings - 1))
			return false;
		if (!strings[*count])
			return true;
		if (!may_read_string(&text, strings[*count]))
			return false;
	}
	return false;
}
