/*
 * What a creating thread hands over to the new one: the start routine with its argument, and the prepared state.
 *
 * The new thread may take a signal before its first instruction in the shim, and the handler may fork.  In the child
 * the state is wiped (MADV_WIPEONFORK), and the thread goes on to its start routine all the same.  So what it needs for
 * that lies in memory that a child keeps.
 */
#ifndef RINGTAIL_HANDOVER_H
#define RINGTAIL_HANDOVER_H

#include <stdbool.h>
#include <stdint.h>

#pragma GCC visibility push(hidden)

struct thread;

struct handover {
	uint32_t in_use;
	struct thread *state;
	void *(*start)(void *);
	int (*start_c11)(void *);
	void *argument;
	bool blocks_trap; /* its creator has blocked SIGTRAP: traps.h */
};

/* A place for what is handed over, empty; NULL: there is no memory.  Any thread and signal handler may call it. */
struct handover *handover_new(void);
/* Gives the place back and returns what it had. */
struct handover handover_take(struct handover *place);

#pragma GCC visibility pop

#endif
