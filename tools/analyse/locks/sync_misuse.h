/* Wrong calls on threads and synchronisation objects.  Each combination of stacks is kept once. */
#ifndef RINGTAIL_ANALYSE_SYNC_MISUSE_H
#define RINGTAIL_ANALYSE_SYNC_MISUSE_H

#include <uthash.h>

#include "tools/base/u64_map.h"
#include "tools/finding/findings.h"

#define MISUSE_STACKS 3

struct misuse_stack {
	const char *label; /* static; NULL: none */
	uint32_t thread, stack;
	uint64_t stamp;
};

struct sync_misuse {
	enum finding_class class;     /* FINDING_NONE: there is no misuse */
	const char *message;          /* static */
	bool information;             /* no reason to act */
	struct finding_object object; /* kind RT_KIND_NONE: none */
	struct misuse_stack stacks[MISUSE_STACKS];
};

struct misuse_note;

struct sync_misuses { /* zeroed: empty */
	struct misuse_note *notes;
	bool uncertain; /* events are missing: no further misuse is noted */
};

void sync_misuses_free(struct sync_misuses *misuses);
void sync_misuse_note(struct sync_misuses *misuses, const struct sync_misuse *misuse);
/* hangs: the waits of realised deadlocks (deadlock_note_waits).  A misuse that says no more than that such a wait never
 * ends is left out. */
void sync_misuse_report(const struct sync_misuses *misuses, const struct u64_map *hangs, struct finding_list *findings);

#endif
