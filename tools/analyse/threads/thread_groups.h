/*
 * Groups of threads: those of one name, and of those without a name those that were made at one place.  There are few of
 * them however many threads come and go, so that numbers can be kept for each.
 */
#ifndef RINGTAIL_ANALYSE_THREAD_GROUPS_H
#define RINGTAIL_ANALYSE_THREAD_GROUPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/base/u64_map.h"

struct thread_group {
	char name[17];          /* "": they have none */
	bool main;              /* the main thread, as long as it has no name */
	uint32_t created_stack; /* where threads without a name were made, RT_STACK_NONE: not known */
};

struct group_entry;
struct thread_groups { /* zeroed: empty */
	struct thread_group *items;
	size_t count, room;
	struct group_entry *entries;
};

void thread_groups_free(struct thread_groups *groups);
/* Index + 1 of the group; made where it is new.  For a thread with a name, the other two do not matter. */
uint32_t thread_groups_get(struct thread_groups *groups, const char *name, bool main, uint32_t created_stack);

#endif
