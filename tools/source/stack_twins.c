#include "tools/source/stack_twins.h"

#include <stdlib.h>
#include <string.h>

#include "tools/base/memory.h"

#define FRAMES_MOST  4096u /* of one stack; a hostile file may hold a cycle */
#define MODULE_SHIFT 48
#define EXACT        (UINT64_C(1) << 47)

void stack_twins_free(struct stack_twins *twins)
{
	free(twins->first_of);
	free(twins->firsts);
	u64_map_free(&twins->pcs);
	u64_map_free(&twins->nodes);
	*twins = (struct stack_twins){.ring = twins->ring};
}

/* ---- modules ------------------------------------------------------------------------------- */

static bool are_twins(const struct rt_module *a, const struct rt_module *b)
{
	return a && b && a->build_id_bytes && a->build_id_bytes == b->build_id_bytes &&
	       !memcmp(a->build_id, b->build_id, sizeof a->build_id) && !strncmp(a->path, b->path, sizeof a->path);
}

static uint32_t first_twin(const struct ring_file *ring, uint32_t index)
{
	const struct rt_module *module = ring_file_module(ring, index);

	for (uint32_t i = 0; i < index; i++)
		if (are_twins(ring_file_module(ring, i), module))
			return i;
	return index;
}

bool stack_twins_look(struct stack_twins *twins)
{
	uint32_t count = twins->ring->map ? ring_file_modules(twins->ring) : 0;
	bool before = twins->any;

	if (count <= twins->modules)
		return false;
	GROW(twins->first_of, twins->module_room, count);
	for (; twins->modules < count && ring_file_module(twins->ring, twins->modules); twins->modules++) {
		twins->first_of[twins->modules] = first_twin(twins->ring, twins->modules);
		twins->any |= twins->first_of[twins->modules] != twins->modules;
	}
	return twins->any && !before;
}

/* ---- stacks -------------------------------------------------------------------------------- */

static uint32_t first_pc(struct stack_twins *twins, uint32_t id)
{
	const struct rt_pc *pc = ring_file_pc(twins->ring, id);
	const struct rt_module *module =
	    pc && pc->module && pc->module <= twins->modules ? ring_file_module(twins->ring, pc->module - 1) : NULL;
	uint64_t key, found;

	if (!module)
		return id;
	key = (pc->key & RT_PC_ADDRESS) - module->bias;
	key = (key & (EXACT - 1)) | (pc->key & RT_PC_EXACT ? EXACT : 0);
	key |= (uint64_t)(twins->first_of[pc->module - 1] + 1) << MODULE_SHIFT;
	found = u64_map_get(&twins->pcs, key);
	if (!found)
		u64_map_put(&twins->pcs, key, found = id);
	return (uint32_t)found;
}

static uint32_t known(const struct stack_twins *twins, uint32_t stack)
{
	return stack < RT_NODE_FIRST ? stack : stack < twins->stack_room ? twins->firsts[stack] : 0;
}

static void know(struct stack_twins *twins, uint32_t stack, uint32_t first)
{
	if (stack >= twins->stack_room)
		twins->firsts = memory_grow_zeroed(twins->firsts, &twins->stack_room, stack + (size_t)1,
		                                   RT_STACK_MAX + (size_t)1, sizeof *twins->firsts);
	twins->firsts[stack] = first;
}

static uint32_t first_node(struct stack_twins *twins, uint32_t stack, uint32_t parent, uint32_t pc)
{
	uint64_t key = (uint64_t)parent << 32 | first_pc(twins, pc), found = u64_map_get(&twins->nodes, key);

	if (!found)
		u64_map_put(&twins->nodes, key, found = stack);
	return (uint32_t)found;
}

uint32_t stack_twins_first(struct stack_twins *twins, uint32_t stack)
{
	uint32_t path[FRAMES_MOST], parent = 0, pc, at = stack;
	unsigned frames = 0;

	if (!twins->any || stack > RT_STACK_MAX)
		return stack;
	while (frames < FRAMES_MOST && !known(twins, at) && ring_file_node(twins->ring, at, &parent, &pc)) {
		path[frames++] = at;
		at = parent;
	}
	uint32_t first = known(twins, at) ? known(twins, at) : at;
	while (frames > 0) {
		ring_file_node(twins->ring, path[--frames], &parent, &pc);
		first = first_node(twins, path[frames], first, pc);
		know(twins, path[frames], first);
	}
	return known(twins, stack) ? known(twins, stack) : stack;
}
