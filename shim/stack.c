#include "shim/stack.h"

#include <string.h>
#if defined(__x86_64__)
#include <emmintrin.h>
#endif

#include "shim/atomics.h"
#include "shim/options.h"
#include "shim/process.h"
#include "shim/thread.h"
#include "shim/unwind.h"

#define SLACK_DEPTH    64u   /* smaller limits are kept exactly */
#define NESTED_DEPTH   64u   /* frames that are recorded of a stack within a hook within a signal handler */
#define CONTEXTS_TRIAL 128u  /* failed searches for a context, after which it is judged whether contexts pay */
#define CONTEXTS_REST  4096u /* captures without contexts, if they do not pay */

static size_t array_bytes(uint32_t depth)
{
	return (depth + STACK_CONTEXT_FRAMES) * sizeof(struct stack_frame) + depth * sizeof(struct stack_fresh) +
	       (STACK_CHECKS_PAD + 3 * depth) * sizeof(struct stack_check);
}

/* Writes checks that always hold in front of the first one.  Returns the first. */
static struct stack_check *pad_checks(struct stack_check *checks)
{
	static const uintptr_t zero = 0;
	for (unsigned i = 0; i < STACK_CHECKS_PAD; i++)
		*checks++ = (struct stack_check){(uintptr_t)&zero, 0};
	return checks;
}

size_t stack_state_bytes(uint32_t depth) { return sizeof(struct stack_state) + array_bytes(depth); }

void stack_state_start(struct stack_state *state, uint32_t depth)
{
	state->depth = depth;
	state->slack = depth >= SLACK_DEPTH ? depth / 4 : 0;
	state->count = 0;
	state->pcs_size = (struct stack_cache_size){64 - STACK_CACHE_BITS_FIRST, 64 - STACK_PC_CACHE_BITS, 0};
	state->nodes_size = (struct stack_cache_size){64 - STACK_CACHE_BITS_FIRST, 64 - STACK_NODE_CACHE_BITS, 0};
	state->frames = (struct stack_frame *)state->arrays;
	state->trail = state->frames + depth;
	state->fresh = (struct stack_fresh *)(state->trail + STACK_CONTEXT_FRAMES);
	state->checks = pad_checks((struct stack_check *)(state->fresh + depth));
	state->trail_checks = pad_checks(state->trail_slots);
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
	return (unsigned)(key * UINT64_C(0x9e3779b97f4a7c15) >> size->shift);
}

/* Counts a miss; true if the cache has had so many since it last grew that it should grow again. */
static inline bool cache_missed(struct stack_cache_size *size)
{
	return size->shift > size->least && ++size->misses >> (64 - size->shift);
}

static inline void grow_cache(struct stack_cache_size *size)
{
	size->misses = 0;
	size->shift--;
}

static __attribute__((noinline)) struct stack_pc add_pc(struct stack_state *state, uintptr_t pc)
{
	struct stack_pc found = stack_table_pc(pc, false);
	if (!found.id)
		return found;
	if (cache_missed(&state->pcs_size))
		grow_cache(&state->pcs_size);
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

_Static_assert(64 - STACK_PC_BITS - STACK_NODE_BITS + STACK_CACHE_BITS_FIRST >= STACK_NODE_BITS,
               "an entry has room for a node");

/* A hash of a node's parent and address, in 45 bits.  The highest bits are its place in the cache, the others tell it
 * from other nodes there.  Multiplying by an odd number loses nothing. */
static inline uint64_t node_hash(uint32_t parent, uint32_t pc_id)
{
	uint64_t key = ((uint64_t)parent << STACK_PC_BITS | pc_id) << (64 - STACK_NODE_BITS - STACK_PC_BITS);
	return key * UINT64_C(0x9e3779b97f4a7c15);
}

/* The entry of a node, without its number in the lowest bits.  The place in the smallest cache implies the bits that
 * are cut off. */
static inline uint64_t node_tag(uint64_t hash) { return hash << STACK_CACHE_BITS_FIRST; }

/* A longjmp out of a signal handler may come in between: then the cache is empty, and as small as before. */
static void forget_nodes(struct stack_state *state)
{
	memset(state->nodes, 0, sizeof *state->nodes << (64 - state->nodes_size.shift));
	signal_fence();
}

static __attribute__((noinline)) uint32_t add_node(struct stack_state *state, uint32_t parent, uint32_t pc_id)
{
	uint64_t hash = node_hash(parent, pc_id);
	uint32_t node = parent ? stack_table_node(parent, pc_id) : 0;
	if (!node)
		return 0;
	if (cache_missed(&state->nodes_size)) {
		forget_nodes(state); /* their tags depend on their places */
		grow_cache(&state->nodes_size);
	}
	state->nodes[hash >> state->nodes_size.shift] = node_tag(hash) | node;
	return node;
}

static inline uint32_t find_node(struct stack_state *state, uint32_t parent, uint32_t pc_id)
{
	uint64_t hash = node_hash(parent, pc_id);
	uint64_t found = state->nodes[hash >> state->nodes_size.shift] ^ node_tag(hash);
	return likely(found - 1 < (1u << STACK_NODE_BITS) - 1) ? (uint32_t)found : add_node(state, parent, pc_id);
}

static void forget_unloaded(struct stack_state *state, uint32_t unloads)
{
	state->count = 0;
	memset(state->pcs, 0, sizeof *state->pcs << (64 - state->pcs_size.shift));
	forget_nodes(state);
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

/* Needs little stack: hooks also run on alternate stacks of a few kilobytes. */
static __attribute__((noinline)) uint32_t capture_nested(struct stack_state *state, const struct caller *caller)
{
	struct unwound_frame frames[NESTED_DEPTH];
	uint32_t root;
	unsigned most = state->depth < NESTED_DEPTH ? state->depth : NESTED_DEPTH;
	unsigned count = unwind_full(caller->sp, state->low, state->high, frames, most, &root);
	return intern_frames(frames, count, root);
}

/* Works for any stack and any rule; the thread's scratch memory has room for all frames. */
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

static inline uintptr_t check_difference(const struct stack_check *check)
{
	return *(const uintptr_t *)check->at ^ check->value;
}

static inline uintptr_t difference_of_four(const struct stack_check *check)
{
	return check_difference(check) | check_difference(check + 1) | check_difference(check + 2) |
	       check_difference(check + 3);
}

/* True if the first n checked slots still hold the same values.  Compares four at a time from the end, as inner frames
 * change first.  The padding in front of the first check completes the last four (see pad_checks). */
static inline bool checks_hold(const struct stack_check *checks, uint32_t n)
{
	for (const struct stack_check *check = checks + n; check > checks; check -= 4)
		if (difference_of_four(check - 4))
			return false;
	return true;
}

static inline uint16_t *place_of(struct stack_state *state, uintptr_t sp)
{
	return &state->places[sp / 16 % STACK_PLACES];
}

static inline void set_place(struct stack_state *state, uintptr_t sp, uint32_t index)
{
	*place_of(state, sp) = (uint16_t)index;
}

/* Where a walk met known frames: at a frame of the memo or of the trail.  From there outwards the stack is
 * unchanged. */
struct meeting {
	const struct stack_frame *anchor; /* of the memo; NULL: the walk met no known frame */
	uint32_t trail;                   /* frames of the trail between it and the walk */
};

/* A check of this frame of the memo failed.  Forgets all frames that depend on the outermost slot that changed, because
 * a walk that goes on outwards is likely to meet them, too. */
static __attribute__((noinline)) void forget_changed(struct stack_state *state, uint32_t index)
{
	uint32_t held = 0, checks = state->frames[index].checks;
	while (held + 4 <= checks && !difference_of_four(&state->checks[held]))
		held += 4;
	while (held < checks && !check_difference(&state->checks[held]))
		held++;
	while (index && state->frames[index].checks > held)
		index--;
	state->count = state->frames[index].checks > held ? 0 : index + 1;
}

static inline struct meeting meets_memo(struct stack_state *state, const struct stack_frame *frame)
{
	uint32_t index = (uint32_t)(frame - state->frames);
	if (index >= state->count)
		return (struct meeting){NULL, 0};
	if (likely(checks_hold(state->checks, frame->checks)))
		return (struct meeting){frame, 0};
	forget_changed(state, index);
	return (struct meeting){NULL, 0};
}

static inline struct meeting meets_trail(struct stack_state *state, const struct stack_frame *frame)
{
	const struct stack_frame *anchor = &state->frames[state->trail_anchor];
	uint32_t index = (uint32_t)(frame - state->trail);
	if (index >= state->trail_count)
		return (struct meeting){NULL, 0};
	state->trail_count = 0; /* until it is known to be of use */
	if (unlikely(state->trail_anchor >= state->count || anchor->serial != state->trail_anchor_serial ||
	             !checks_hold(state->trail_checks, frame->checks)))
		return (struct meeting){NULL, 0};
	if (unlikely(!checks_hold(state->checks, anchor->checks))) {
		forget_changed(state, state->trail_anchor);
		return (struct meeting){NULL, 0};
	}
	return (struct meeting){anchor, index + 1};
}

static inline struct meeting meets(struct stack_state *state, uintptr_t pc, uintptr_t sp, uintptr_t bp)
{
	const struct stack_frame *frame = &state->frames[*place_of(state, sp)];
	if (likely((frame->sp ^ sp) | (frame->pc ^ pc)) || (frame->bp_matters && frame->bp != bp))
		return (struct meeting){NULL, 0};
	return frame >= state->trail ? meets_trail(state, frame) : meets_memo(state, frame);
}

/* The position of a walk, and the slots that the last step read. */
struct walk {
	uintptr_t pc, sp, bp;
	uintptr_t end_slot; /* where the null return address was read that ended the walk */
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
static enum step step_aligned(const struct stack_state *state, struct walk *walk, stack_rule rule)
{
	uintptr_t slot = walk->bp - unwind_offset(rule);
	if (!readable(state, walk, slot) || !readable(state, walk, walk->bp))
		return STEP_FULL_ENGINE;
	uintptr_t cfa = *(const uintptr_t *)slot;
	if (cfa <= walk->sp || cfa > state->high || cfa % 8)
		return STEP_FULL_ENGINE;
	walk->bp = *(const uintptr_t *)walk->bp;
	walk->pc = *(const uintptr_t *)(cfa - 8);
	walk->sp = cfa;
	return walk->pc ? STEP_ON : STEP_FULL_ENGINE;
}

/* Rules that are not simple. */
static __attribute__((noinline)) enum step step_otherwise(const struct stack_state *state, struct walk *walk,
                                                          stack_rule rule)
{
	switch (unwind_kind(rule)) {
	case UNWIND_BP_DEREF: return step_aligned(state, walk, rule);
	case UNWIND_COMPLEX: return STEP_FULL_ENGINE;
	case UNWIND_END: return end_walk(walk, RT_ROOT_COMPLETE);
	default: return end_walk(walk, RT_ROOT_TRUNCATED);
	}
}

/* If the CFA is computed from bp, bp may have any value. */
static inline bool is_believable(const struct walk *walk, uintptr_t cfa, stack_rule rule)
{
	return cfa > walk->sp && cfa % 8 == 0 && unwind_bp_offset(rule) <= cfa - walk->sp;
}

/* Steps from the walk's frame to its caller's.  sp is a multiple of 8, and a rule's offsets from it are sound. */
static inline enum step step(const struct stack_state *state, struct walk *walk, stack_rule rule)
{
	uintptr_t cfa = walk->sp + unwind_offset(rule), bp_offset = unwind_bp_offset(rule);
	if (unlikely(unwind_kind(rule) != UNWIND_SP)) {
		if (unlikely(unwind_kind(rule) != UNWIND_BP)) {
			struct walk copy = *walk; /* the address of *walk is not taken, so it stays in registers */
			enum step next = step_otherwise(state, &copy, rule);
			*walk = copy;
			return next;
		}
		cfa = walk->bp + unwind_offset(rule);
		if (unlikely(!is_believable(walk, cfa, rule)))
			return STEP_FULL_ENGINE; /* the full engine verifies each read, and finds out what this is */
	}
	if (unlikely(cfa > state->high))
		return STEP_FULL_ENGINE;
	walk->bp = *(bp_offset ? (const uintptr_t *)(cfa - bp_offset) : &walk->bp); /* no branch: it would guess */
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

static inline uint32_t node_of(struct stack_state *state, uint32_t outer, const struct stack_fresh *fresh)
{
	return unlikely(fresh->rule & UNWIND_SHIM) ? outer : find_node(state, outer, fresh->pc_id);
}

/* Remembers the first frame of a memo.  It depends on how the stack ends. */
static void remember_outermost(struct stack_state *state, const struct stack_fresh *fresh, const struct walk *walk)
{
	struct stack_frame *frame = &state->frames[0];
	*frame = (struct stack_frame){fresh->pc, fresh->sp, fresh->bp, 0, 0, next_serial(state), uses_bp(fresh->rule)};
	if (walk->end_slot)
		state->checks[frame->checks++] = (struct stack_check){walk->end_slot, 0};
	frame->node = node_of(state, walk->root, fresh);
	set_place(state, fresh->sp, 0);
}

/* Adds the slots that were read on the step from a frame just walked to its caller `outer`: the return address, the
 * caller's bp if this frame saved it, and its sp if that was saved.  Returns the new end of the checks. */
static inline struct stack_check *add_checks(struct stack_check *checks, const struct stack_fresh *fresh,
                                             const struct stack_frame *outer)
{
	bool aligned = unwind_kind(fresh->rule) == UNWIND_BP_DEREF;
	*checks++ = (struct stack_check){outer->sp - 8, outer->pc};
	if (unlikely(outer->bp_matters) && (aligned || unwind_bp_offset(fresh->rule)))
		*checks++ =
		    (struct stack_check){aligned ? fresh->bp : outer->sp - unwind_bp_offset(fresh->rule), outer->bp};
	if (unlikely(aligned))
		*checks++ = (struct stack_check){fresh->bp - unwind_offset(fresh->rule), outer->sp};
	return checks;
}

static inline bool bp_matters(stack_rule rule, bool outer_bp_matters)
{
	return uses_bp(rule) || (outer_bp_matters && !unwind_bp_offset(rule));
}

/* Makes the entry of a frame just walked, without its node, and its checks.  outer: the caller's entry.  Returns the
 * new end of the checks. */
static inline struct stack_check *enter_frame(struct stack_frame *frame, const struct stack_fresh *fresh,
                                              const struct stack_frame *outer, struct stack_check *checks)
{
	checks = add_checks(checks, fresh, outer);
	frame->pc = fresh->pc;
	frame->sp = fresh->sp;
	frame->bp = fresh->bp;
	frame->bp_matters = bp_matters(fresh->rule, outer->bp_matters);
	return checks;
}

/* Counts the entry that was made behind the memo's innermost. */
static inline void count_remembered(struct stack_state *state)
{
	struct stack_frame *frame = &state->frames[state->count];
	frame->serial = next_serial(state);
	set_place(state, frame->sp, state->count);
	signal_fence();
	state->count++;
}

/* Adds a frame that the memo's innermost frame has called. */
static inline void remember(struct stack_state *state, const struct stack_fresh *fresh)
{
	const struct stack_frame *outer = &state->frames[state->count - 1];
	struct stack_frame *frame = &state->frames[state->count];
	frame->checks = (uint32_t)(enter_frame(frame, fresh, outer, &state->checks[outer->checks]) - state->checks);
	frame->node = node_of(state, outer->node, fresh);
	count_remembered(state);
}

/* ---- the trail ----------------------------------------------------------------- */

static inline uint32_t trail_checks_before(const struct stack_state *state, uint32_t index)
{
	return index ? state->trail[index - 1].checks : 0;
}

/* Makes a frame of the trail the memo's innermost frame. */
static void remember_trail(struct stack_state *state, uint32_t index)
{
	const struct stack_frame *outer = &state->frames[state->count - 1];
	uint32_t from = trail_checks_before(state, index), checks = state->trail[index].checks - from;
	struct stack_frame *frame = &state->frames[state->count];

	memcpy(&state->checks[outer->checks], &state->trail_checks[from], checks * sizeof *state->checks);
	*frame = state->trail[index];
	frame->checks = outer->checks + checks;
	count_remembered(state);
}

/* Removes the first `gone` of the trail's `count` frames, which are in the memo now. */
static void shorten_trail(struct stack_state *state, uint32_t gone, uint32_t count)
{
	uint32_t checks = trail_checks_before(state, gone), all = trail_checks_before(state, count);

	memmove(state->trail_checks, state->trail_checks + checks, (all - checks) * sizeof *state->trail_checks);
	for (uint32_t i = gone; i < count; i++) {
		state->trail[i - gone] = state->trail[i];
		state->trail[i - gone].checks -= checks;
		set_place(state, state->trail[i].sp, state->depth + i - gone);
	}
}

/* Adds the frames just walked to the trail; the trail's innermost frame, or the anchor, has called them. */
static inline void follow(struct stack_state *state, const struct stack_frame *anchor, uint32_t fresh_count)
{
	uint32_t index = state->trail_count, node;
	const struct stack_frame *outer = index ? &state->trail[index - 1] : anchor;
	struct stack_check *checks = state->trail_checks + trail_checks_before(state, index);

	for (node = outer->node; fresh_count; index++) {
		const struct stack_fresh *fresh = &state->fresh[--fresh_count];
		struct stack_frame *frame = &state->trail[index];
		checks = enter_frame(frame, fresh, outer, checks);
		frame->checks = (uint32_t)(checks - state->trail_checks);
		frame->node = node = node_of(state, node, fresh);
		set_place(state, fresh->sp, state->depth + index);
		outer = frame;
	}
	signal_fence();
	state->trail_count = index;
}

/* ---- contexts ------------------------------------------------------------------ */

struct context_place {
	unsigned set;
	uint32_t tag; /* never 0 */
};

static inline struct context_place context_place(const struct caller *caller)
{
	uint64_t hash = (caller->pc ^ caller->sp << 20) * UINT64_C(0x9e3779b97f4a7c15);
	return (struct context_place){(unsigned)(hash >> 32) % STACK_CONTEXT_SETS, (uint32_t)(hash >> 40) | 1};
}

/* Their number is a multiple of four: see add_context. */
static inline bool context_checks_hold(const struct stack_context *context)
{
	uintptr_t difference = 0;
	const struct stack_check *check = context->checks, *end = check + context->check_count;
	do
		difference |= difference_of_four(check);
	while ((check += 4) < end);
	return !difference;
}

static inline bool holds(const struct stack_state *state, const struct stack_context *context,
                         const struct caller *caller)
{
	const struct stack_frame *anchor = &state->frames[context->anchor];
	if (context->anchor >= state->count || anchor->serial != context->anchor_serial ||
	    ((context->sp ^ caller->sp) | (context->pc ^ caller->pc) | ((context->bp ^ caller->bp) & context->bp_mask)))
		return false;
	return context_checks_hold(context) && checks_hold(state->checks, anchor->checks);
}

/* A bit for each way.  There is no branch for each way, because the processor could not predict it. */
static inline unsigned ways_with_tag(const uint32_t *tags, uint32_t tag)
{
	__m128i equal = _mm_cmpeq_epi32(_mm_load_si128((const __m128i *)tags), _mm_set1_epi32((int)tag));
	return (unsigned)_mm_movemask_ps(_mm_castsi128_ps(equal));
}

/* The context in which the caller was reached before by the same frames, if no checked slot has changed since. */
static inline const struct stack_context *familiar(const struct stack_state *state, const struct caller *caller)
{
	const struct context_place place = context_place(caller);
	unsigned ways = ways_with_tag(state->tags[place.set], place.tag);
	for (; ways; ways &= ways - 1) {
		const struct stack_context *context = &state->contexts[place.set][__builtin_ctz(ways)];
		if (likely(holds(state, context, caller)))
			return context;
	}
	return NULL;
}

/* Counts a failed search for a context.  A program that does not return to a stack before its context is replaced, as
 * one that walks a large tree, does better without contexts for some time. */
static inline void missed_context(struct stack_state *state)
{
	if (likely(++state->contexts_missed < CONTEXTS_TRIAL))
		return;
	if (state->contexts_found < CONTEXTS_TRIAL / 2)
		state->context_rest = CONTEXTS_REST;
	state->contexts_found = state->contexts_missed = 0;
}

/* Keeps the trail as a context for the next time that the thread has this stack, if the trail depends on few enough
 * slots. */
static inline void add_context(struct stack_state *state, const struct caller *caller)
{
	const struct stack_frame *innermost = &state->trail[state->trail_count - 1];
	if (unlikely(innermost->checks > STACK_CONTEXT_CHECKS))
		return;
	const struct context_place place = context_place(caller);
	unsigned way = state->context_hand++ % STACK_CONTEXT_WAYS;
	struct stack_context *context = &state->contexts[place.set][way];

	state->tags[place.set][way] = 0;
	signal_fence();
	context->pc = innermost->pc;
	context->sp = innermost->sp;
	context->bp = innermost->bp;
	context->bp_mask = -(uintptr_t)innermost->bp_matters;
	context->node = innermost->node;
	context->anchor = state->trail_anchor;
	context->anchor_serial = state->trail_anchor_serial;
	context->check_count = (innermost->checks + 3) & ~3u;
	const struct stack_check *from =
	    state->trail_checks + innermost->checks - context->check_count; /* some are padding */
	for (uint32_t i = 0; i < context->check_count; i += 4)
		memcpy(&context->checks[i], &from[i], 4 * sizeof *from);
	signal_fence();
	state->tags[place.set][way] = place.tag;
}

/* ---- the walk ------------------------------------------------------------------ */

enum walked { WALK_DONE, WALK_AGAIN, WALK_FULL_ENGINE };

static inline enum step walk_frame(struct stack_state *state, struct walk *walk, struct stack_fresh *frame)
{
	struct stack_pc found = find_pc(state, walk->pc);
	*frame = (struct stack_fresh){walk->pc, walk->sp, walk->bp, found.id, found.rule};
	return step(state, walk, found.rule);
}

/* True if a stack with `inner` frames inside of the anchor is cut by the depth limit at the same place as the memo's
 * stack, or not at all. */
static inline bool cut_as_before(const struct stack_state *state, const struct stack_frame *anchor, uint32_t inner)
{
	uint32_t frames = inner + (uint32_t)(anchor - state->frames) + 1;
	if (unlikely(frames > state->depth))
		return false;
	return likely(state->root != RT_ROOT_DEPTH) || frames + 2 * state->slack >= state->depth;
}

/* Of a stack deeper than the limit the innermost frames are kept, and not quite as many as the limit allows: if the
 * stack were cut exactly at the limit, each call or return would move the cut, and change every node. */
static inline uint32_t frames_kept(const struct stack_state *state, const struct walk *walk, uint32_t fresh_count)
{
	return unlikely(walk->root == RT_ROOT_DEPTH) ? fresh_count - state->slack : fresh_count;
}

/* Starts a new memo after a walk that went to the end of the stack. */
static uint32_t start_memo(struct stack_state *state, const struct walk *walk, uint32_t fresh_count)
{
	state->count = state->trail_count = 0;
	state->root = walk->root;
	remember_outermost(state, &state->fresh[fresh_count - 1], walk);
	signal_fence();
	state->count = 1;
	return fresh_count - 1;
}

/* Frames that a walk has found: frames of the trail that it met, which the memo's frame has called, and the frames just
 * walked. */
struct found {
	struct meeting at;
	uint32_t fresh_count;
};

/* The program works in another part of the stack now.  Lengthens the memo until its end is near, by the outer frames of
 * the trail and then by those just walked.  Returns the frames that are left. */
static __attribute__((noinline)) struct found move_anchor(struct stack_state *state, struct found found)
{
	uint32_t gone = 0, left = found.at.trail + found.fresh_count;

	state->count = (uint32_t)(found.at.anchor - state->frames) + 1;
	state->trail_count = 0;
	for (; left > STACK_CONTEXT_FRAMES / 2; left--) {
		if (gone < found.at.trail)
			remember_trail(state, gone++);
		else
			remember(state, &state->fresh[--found.fresh_count]);
	}
	shorten_trail(state, gone, found.at.trail);
	found.at.trail -= gone;
	found.at.anchor = &state->frames[state->count - 1];
	return found;
}

/* Makes the trail lead to the caller.  Returns the stack's node. */
static inline uint32_t make_trail(struct stack_state *state, const struct caller *caller, struct found found)
{
	const struct stack_frame *anchor = found.at.anchor;
	state->trail_count = found.at.trail;
	state->trail_anchor = (uint32_t)(anchor - state->frames);
	state->trail_anchor_serial = anchor->serial;
	follow(state, anchor, found.fresh_count);
	if (unlikely(!state->trail_count))
		return anchor->node;
	if (likely(!state->context_rest))
		add_context(state, caller);
	return state->trail[state->trail_count - 1].node;
}

/* Walks until the trail or the memo is met or the stack ends, then brings them up to date. */
static __attribute__((noinline)) enum walked walk_stack(struct stack_state *state, const struct caller *caller,
                                                        uint32_t *node)
{
	struct walk walk = {caller->pc, caller->sp, caller->bp, 0, RT_ROOT_DEPTH};
	uint32_t fresh_count = 1;
	struct meeting at = {NULL, 0};
	if (unlikely(walk.sp % 8))
		return WALK_FULL_ENGINE;
	enum step next = walk_frame(state, &walk, &state->fresh[0]);

	while (next == STEP_ON && !(at = meets(state, walk.pc, walk.sp, walk.bp)).anchor && fresh_count < state->depth)
		next = walk_frame(state, &walk, &state->fresh[fresh_count++]);
	if (unlikely(next == STEP_FULL_ENGINE))
		return WALK_FULL_ENGINE;
	if (unlikely(at.anchor && !cut_as_before(state, at.anchor, at.trail + fresh_count))) { /* every node differs */
		state->count = 0;
		return WALK_AGAIN;
	}
	if (unlikely(!at.anchor)) {
		fresh_count = start_memo(state, &walk, frames_kept(state, &walk, fresh_count));
		at.anchor = state->frames;
	}
	struct found found = {at, fresh_count};
	if (unlikely(at.trail + fresh_count > STACK_CONTEXT_FRAMES))
		found = move_anchor(state, found);
	*node = make_trail(state, caller, found);
	return WALK_DONE;
}

static inline uint32_t capture_own_stack(struct stack_state *state, const struct caller *caller)
{
	uint32_t node;

	if (likely(!state->context_rest)) {
		const struct stack_context *context = familiar(state, caller);
		if (likely(context != NULL)) {
			state->contexts_found++;
			return context->node;
		}
		missed_context(state);
	} else {
		state->context_rest--;
	}
	enum walked walked = walk_stack(state, caller, &node);
	if (unlikely(walked == WALK_AGAIN))
		walked = walk_stack(state, caller, &node);
	return likely(walked == WALK_DONE) ? node : capture_full(state, caller);
}

#else /* there is no fast path for this machine yet: the full engine does all */

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
		return capture_full(state, caller); /* the thread is on an alternate stack, or on a coroutine's */
	return capture_own_stack(state, caller);
}

uint32_t stack_capture(struct stack_state *state, unsigned lane, const struct caller *caller)
{
	return capture(state, lane, caller);
}

uint32_t stack_capture_beyond(struct stack_state *state, uintptr_t address)
{
	struct unwound_frame *frames = (struct unwound_frame *)state->fresh;
	uint32_t root;
	unsigned count = unwind_full(address + 1, state->low, state->high, frames, state->depth, &root);
	return root == RT_ROOT_COMPLETE ? intern_frames(frames, count, root) : RT_STACK_NONE;
}
