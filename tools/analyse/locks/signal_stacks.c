#include "tools/analyse/locks/signal_stacks.h"

#include <stdlib.h>
#include <string.h>

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

void signal_stacks_each(const struct signal_stacks *stacks, void (*use)(void *context, uint32_t stack), void *context)
{
	for (size_t stack = RT_NODE_FIRST; stack < stacks->room; stack++)
		if (stacks->known[stack])
			use(context, (uint32_t)stack);
}

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

/* ---- cancellation ----------------------------------------------------------------------------
 *
 * pthread_cancel ends a wait by a signal.  libc's handler calls the unwinder, which calls the cleanup handlers.  What
 * these may call depends on the function that was interrupted: deferred cancellation interrupts only waits.
 * From the interrupted frame inwards, the stack has two or more frames of libc (the return from the handler, the
 * handler,
 * __pthread_unwind), then libgcc's _Unwind_ForcedUnwind, which libc loads for this purpose.  A program's handler has
 * frames of its own there, even if it is a function of libc, as exit. */

enum origin { OF_OTHERS, OF_LIBC, OF_UNWINDER };

static enum origin origin_of(const struct ring_file *ring, uint32_t pc_id)
{
	const struct rt_pc *pc = ring_file_pc(ring, pc_id);
	const struct rt_module *module = pc && pc->module ? ring_file_module(ring, pc->module - 1) : NULL;
	const char *slash = module ? strrchr(module->path, '/') : NULL;

	if (!slash)
		return OF_OTHERS;
	if (!strncmp(slash, "/libc.so.", 9) || !strncmp(slash, "/libpthread.so.", 15))
		return OF_LIBC;
	return !strncmp(slash, "/libgcc_s.so.", 13) ? OF_UNWINDER : OF_OTHERS;
}

/* True if the innermost signal handler of this stack is libc's, which cancels the thread. */
static bool is_cancellation(const struct ring_file *ring, uint32_t stack)
{
	enum origin before = OF_OTHERS; /* of the frame further in than those of libc */
	unsigned of_libc = 0;
	uint32_t parent, pc;

	for (unsigned frames = 0; frames < FRAMES_MOST && ring_file_node(ring, stack, &parent, &pc); frames++) {
		enum origin origin = origin_of(ring, pc);

		if (interrupted(ring, pc))
			return of_libc >= 2 && before == OF_UNWINDER;
		of_libc = origin == OF_LIBC ? of_libc + 1 : 0;
		if (!of_libc)
			before = origin;
		stack = parent;
	}
	return false;
}

/* ---- states ----------------------------------------------------------------------------------- */

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
	if (found >= IN_HANDLER && is_cancellation(stacks->ring, stack)) {
		know(stacks, stack, ORDINARY); /* its outer nodes may also be those of a handler */
		return ORDINARY;
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
