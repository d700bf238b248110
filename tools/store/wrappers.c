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
	uint64_t key = stack_set_function(place, frame);
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
	for (struct stack_walk walk = stack_walk(search->set, stack); walk.place; stack_walk_to_caller(&walk)) {
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

static uint64_t key_at(const struct stack_walk *walk)
{
	return stack_set_function(walk->place, stack_walk_frame(walk));
}

static bool is_passed(struct search *search, const struct stack_walk *walk)
{
	enum role role = stack_walk_frame(walk)->role;
	uint64_t key = key_at(walk);

	return role == ROLE_RUNTIME || role == ROLE_ALLOCATES || (key && function_of(search, key)->wrapper);
}

/* Callers that are not known count as one in each module: they may be one function. */
static uint64_t caller_key(const struct stack_walk *walk)
{
	uint64_t key = walk->place ? key_at(walk) : 0;

	return key ? key : walk->place ? (uint64_t)walk->place->module + 1 : 0;
}

static void note_site(struct search *search, const struct heap_site *site)
{
	struct stack_walk walk = stack_walk(search->set, site->stack);

	while (walk.place && is_passed(search, &walk))
		stack_walk_out(&walk);
	uint64_t key = walk.place ? key_at(&walk) : 0;
	if (!key || stack_walk_frame(&walk)->role != ROLE_OWN)
		return;
	stack_walk_out(&walk);
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

/* The keys of the wrappers. */
static struct u64_map found_wrappers(const struct search *search)
{
	struct u64_map found = {0};

	for (size_t i = 0; i <= search->by_key.mask && search->by_key.count; i++) {
		const struct u64_slot *slot = &search->by_key.slots[i];

		if (slot->value && search->functions[slot->value - 1].wrapper)
			u64_map_put(&found, slot->key, 1);
	}
	return found;
}

void wrappers_find(struct stack_set *set, const struct heap_site *sites, size_t count)
{
	struct search search = {.set = set};
	uint64_t *seen;
	bool found = true;

	for (size_t i = 0; i < count; i++)
		stack_set_use(set, sites[i].stack);
	seen = memory_zeroed(set->node_words + 1, sizeof *seen);
	for (size_t i = 0; i < count; i++)
		note_calls(&search, sites[i].stack, seen);
	for (unsigned round = 0; round < WRAPPER_ROUNDS && found; round++) {
		for (size_t i = 0; i < count; i++)
			note_site(&search, &sites[i]);
		found = decide(&search);
	}
	stack_set_wrappers(set, found_wrappers(&search));
	free(seen);
	free(search.functions);
	u64_map_free(&search.by_key);
}
