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
	return kept;
}

struct pc_frames *stack_set_frames(struct stack_set *set, uint32_t pc)
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
