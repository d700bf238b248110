#include "tools/store/stack_set.h"

#include <stdlib.h>
#include <string.h>

static bool bit_test(const uint64_t *bits, uint32_t i) { return bits[i / 64] >> i % 64 & 1; }
static void bit_set(uint64_t *bits, uint32_t i) { bits[i / 64] |= UINT64_C(1) << i % 64; }

bool stack_set_new(struct stack_set *set, const struct ring_file *ring, struct symbolizer *symbolizer)
{
	uint64_t pcs = ring->header.pcs.count;

	memset(set, 0, sizeof(*set));
	set->ring = ring;
	set->symbolizer = symbolizer;
	set->pc_count = pcs < UINT32_MAX ? (uint32_t)pcs : UINT32_MAX - 1;
	set->node_limit = RT_STACK_MAX + 1;
	set->nodes = calloc(set->node_limit / 64 + 1, sizeof(*set->nodes));
	set->pcs = calloc(set->pc_count / 64 + 1, sizeof(*set->pcs));
	set->frames = calloc((size_t)set->pc_count + 1, sizeof(struct pc_frames *));
	if (set->nodes && set->pcs && set->frames)
		return true;
	stack_set_free(set);
	return false;
}

void stack_set_free(struct stack_set *set)
{
	/* Most of the tables was never touched, and is not touched now. */
	for (size_t i = 0; i < set->used_pcs.count; i++)
		free(set->frames[set->used_pcs.ids[i]]);
	free(set->used_pcs.ids);
	free(set->used_nodes.ids);
	free(set->frames);
	free(set->nodes);
	free(set->pcs);
	memset(set, 0, sizeof(*set));
}

bool stack_set_has_node(const struct stack_set *set, uint32_t node)
{
	return node >= RT_NODE_FIRST && node < set->node_limit && bit_test(set->nodes, node);
}

/* Marks an id and lists it, unless it is already; false without memory. */
static bool use(uint64_t *bits, struct id_list *list, uint32_t id)
{
	if (bit_test(bits, id))
		return true;
	if (list->count == list->room) {
		size_t room = list->room ? 2 * list->room : 256;
		uint32_t *larger = reallocarray(list->ids, room, sizeof(*larger));

		if (!larger)
			return false;
		list->ids = larger;
		list->room = room;
	}
	list->ids[list->count++] = id;
	bit_set(bits, id);
	return true;
}

static bool use_pc(struct stack_set *set, uint32_t pc)
{
	return pc <= set->pc_count && ring_file_pc(set->ring, pc) && use(set->pcs, &set->used_pcs, pc);
}

/* One node; its parent in *parent.  False where there is no such node. */
static bool use_node(struct stack_set *set, uint32_t node, uint32_t *parent)
{
	uint32_t pc;

	if (node >= set->node_limit || !ring_file_node(set->ring, node, parent, &pc))
		return false;
	return use_pc(set, pc) && use(set->nodes, &set->used_nodes, node);
}

bool stack_set_use(struct stack_set *set, uint32_t stack)
{
	uint32_t node = stack, parent;

	/* Stopping at a node that is known ends the walk on a cycle too. */
	while (node >= RT_NODE_FIRST && !stack_set_has_node(set, node)) {
		if (!use_node(set, node, &parent))
			break;
		node = parent;
	}
	return stack_set_has_node(set, stack);
}

static struct pc_frames *keep_frames(const struct symbol_frame *frames, unsigned count)
{
	struct pc_frames *kept = calloc(1, sizeof(*kept) + count * sizeof(frames[0]));

	if (!kept)
		return NULL;
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
	if (kept) {
		kept->module = module ? (int64_t)pc->module : 0;
		kept->offset = offset;
	}
	return kept;
}

const struct pc_frames *stack_set_frames(struct stack_set *set, uint32_t pc)
{
	if (!use_pc(set, pc))
		return NULL;
	if (!set->frames[pc])
		set->frames[pc] = resolve(set, ring_file_pc(set->ring, pc));
	return set->frames[pc];
}

static int by_id(const void *left, const void *right)
{
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;

	return a < b ? -1 : a > b;
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
