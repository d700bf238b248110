#include "tools/store/stack_set.h"

#include <stdlib.h>
#include <string.h>

#include "tools/base/compare.h"
#include "tools/base/memory.h"

static bool bit_test(const uint64_t *bits, size_t words, uint32_t i)
{
	return i / 64 < words && bits[i / 64] >> i % 64 & 1;
}

void stack_set_new(struct stack_set *set, const struct ring_file *ring, struct symbolizer *symbolizer)
{
	memset(set, 0, sizeof(*set));
	set->ring = ring;
	set->symbolizer = symbolizer;
	set->pc_count = ring_file_pc_limit(ring);
	set->node_limit = RT_STACK_MAX + 1;
}

void stack_set_free(struct stack_set *set)
{
	for (size_t i = 0; i < set->frame_room; i++)
		free(set->frames[i]);
	free(set->used_pcs.ids);
	free(set->used_nodes.ids);
	free(set->frames);
	free(set->nodes);
	free(set->pcs);
	u64_map_free(&set->wrappers);
	memset(set, 0, sizeof(*set));
}

bool stack_set_has_node(const struct stack_set *set, uint32_t node)
{
	return node >= RT_NODE_FIRST && bit_test(set->nodes, set->node_words, node);
}

/* Marks an id and lists it, unless it is marked already. */
static void use(uint64_t **bits, size_t *words, uint32_t limit, struct id_list *list, uint32_t id)
{
	if (bit_test(*bits, *words, id))
		return;
	if (id / 64 >= *words)
		*bits = memory_grow_zeroed(*bits, words, id / 64 + (size_t)1, limit / 64 + (size_t)1, sizeof **bits);
	(*bits)[id / 64] |= UINT64_C(1) << id % 64;
	GROW(list->ids, list->room, list->count + 1);
	list->ids[list->count++] = id;
}

static bool use_pc(struct stack_set *set, uint32_t pc)
{
	if (pc > set->pc_count || !ring_file_pc(set->ring, pc))
		return false;
	use(&set->pcs, &set->pc_words, set->pc_count, &set->used_pcs, pc);
	return true;
}

/* Adds one node, and sets *parent to its parent.  False: there is no such node. */
static bool use_node(struct stack_set *set, uint32_t node, uint32_t *parent)
{
	uint32_t pc;

	if (node >= set->node_limit || !ring_file_node(set->ring, node, parent, &pc))
		return false;
	if (!use_pc(set, pc))
		return false;
	use(&set->nodes, &set->node_words, set->node_limit, &set->used_nodes, node);
	return true;
}

bool stack_set_use(struct stack_set *set, uint32_t stack)
{
	uint32_t node = stack, parent;

	/* The walk stops at a node that is known; so it ends on a cycle, too. */
	while (node >= RT_NODE_FIRST && !stack_set_has_node(set, node)) {
		if (!use_node(set, node, &parent))
			break;
		node = parent;
	}
	return stack_set_has_node(set, stack);
}

static struct pc_frames *keep_frames(const struct symbol_frame *frames, unsigned count)
{
	struct pc_frames *kept = memory_zeroed(1, sizeof(*kept) + count * sizeof(frames[0]));

	kept->count = count;
	memcpy(kept->frames, frames, count * sizeof(frames[0]));
	return kept;
}

/* ---- functions ------------------------------------------------------------------------------- */

/* The symbolizer keeps each name once, so its address stands for the name.  A function without a name is known by its
 * start. */
uint64_t stack_set_function(const struct pc_frames *place, const struct symbol_frame *frame)
{
	uint64_t function = frame->function ? (uint64_t)(uintptr_t)frame->function : frame->start;

	return function ? u64_mix(function + ((uint64_t)place->module << 48)) : 0;
}

static void mark_wrappers(const struct stack_set *set, struct pc_frames *place)
{
	for (unsigned i = 0; i < place->count; i++) {
		uint64_t function = stack_set_function(place, &place->frames[i]);

		if (function && u64_map_get(&set->wrappers, function))
			place->frames[i].role = ROLE_ALLOCATES;
	}
}

void stack_set_wrappers(struct stack_set *set, struct u64_map functions)
{
	u64_map_free(&set->wrappers);
	set->wrappers = functions;
	for (size_t i = 0; i < set->frame_room; i++)
		if (set->frames[i])
			mark_wrappers(set, set->frames[i]);
}

static struct pc_frames *resolve(struct stack_set *set, const struct rt_pc *pc)
{
	const struct rt_module *module = pc->module ? ring_file_module(set->ring, pc->module - 1) : NULL;
	uint64_t offset = (pc->key & RT_PC_ADDRESS) - (module ? module->bias : 0);
	struct symbol_frame frames[STACK_SET_FRAMES] = {0};
	struct pc_frames *kept;
	unsigned count = 1;

	if (module)
		count = symbolizer_resolve(set->symbolizer, module, offset, pc->key & RT_PC_EXACT, frames,
		                           STACK_SET_FRAMES);
	kept = keep_frames(frames, count);
	kept->module = module ? (int64_t)pc->module : 0;
	kept->offset = offset;
	if (set->wrappers.count)
		mark_wrappers(set, kept);
	return kept;
}

const struct pc_frames *stack_set_frames(struct stack_set *set, uint32_t pc)
{
	if (!use_pc(set, pc))
		return NULL;
	if (pc >= set->frame_room)
		set->frames = memory_grow_zeroed(set->frames, &set->frame_room, pc + (size_t)1,
		                                 set->pc_count + (size_t)1, sizeof *set->frames);
	if (!set->frames[pc])
		set->frames[pc] = resolve(set, ring_file_pc(set->ring, pc));
	return set->frames[pc];
}

/* ---- walks ----------------------------------------------------------------------------------- */

static void walk_to(struct stack_walk *walk, uint32_t node)
{
	walk->place = NULL;
	walk->node = node;
	walk->frame = 0;
	if (walk->depth++ < RT_DEPTH_MOST && stack_set_has_node(walk->set, node) &&
	    ring_file_node(walk->set->ring, node, &walk->parent, &walk->pc))
		walk->place = stack_set_frames(walk->set, walk->pc);
}

struct stack_walk stack_walk(struct stack_set *set, uint32_t stack)
{
	struct stack_walk walk = {.set = set};

	walk_to(&walk, stack);
	return walk;
}

const struct symbol_frame *stack_walk_frame(const struct stack_walk *walk) { return &walk->place->frames[walk->frame]; }

void stack_walk_to_caller(struct stack_walk *walk) { walk_to(walk, walk->parent); }

void stack_walk_out(struct stack_walk *walk)
{
	if (++walk->frame >= walk->place->count)
		stack_walk_to_caller(walk);
}

/* ---- order ----------------------------------------------------------------------------------- */

static int by_id(const void *left, const void *right)
{
	return compare_numbers(*(const uint32_t *)left, *(const uint32_t *)right);
}

static void sort(struct id_list *list)
{
	if (list->count)
		qsort(list->ids, list->count, sizeof(*list->ids), by_id);
}

void stack_set_sort(struct stack_set *set)
{
	sort(&set->used_nodes);
	sort(&set->used_pcs);
}
