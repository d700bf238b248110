#include "tools/base/strings.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "tools/base/memory.h"

struct string_entry {
	uint32_t number;
	UT_hash_handle hh;
	char text[];
};

void strings_init(struct strings *strings)
{
	*strings = (struct strings){0};
	strings_put(strings, "");
}

void strings_free(struct strings *strings)
{
	struct string_entry *entry, *next;

	HASH_ITER(hh, strings->entries, entry, next)
	{
		HASH_DEL(strings->entries, entry);
		free(entry);
	}
	free(strings->items);
	*strings = (struct strings){0};
}

uint32_t strings_put(struct strings *strings, const char *text)
{
	size_t bytes = text ? strlen(text) : 0;
	struct string_entry *entry;

	if (!bytes && strings->count)
		return 0;
	HASH_FIND(hh, strings->entries, text ? text : "", bytes, entry);
	if (entry)
		return entry->number;
	entry = memory_zeroed(1, sizeof *entry + bytes + 1);
	if (bytes)
		memcpy(entry->text, text, bytes);
	entry->number = (uint32_t)strings->count;
	HASH_ADD_KEYPTR(hh, strings->entries, entry->text, bytes, entry);
	GROW(strings->items, strings->room, strings->count + 1);
	strings->items[strings->count++] = entry->text;
	return entry->number;
}
