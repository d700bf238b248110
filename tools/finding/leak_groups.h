/* What a scan found: live blocks by allocation stack, class and owner. */
#ifndef RINGTAIL_ANALYSE_LEAK_GROUPS_H
#define RINGTAIL_ANALYSE_LEAK_GROUPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum leak_class { LEAK_DEFINITE, LEAK_INDIRECT, LEAK_POSSIBLE, LEAK_REACHABLE, LEAK_CLASSES };

#define LEAK_WHY_BYTES 320

struct leak_group {
	enum leak_class class;
	uint32_t stack;       /* that allocated the blocks */
	uint32_t owner_stack; /* LEAK_INDIRECT: that allocated the blocks by which these are kept */
	uint64_t blocks, bytes;
};

struct leak_scan {
	bool tried, done;
	char why_not[LEAK_WHY_BYTES]; /* not done: one sentence with what helps */
	uint64_t pause_ns, whole_ns;  /* how long the program was stopped, and how long all took */
	uint64_t unread;              /* bytes of its memory that could not be read: what they point to seems lost */
	struct leak_group *groups;
	size_t count, room;
};

void leak_scan_free(struct leak_scan *scan);

#endif
