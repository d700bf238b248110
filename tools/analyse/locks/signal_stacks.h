/* Which stacks belong to signal handlers: somewhere out from there a frame was interrupted instead of
 * calling. */
#ifndef RINGTAIL_ANALYSE_SIGNAL_STACKS_H
#define RINGTAIL_ANALYSE_SIGNAL_STACKS_H

#include "tools/analyse/analyse.h"

struct signal_stacks {
	const struct ring_file *ring;
	waits_fn *waits; /* NULL: not known of any */
	void *waits_context;
	uint8_t *known; /* of each node: enum in signal_stacks.c */
	size_t room, limit;
};

void signal_stacks_init(struct signal_stacks *stacks, const struct ring_file *ring);
void signal_stacks_free(struct signal_stacks *stacks);
/* Whether code of this stack ran in a signal handler; false too where no stack was recorded. */
bool signal_stacks_have(struct signal_stacks *stacks, uint32_t stack);
/* Whether it did, and nothing was interrupted but calls that wait: what runs there may call what handlers may
 * not otherwise. */
bool signal_stacks_only_wait(struct signal_stacks *stacks, uint32_t stack);

#endif
