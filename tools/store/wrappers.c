#include "tools/store/wrappers.h"

#include <stdlib.h>
#include <string.h>

#include "tools/base/memory.h"
#include "tools/base/u64_map.h"

struct function {
	uint64_t call;      /* the place in it under which allocations happened; 0: none yet */
	bool several_calls; /* there was another such place */
	bool wrapper;
	/* As the innermost function that is no wrapper, in this round: */
	uint64_t callers[WRAPPER_CALLERS], allocations, temporary;
	unsigned caller_count;
};

struct search {
	struct stack_set *set;
	struct function *functions;
	size_t count, room;
	struct u64_map by_key; /* index + 1 */
};

/* The frames of a stack, from the innermost outwards. */
struct walk {
	struct stack_set *set;
	uint32_t node, parent;
	const struct pc_frames *place; /* NULL: the stack has ended */
	unsigned frame;
};

static void walk_to(struct walk *walk, uint32_t node)
{
	uint32_t pc;

	walk->place = NULL;
	walk->node = node;
	walk->frame = 0;
	if (stack_set_has_node(walk->set, node) && ring_file_node(walk->set->ring, node, &walk->parent, &pc))
		walk->place = stack_set_frames(walk->set, pc);
}

static const struct symbol_frame *walk_frame(const struct walk *walk)
{
	return walk->place ? &walk->place->frames[walk->frame] : NULL;
}

static void walk_out(struct walk *walk)
{
	if (++walk->frame >= walk->place->count)
		walk_to(walk, walk->parent);
}

/* The symbolizer keeps each name once, so its address stands for the name.  A function without a name is known by its
 * start.  0: that is not known either. */
static uint64_t key_of(const struct pc_frames *place, const struct symbol_frame *frame)
{
	uint64_t function = frame->function ? (uint64_t)(uintptr_t)frame->function : frame->start;

	return function ? u64_mix(function + ((uint64_t)place->module << 48)) : 0;
}

static struct function *function_of(struct search *search, uint64_t key)
{
	uint64_t found = u64_map_get(&search->by_key, key);

	if (!found) {
		GROW(search->functions, search->room, search->count + 1);
		search->functions[search->count] = (struct function){0};
		found = ++search->count;
		u64_map_put(&search->by_key, key, found);
	}
	return &search->functions[found - 1];
}

/* ---- the calls of each function that lead to allocations -------------------------------- */

static void note_call(struct search *search, const struct pc_frames *place, const struct symbol_frame *frame)
{
	uint64_t key = key_of(place, frame);
	uint64_t call = frame->line ? (uint64_t)frame->line << 16 | (uint16_t)frame->column : place->offset << 1 | 1;

	if (!key)
		return;
	struct function *function = function_of(search, key);
	if (!function->call)
		function->call = call;
	function->several_calls |= function->call != call;
}

/* Each node is looked at once: `seen` has a bit for each. */
static void note_calls(struct search *search, uint32_t stack, uint64_t *seen)
{
	struct walk walk = {.set = search->set};

	for (walk_to(&walk, stack); walk.place; walk_to(&walk, walk.parent)) {
		uint64_t bit = UINT64_C(1) << walk.node % 64;

		if (seen[walk.node / 64] & bit)
			return;
		seen[walk.node / 64] |= bit;
		for (unsigned i = 0; i < walk.place->count; i++)
			note_call(search, walk.place, &walk.place->frames[i]);
	}
}

/* ---- the functions that allocate, and their callers -------------------------------------- */

static void note_caller(struct function *function, uint64_t caller)
{
	for (unsigned i = 0; i < function->caller_count; i++)
		if (function->callers[i] == caller)
			return;
	if (function->caller_count < WRAPPER_CALLERS)
		function->callers[function->caller_count++] = caller;
}

static bool is_passed(struct search *search, const struct walk *walk)
{
	const struct symbol_frame *frame = walk_frame(walk);
	uint64_t key = key_of(walk->place, frame);

	return frame->role == ROLE_RUNTIME || frame->role == ROLE_ALLOCATES ||
	       (key && function_of(search, key)->wrapper);
}

/* Callers that are not known count as one in each module: they may be one function. */
static uint64_t caller_key(const struct walk *walk)
{
	uint64_t key = walk->place ? key_of(walk->place, walk_frame(walk)) : 0;

	return key ? key : walk->place ? (uint64_t)walk->place->module + 1 : 0;
}

static void note_site(struct search *search, const struct heap_site *site)
{
	struct walk walk = {.set = search->set};

	walk_to(&walk, site->stack);
	while (walk.place && is_passed(search, &walk))
		walk_out(&walk);
	uint64_t key = walk.place ? key_of(walk.place, walk_frame(&walk)) : 0;
	if (!key || walk_frame(&walk)->role != ROLE_OWN)
		return;
	walk_out(&walk);
	uint64_t caller = caller_key(&walk);
	struct function *function = function_of(search, key);
	function->allocations += site->counts.allocations;
	function->temporary += site->counts.temporary;
	if (caller && caller != key)
		note_caller(function, caller);
}

/* True if a wrapper was found. */
static bool decide(struct search *search)
{
	bool found = false;

	for (size_t i = 0; i < search->count; i++) {
		struct function *function = &search->functions[i];

		if (function->caller_count == WRAPPER_CALLERS && !function->several_calls &&
		    function->temporary <= function->allocations / 2)
			found = function->wrapper = true;
		function->caller_count = 0;
		function->allocations = function->temporary = 0;
	}
	return found;
}

static void mark_frames(struct search *search)
{
	const struct id_list *pcs = &search->set->used_pcs;

	for (size_t i = 0; i < pcs->count; i++) {
		struct pc_frames *place = stack_set_frames(search->set, pcs->ids[i]);

		for (unsigned k = 0; place && k < place->count; k++) {
			uint64_t key = key_of(place, &place->frames[k]);
			uint64_t found = key ? u64_map_get(&search->by_key, key) : 0;

			if (found && search->functions[found - 1].wrapper)
				place->frames[k].role = ROLE_ALLOCATES;
		}
	}
}

void wrappers_find(struct stack_set *set, const struct heap_site *sites, size_t count)
{
	struct search search = {.set = set};
	uint64_t *seen = memory_zeroed(set->node_words + 1, sizeof *seen);
	bool found = false;

	for (size_t i = 0; i < count; i++)
		note_calls(&search, sites[i].stack, seen);
	for (unsigned round = 0; round < WRAPPER_ROUNDS; round++) {
		for (size_t i = 0; i < count; i++)
			note_site(&search, &sites[i]);
		if (!decide(&search))
			break;
		found = true;
	}
	if (found)
		mark_frames(&search);
	free(seen);
	free(search.functions);
	u64_map_free(&search.by_key);
}
