#include "shim/stack.h"

#include <string.h>

#include "shim/atomics.h"
#include "shim/options.h"
#include "shim/process.h"
#include "shim/thread.h"
#include "shim/unwind.h"

#ifdef RINGTAIL_CHECK_STACKS
#include "tests/differential/stack_check.h"
#endif

#define NESTED_DEPTH 64u /* frames shown of a stack inside a hook inside a signal handler */

static size_t array_bytes(uint32_t depth)
{
	return depth * (sizeof(struct stack_frame) + sizeof(struct stack_fresh) + 3 * sizeof(struct stack_check));
}

size_t stack_state_bytes(uint32_t depth) { return sizeof(struct stack_state) + array_bytes(depth); }

void stack_state_start(struct stack_state *state, uint32_t depth)
{
	state->depth = depth;
	state->count = 0;
	state->pcs_size = (struct stack_cache_size){STACK_CACHE_BITS_FIRST, STACK_PC_CACHE_BITS, 0};
	state->nodes_size = (struct stack_cache_size){STACK_CACHE_BITS_FIRST, STACK_NODE_CACHE_BITS, 0};
	state->frames = (struct stack_frame *)state->arrays;
	state->fresh = (struct stack_fresh *)(state->frames + depth);
	state->checks = (struct stack_check *)(state->fresh + depth);
}

void stack_state_bounds(struct stack_state *state, uintptr_t low, uintptr_t high)
{
	state->low = low;
	state->high = high;
	state->count = 0;
}

/* ---- caches ---------------------------------------------------------------- */

static inline unsigned cache_slot(const struct stack_cache_size *size, uint64_t key)
{
	return (unsigned)(key * UINT64_C(0x9e3779b97f4a7c15) >> (64 - size->bits));
}

static inline void cache_missed(struct stack_cache_size *size)
{
	if (++size->misses >> size->bits && size->bits < size->most) {
		size->bits++;
		size->misses = 0;
	}
}

static __attribute__((noinline)) struct stack_pc add_pc(struct stack_state *state, uintptr_t pc)
{
	struct stack_pc found = stack_table_pc(pc, false);
	if (!found.id)
		return found;
	cache_missed(&state->pcs_size);
	struct stack_pc_entry *entry = &state->pcs[cache_slot(&state->pcs_size, pc)];
	entry->pc = 0;
	signal_fence();
	entry->found = found;
	signal_fence();
	entry->pc = pc;
	return found;
}

static inline struct stack_pc find_pc(struct stack_state *state, uintptr_t pc)
{
	const struct stack_pc_entry *entry = &state->pcs[cache_slot(&state->pcs_size, pc)];
	return likely(entry->pc == pc) ? entry->found : add_pc(state, pc);
}

static __attribute__((noinline)) uint32_t add_node(struct stack_state *state, uint32_t parent, uint32_t pc_id)
{
	uint64_t key = (uint64_t)parent << 32 | pc_id;
	uint32_t node = parent ? stack_table_node(parent, pc_id) : 0;
	if (!node)
		return 0;
	cache_missed(&state->nodes_size);
	struct stack_node_entry *entry = &state->nodes[cache_slot(&state->nodes_size, key)];
	entry->key = 0;
	signal_fence();
	entry->node = node;
	signal_fence();
	entry->key = key;
	return node;
}

static inline uint32_t find_node(struct stack_state *state, uint32_t parent, uint32_t pc_id)
{
	uint64_t key = (uint64_t)parent << 32 | pc_id;
	const struct stack_node_entry *entry = &state->nodes[cache_slot(&state->nodes_size, key)];
	return likely(entry->key == key) ? entry->node : add_node(state, parent, pc_id);
}

static void forget_unloaded(struct stack_state *state, uint32_t unloads)
{
	state->count = 0;
	memset(state->pcs, 0, sizeof *state->pcs << state->pcs_size.bits);
	memset(state->nodes, 0, sizeof *state->nodes << state->nodes_size.bits);
	state->unloads = unloads;
}

/* ---- without memo ------------------------------------------------------------ */

static uint32_t intern_frames(const struct unwound_frame *frames, unsigned count, uint32_t root)
{
	uint32_t node = root;
	while (count-- && node)
		node = stack_table_node(node, stack_table_pc(frames[count].pc, frames[count].exact).id);
	return node;
}

/* Small frames for small stacks: hooks also run on alternate stacks of a few kilobytes. */
static __attribute__((noinline)) uint32_t capture_nested(struct stack_state *state, const struct caller *caller)
{
	struct unwound_frame frames[NESTED_DEPTH];
	uint32_t root;
	unsigned most = state->depth < NESTED_DEPTH ? state->depth : NESTED_DEPTH;
	unsigned count = unwind_full(caller->sp, state->low, state->high, frames, most, &root);
	return intern_frames(frames, count, root);
}

/* Any stack, any rule; the thread's scratch has room for all frames. */
static __attribute__((noinline)) uint32_t capture_full(struct stack_state *state, const struct caller *caller)
{
	struct unwound_frame *frames = (struct unwound_frame *)state->fresh;
	uint32_t root;
	state->count = 0;
	unsigned count = unwind_full(caller->sp, state->low, state->high, frames, state->depth, &root);
	return intern_frames(frames, count, root);
}

static uint32_t capture_caller_nested(const struct caller *caller)
{
	return stack_table_node(RT_ROOT_DEPTH, stack_table_pc(caller->pc, false).id);
}

static uint32_t capture_caller(struct stack_state *state, const struct caller *caller)
{
	return find_node(state, RT_ROOT_DEPTH, find_pc(state, caller->pc).id);
}

/* ---- with memo ----------------------------------------------------------------- */

#if defined(__x86_64__)

static inline bool check_holds(const struct stack_check *check) { return *(const uintptr_t *)check->at == check->value; }

static inline uintptr_t check_difference(const struct stack_check *check)
{
	return *(const uintptr_t *)check->at ^ check->value;
}

/* Whether the first n checked slots still hold what they held.  Inner frames change first: from the end. */
static inline bool checks_hold(const struct stack_check *checks, uint32_t n)
{
	const struct stack_check *check = checks + n;
	for (; check - checks >= 4; check -= 4)
		if (check_difference(check - 1) | check_difference(check - 2) | check_difference(check - 3) |
		    check_difference(check - 4))
			return false;
	while (check-- > checks)
		if (!check_holds(check))
			return false;
	return true;
}

static inline bool is_state(const struct stack_frame *frame, uintptr_t pc, uintptr_t sp, uintptr_t bp)
{
	return frame->pc == pc && frame->sp == sp && (frame->bp == bp || !frame->bp_matters);
}

/* Drops what the walk has passed; true when its state is now that of the memo's innermost frame and the rest holds. */
static inline bool meets_memo(struct stack_state *state, uintptr_t pc, uintptr_t sp, uintptr_t bp)
{
	while (state->count && state->frames[state->count - 1].sp < sp)
		state->count--;
	if (!state->count)
		return false;
	const struct stack_frame *top = &state->frames[state->count - 1];
	if (top->sp != sp)
		return false;
	if (is_state(top, pc, sp, bp) && checks_hold(state->checks, top->checks))
		return true;
	state->count--;
	return false;
}

/* Where a walk stands, and what the last step read to get there. */
struct walk {
	uintptr_t pc, sp, bp;
	uintptr_t end_slot; /* the walk ended by a null return address: read here */
	uint32_t root;
};

enum step { STEP_ON, STEP_END, STEP_FULL_ENGINE };

static inline enum step end_walk(struct walk *walk, uint32_t root)
{
	walk->root = root;
	return STEP_END;
}

/* A slot that may be read: on the thread's own stack, from the frame's stack pointer outwards. */
static inline bool readable(const struct stack_state *state, const struct walk *walk, uintptr_t slot)
{
	return slot >= walk->sp && slot < state->high && slot % 8 == 0;
}

/* gcc's over-aligned frames: the CFA is saved below bp, and the caller's bp at it. */
static enum step step_aligned(const struct stack_state *state, struct walk *walk, struct stack_fresh *frame)
{
	uintptr_t slot = walk->bp - unwind_offset(frame->rule);
	if (!readable(state, walk, slot) || !readable(state, walk, walk->bp))
		return STEP_FULL_ENGINE;
	uintptr_t cfa = *(const uintptr_t *)slot;
	if (cfa <= walk->sp || cfa > state->high || cfa % 8)
		return STEP_FULL_ENGINE;
	frame->cfa_saved_at = slot;
	frame->bp_saved_at = walk->bp;
	walk->bp = *(const uintptr_t *)walk->bp;
	walk->pc = *(const uintptr_t *)(cfa - 8);
	walk->sp = cfa;
	return walk->pc ? STEP_ON : STEP_FULL_ENGINE;
}

/* From the frame where the walk stands to its caller's. */
static inline enum step step(const struct stack_state *state, struct walk *walk, struct stack_fresh *frame)
{
	uintptr_t cfa;
	switch (unwind_kind(frame->rule)) {
	case UNWIND_SP: cfa = walk->sp + unwind_offset(frame->rule); break;
	case UNWIND_BP: cfa = walk->bp + unwind_offset(frame->rule); break;
	case UNWIND_BP_DEREF: return step_aligned(state, walk, frame);
	case UNWIND_COMPLEX: return STEP_FULL_ENGINE;
	case UNWIND_END: return end_walk(walk, RT_ROOT_COMPLETE);
	default: return end_walk(walk, RT_ROOT_TRUNCATED);
	}
	if (unlikely(cfa <= walk->sp || cfa > state->high || cfa % 8))
		return STEP_FULL_ENGINE; /* it reads with care, and says what this is */
	uintptr_t bp_offset = unwind_bp_offset(frame->rule);
	if (bp_offset) {
		frame->bp_saved_at = cfa - bp_offset;
		if (unlikely(!readable(state, walk, frame->bp_saved_at)))
			return STEP_FULL_ENGINE;
		walk->bp = *(const uintptr_t *)frame->bp_saved_at;
	}
	walk->pc = *(const uintptr_t *)(cfa - 8);
	walk->sp = cfa;
	if (unlikely(!walk->pc)) {
		walk->end_slot = cfa - 8;
		return end_walk(walk, RT_ROOT_COMPLETE);
	}
	return STEP_ON;
}

static inline bool uses_bp(stack_rule rule)
{
	enum unwind_kind kind = unwind_kind(rule);
	return kind == UNWIND_BP || kind == UNWIND_BP_DEREF;
}

static inline uint32_t next_serial(struct stack_state *state)
{
	state->serial += 1 + (state->serial == UINT32_MAX);
	return state->serial;
}

/* The first frame of a memo: what it depends on is how the stack ends. */
static void remember_outermost(struct stack_state *state, const struct stack_fresh *fresh, const struct walk *walk)
{
	struct stack_frame *frame = &state->frames[0];
	*frame = (struct stack_frame){fresh->pc, fresh->sp, fresh->bp, 0, 0, next_serial(state), uses_bp(fresh->rule)};
	if (walk->end_slot)
		state->checks[frame->checks++] = (struct stack_check){walk->end_slot, 0};
	frame->node = fresh->rule & UNWIND_SHIM ? walk->root : find_node(state, walk->root, fresh->pc_id);
}

/* Adds a frame called by the memo's innermost.  To reach that one from here, its return address was read, its bp
 * where this frame had saved it, and its sp where that was saved. */
static inline void remember(struct stack_state *state, const struct stack_fresh *fresh)
{
	const struct stack_frame *outer = &state->frames[state->count - 1];
	struct stack_frame *frame = &state->frames[state->count];
	uint32_t checks = outer->checks;

	state->checks[checks++] = (struct stack_check){outer->sp - 8, outer->pc};
	if (outer->bp_matters && fresh->bp_saved_at)
		state->checks[checks++] = (struct stack_check){fresh->bp_saved_at, outer->bp};
	if (unlikely(fresh->cfa_saved_at))
		state->checks[checks++] = (struct stack_check){fresh->cfa_saved_at, outer->sp};
	frame->pc = fresh->pc;
	frame->sp = fresh->sp;
	frame->bp = fresh->bp;
	frame->checks = checks;
	frame->serial = next_serial(state);
	frame->bp_matters = uses_bp(fresh->rule) || (!fresh->bp_saved_at && outer->bp_matters);
	frame->node = fresh->rule & UNWIND_SHIM ? outer->node : find_node(state, outer->node, fresh->pc_id);
	signal_fence();
	state->count++;
}

enum walked { WALK_DONE, WALK_AGAIN, WALK_FULL_ENGINE };

static inline enum step walk_frame(struct stack_state *state, struct walk *walk, struct stack_fresh *frame)
{
	struct stack_pc found = find_pc(state, walk->pc);
	*frame = (struct stack_fresh){walk->pc, walk->sp, walk->bp, 0, 0, found.id, found.rule};
	return step(state, walk, frame);
}

static inline struct stack_leaf *leaf_of(struct stack_state *state, uintptr_t pc)
{
	return &state->leaves[(pc ^ pc >> 4) % STACK_LEAVES];
}

/* The stack of an innermost frame, whose callers are the memo's now; kept for the next time. */
static inline uint32_t add_leaf(struct stack_state *state, const struct stack_fresh *fresh)
{
	const struct stack_frame *outer = &state->frames[state->count - 1];
	struct stack_leaf *leaf = leaf_of(state, fresh->pc);
	uint32_t node = fresh->rule & UNWIND_SHIM ? outer->node : find_node(state, outer->node, fresh->pc_id);

	leaf->outer = 0;
	if (unlikely(fresh->cfa_saved_at))
		return node;
	signal_fence();
	leaf->pc = fresh->pc;
	leaf->sp = fresh->sp;
	leaf->bp = fresh->bp;
	leaf->node = node;
	leaf->bp_check = (struct stack_check){outer->bp_matters ? fresh->bp_saved_at : 0, outer->bp};
	leaf->bp_matters = uses_bp(fresh->rule) || (!fresh->bp_saved_at && outer->bp_matters);
	signal_fence();
	leaf->outer = outer->serial;
	return node;
}

/* Walks until the memo is met or the stack ends, then brings the memo up to date. */
static enum walked walk_stack(struct stack_state *state, const struct caller *caller, uint32_t *node)
{
	struct walk walk = {caller->pc, caller->sp, caller->bp, 0, RT_ROOT_DEPTH};
	uint32_t fresh_count = 1;
	enum step next = walk_frame(state, &walk, &state->fresh[0]);

	while (next == STEP_ON && !meets_memo(state, walk.pc, walk.sp, walk.bp)) {
		if (fresh_count == state->depth)
			break;
		next = walk_frame(state, &walk, &state->fresh[fresh_count++]);
	}
	if (unlikely(next == STEP_FULL_ENGINE))
		return WALK_FULL_ENGINE;
	bool met = state->count != 0 && next == STEP_ON && fresh_count + state->count <= state->depth &&
	           (state->root != RT_ROOT_DEPTH || fresh_count + state->count == state->depth);
	if (!met && state->count) { /* the depth limit cuts elsewhere now: every node differs */
		state->count = 0;
		return WALK_AGAIN;
	}
	if (!met && fresh_count == 1) {
		*node = find_node(state, walk.root, state->fresh[0].pc_id);
		return WALK_DONE;
	}
	if (!met) {
		state->root = walk.root;
		remember_outermost(state, &state->fresh[--fresh_count], &walk);
		signal_fence();
		state->count = 1;
	}
	while (fresh_count > 1)
		remember(state, &state->fresh[--fresh_count]);
	*node = add_leaf(state, &state->fresh[0]);
	return WALK_DONE;
}

/* The caller was here before, called from where the memo ends, and nothing has changed since. */
static inline const struct stack_leaf *familiar(struct stack_state *state, const struct caller *caller)
{
	if (unlikely(!state->count))
		return NULL;
	const struct stack_leaf *leaf = leaf_of(state, caller->pc);
	const struct stack_frame *outer = &state->frames[state->count - 1];

	if (leaf->outer != outer->serial || leaf->pc != caller->pc || leaf->sp != caller->sp ||
	    (leaf->bp_matters && leaf->bp != caller->bp))
		return NULL;
	if (*(const uintptr_t *)(outer->sp - 8) != outer->pc || (leaf->bp_check.at && !check_holds(&leaf->bp_check)))
		return NULL;
	return checks_hold(state->checks, outer->checks) ? leaf : NULL;
}

static inline uint32_t capture_own_stack(struct stack_state *state, const struct caller *caller)
{
	const struct stack_leaf *leaf = familiar(state, caller);
	uint32_t node;

	if (likely(leaf != NULL))
		return leaf->node;
	enum walked walked = walk_stack(state, caller, &node);
	if (unlikely(walked == WALK_AGAIN))
		walked = walk_stack(state, caller, &node);
	return likely(walked == WALK_DONE) ? node : capture_full(state, caller);
}

#else /* the full engine serves, for now */

static inline uint32_t capture_own_stack(struct stack_state *state, const struct caller *caller)
{
	return capture_full(state, caller);
}

#endif

static inline uint32_t capture(struct stack_state *state, unsigned lane, const struct caller *caller)
{
	if (unlikely(options.stacks == RT_STACKS_NONE))
		return RT_STACK_NONE;
	bool caller_only = options.stacks == RT_STACKS_CALLER;
	if (unlikely(lane))
		return caller_only ? capture_caller_nested(caller) : capture_nested(state, caller);
	uint32_t unloads = load_acquire(&process->unloads);
	if (unlikely(state->unloads != unloads))
		forget_unloaded(state, unloads);
	if (unlikely(caller_only))
		return capture_caller(state, caller);
	if (unlikely(caller->sp < state->low || caller->sp >= state->high))
		return capture_full(state, caller); /* an alternate stack, or a coroutine's */
	return capture_own_stack(state, caller);
}

uint32_t stack_capture(struct stack_state *state, unsigned lane, const struct caller *caller)
{
	uint32_t node = capture(state, lane, caller);
#ifdef RINGTAIL_CHECK_STACKS /* a build of the tests': compares with other unwinders */
	stack_check(state, lane, caller, node);
#endif
	return node;
}
