/* A table that keeps each text once, under a number.  0 is ""; other numbers are given out in ascending order. */
#ifndef RINGTAIL_STRINGS_H
#define RINGTAIL_STRINGS_H

#include <stddef.h>
#include <stdint.h>

struct string_entry;
struct strings {
	const char **items;
	size_t count, room;
	struct string_entry *entries;
};

void strings_init(struct strings *strings);
void strings_free(struct strings *strings);
/* Returns the number of the text, which is added if it is new.  NULL counts as "".  The copy in items lives as long as
 * the table. */
uint32_t strings_put(struct strings *strings, const char *text);

#endif
