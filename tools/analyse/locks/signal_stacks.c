#include "tools/analyse/locks/signal_stacks.h"

#include <stdlib.h>

#include "shim/atomics.h"
#include "tools/base/memory.h"

#define FRAMES_MOST 4096 /* the most frames of a stack in an undamaged file */

enum { NOT_KNOWN, ORDINARY, IN_HANDLER, IN_HANDLER_OF_WAIT };

void signal_stacks_init(struct signal_stacks *stacks, const struct ring_file *ring)
{
	*stacks = (struct signal_stacks){.ring = ring};
	if (!ring->map)
		return;
	stacks->limit = RT_NODE_FIRST + ring->header.nodes.count;
}

void signal_stacks_free(struct signal_stacks *stacks) { free(stacks->known); }

static uint8_t known(const struct signal_stacks *stacks, uint32_t stack)
{
	return stack < stacks->room ? stacks->known[stack] : NOT_KNOWN;
}

static void know(struct signal_stacks *stacks, uint32_t stack, uint8_t state)
{
	if (stack >= stacks->room)
		stacks->known = memory_grow_zeroed(stacks->known, &stacks->room, stack + (size_t)1, stacks->limit, 1);
	stacks->known[stack] = state;
}

/* An exact address marks an interrupted frame; all other addresses are return addresses. */
static bool interrupted(const struct ring_file *ring, uint32_t pc_id)
{
	const struct rt_pc *pc = ring_file_pc(ring, pc_id);

	return pc && load_relaxed(&pc->key) & RT_PC_EXACT;
}

static uint8_t state_of(struct signal_stacks *stacks, uint32_t stack);

/* The state of a handler's stack; `at` begins with the frame that the handler interrupted.  Handlers may interrupt
 * handlers. */
static uint8_t state_of_handler(struct signal_stacks *stacks, uint32_t at, uint32_t parent)
{
	if (!stacks->waits || !stacks->waits(stacks->waits_context, at))
		return IN_HANDLER;
	return state_of(stacks, parent) == IN_HANDLER ? IN_HANDLER : IN_HANDLER_OF_WAIT;
}

/* Walks outwards to an interrupted frame, or to a node whose state is known.  All nodes from `stack` to there get that
 * state. */
static uint8_t find_out(struct signal_stacks *stacks, uint32_t stack)
{
	uint8_t found = NOT_KNOWN;
	uint32_t parent = 0, pc, at = stack;
	unsigned frames = 0;

	for (; !found && frames < FRAMES_MOST; frames++, at = parent) {
		if (at >= stacks->limit || !ring_file_node(stacks->ring, at, &parent, &pc))
			found = ORDINARY;
		else if (known(stacks, at))
			found = known(stacks, at);
		else if (interrupted(stacks->ring, pc))
			found = state_of_handler(stacks, at, parent);
	}
	for (at = stack; frames && at < stacks->limit; frames--, at = parent) {
		if (!known(stacks, at))
			know(stacks, at, found ? found : ORDINARY);
		if (!ring_file_node(stacks->ring, at, &parent, &pc))
			break;
	}
	return found;
}

static uint8_t state_of(struct signal_stacks *stacks, uint32_t stack)
{
	if (stack < RT_NODE_FIRST || stack >= stacks->limit)
		return ORDINARY;
	uint8_t state = known(stacks, stack);
	return state ? state : find_out(stacks, stack);
}

bool signal_stacks_have(struct signal_stacks *stacks, uint32_t stack) { return state_of(stacks, stack) >= IN_HANDLER; }

bool signal_stacks_only_wait(struct signal_stacks *stacks, uint32_t stack)
{
	return state_of(stacks, stack) == IN_HANDLER_OF_WAIT;
}
