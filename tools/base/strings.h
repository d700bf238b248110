/* Each text once, under a number: 0 is "", the others are given out in turn. */
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
/* The number of text; NULL counts as "".  The copy in items lives as long as the table. */
uint32_t strings_put(struct strings *strings, const char *text);

#endif
