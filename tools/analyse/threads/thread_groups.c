#include "tools/analyse/threads/thread_groups.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "tools/base/memory.h"

struct group_entry {
	struct thread_group key;
	uint32_t number;
	UT_hash_handle hh;
};

void thread_groups_free(struct thread_groups *groups)
{
	struct group_entry *entry, *next;

	HASH_ITER(hh, groups->entries, entry, next)
	{
		HASH_DEL(groups->entries, entry);
		free(entry);
	}
	free(groups->items);
	*groups = (struct thread_groups){0};
}

uint32_t thread_groups_get(struct thread_groups *groups, const char *name, bool main, uint32_t created_stack)
{
	struct thread_group key;
	struct group_entry *entry;

	memset(&key, 0, sizeof key); /* the padding is hashed, too */
	strncpy(key.name, name, sizeof key.name - 1);
	key.main = main && !*name;
	key.created_stack = main || *name ? 0 : created_stack;
	HASH_FIND(hh, groups->entries, &key, sizeof key, entry);
	if (entry)
		return entry->number;
	GROW(groups->items, groups->room, groups->count + 1);
	groups->items[groups->count++] = key;
	entry = memory_zeroed(1, sizeof *entry);
	memcpy(&entry->key, &key, sizeof key);
	entry->number = (uint32_t)groups->count;
	HASH_ADD(hh, groups->entries, key, sizeof entry->key, entry);
	return entry->number;
}
