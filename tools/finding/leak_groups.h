/* The result of a leak scan: live blocks, grouped by allocation stack, class and owner. */
#ifndef RINGTAIL_FINDING_LEAK_GROUPS_H
#define RINGTAIL_FINDING_LEAK_GROUPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum leak_class { LEAK_DEFINITE, LEAK_INDIRECT, LEAK_POSSIBLE, LEAK_REACHABLE, LEAK_CLASSES };

#define LEAK_WHY_BYTES 320

struct leak_group {
	enum leak_class class;
	uint32_t stack;       /* where the blocks were allocated */
	uint32_t owner_stack; /* LEAK_INDIRECT: where the lost blocks were allocated that lead to these */
	uint64_t blocks, bytes;
	uint64_t held_blocks; /* LEAK_REACHABLE: those to which pointers lead only held_at bytes behind their start */
	uint64_t held_at;
	bool unproven; /* a missing event may have freed the blocks, or may show what leads to them */
	/* LEAK_DEFINITE: how many have pointers to starts that lead back to them, from blocks that were lost with them
	 */
	uint64_t cycle_blocks;
};

struct leak_scan {
	bool tried, done;
	char why_not[LEAK_WHY_BYTES]; /* if not done: one sentence, why and what helps */
	uint64_t pause_ns, whole_ns;  /* how long the program was stopped; how long the whole scan took */
	uint64_t unread;              /* bytes of memory that could not be read: blocks that they point to look lost */
	struct leak_group *groups;
	size_t count, room;
};

void leak_scan_free(struct leak_scan *scan);

#endif
