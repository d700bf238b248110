/* Tells which stacks ran in a signal handler: one of their outer frames did not call, but was interrupted. */
#ifndef RINGTAIL_ANALYSE_SIGNAL_STACKS_H
#define RINGTAIL_ANALYSE_SIGNAL_STACKS_H

#include "tools/analyse/analyse.h"

struct signal_stacks {
	const struct ring_file *ring;
	waits_fn *waits; /* NULL: no interrupted call is known to wait */
	void *waits_context;
	uint8_t *known; /* by node: an enum in signal_stacks.c */
	size_t room, limit;
};

void signal_stacks_init(struct signal_stacks *stacks, const struct ring_file *ring);
/* Calls use with each stack that was asked for, and with the stacks that it is called by. */
void signal_stacks_each(const struct signal_stacks *stacks, void (*use)(void *context, uint32_t stack), void *context);
void signal_stacks_free(struct signal_stacks *stacks);
/* True if this stack ran in a signal handler.  False too if no stack was recorded. */
bool signal_stacks_have(struct signal_stacks *stacks, uint32_t stack);
/* True if it ran in a signal handler, and only calls that wait were interrupted.  Such a handler may also call
 * functions that are forbidden to other handlers. */
bool signal_stacks_only_wait(struct signal_stacks *stacks, uint32_t stack);

#endif
