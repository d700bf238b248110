#include "tools/source/added_stacks.h"

#include <stdlib.h>

#include "tools/base/memory.h"
#include "tools/base/u64_map.h"

struct added_stacks {
	struct rt_pc *pcs;
	size_t pc_count, pc_room;
	uint64_t *nodes; /* as in the ring: parent << 32 | pc id */
	size_t node_count, node_room;
	struct u64_map pc_ids;   /* by key and module */
	struct u64_map node_ids; /* by node */
};

void added_stacks_free(struct added_stacks *added)
{
	if (!added)
		return;
	u64_map_free(&added->pc_ids);
	u64_map_free(&added->node_ids);
	free(added->pcs);
	free(added->nodes);
	free(added);
}

const struct rt_pc *added_stacks_pc(const struct added_stacks *added, uint64_t i)
{
	return added && i < added->pc_count ? &added->pcs[i] : NULL;
}

const uint64_t *added_stacks_node(const struct added_stacks *added, uint64_t i)
{
	return added && i < added->node_count ? &added->nodes[i] : NULL;
}

size_t added_stacks_pcs(const struct added_stacks *added) { return added ? added->pc_count : 0; }

/* 0: there is no id left. */
static uint32_t pc_id(const struct ring_file *ring, uint64_t address, bool exact, uint64_t stamp)
{
	struct added_stacks *added = ring->added;
	uint32_t module = 0;
	uint64_t key = (address & RT_PC_ADDRESS) | RT_PC_USED | (exact ? RT_PC_EXACT : 0);

	ring_file_module_around(ring, address, stamp, &module);
	uint64_t mixed = u64_mix(key) ^ module, known = u64_map_get(&added->pc_ids, mixed);
	if (known)
		return (uint32_t)known;
	uint64_t id = ring->header.pcs.count + added->pc_count + 1;
	if (id >= UINT32_MAX)
		return 0;
	GROW(added->pcs, added->pc_room, added->pc_count + 1);
	added->pcs[added->pc_count++] = (struct rt_pc){.key = key, .module = module};
	u64_map_put(&added->pc_ids, mixed, id);
	return (uint32_t)id;
}

static uint32_t node_id(const struct ring_file *ring, uint32_t parent, uint32_t pc)
{
	struct added_stacks *added = ring->added;
	uint64_t node = (uint64_t)parent << 32 | pc, known = u64_map_get(&added->node_ids, node);

	if (known)
		return (uint32_t)known;
	uint64_t id = RT_NODE_FIRST + ring->header.nodes.count + added->node_count;
	if (!pc || id > RT_STACK_MAX)
		return RT_STACK_NONE;
	GROW(added->nodes, added->node_room, added->node_count + 1);
	added->nodes[added->node_count++] = node;
	u64_map_put(&added->node_ids, node, id);
	return (uint32_t)id;
}

uint32_t added_stacks_put(struct ring_file *ring, const uint64_t *addresses, unsigned count, uint32_t root,
                          uint64_t stamp)
{
	uint32_t stack = root;

	if (!count)
		return RT_STACK_NONE;
	if (!ring->added)
		ring->added = memory_zeroed(1, sizeof *ring->added);
	for (unsigned i = count; i-- > 0 && stack != RT_STACK_NONE;)
		stack = node_id(ring, stack, pc_id(ring, addresses[i], i == 0, stamp));
	return stack;
}
