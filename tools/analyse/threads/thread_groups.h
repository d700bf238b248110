/*
 * Groups of threads.  Threads with one name form a group; so do threads without a name that were made at one place in
 * the code.  The number of groups stays small however many threads come and go, so that counts can be kept for each
 * group.
 */
#ifndef RINGTAIL_ANALYSE_THREAD_GROUPS_H
#define RINGTAIL_ANALYSE_THREAD_GROUPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/base/u64_map.h"

struct thread_group {
	char name[17];          /* "": its threads have no name */
	bool main;              /* the main thread, as long as it has no name */
	uint32_t created_stack; /* where its threads were made, if they have no name; RT_STACK_NONE: not known */
};

struct group_entry;
struct thread_groups { /* zeroed: empty */
	struct thread_group *items;
	size_t count, room;
	struct group_entry *entries;
};

void thread_groups_free(struct thread_groups *groups);
/* Index + 1 of the group, which is made if it is new.  For a thread with a name, the last two arguments are ignored. */
uint32_t thread_groups_get(struct thread_groups *groups, const char *name, bool main, uint32_t created_stack);

#endif
