#include "shim/stack_table.h"

#include <errno.h>

#include "shim/atomics.h"
#include "shim/cfi.h"
#include "shim/modules.h"
#include "shim/process.h"
#include "shim/ring_map.h"
#include "shim/sys.h"
#include "shim/unwind.h"

#define PC_GROUP   4
#define PC_PROBES  64   /* groups of one level that one address of many epochs may take */
#define NODE_GROUP 8    /* a cache line */
#define NODE_PAGE  512u /* 4096 bytes; the sizes of levels are multiples */

/* Powers of two.  There are few levels, since a search for a key goes through all levels before the key's own. */
static const uint32_t pc_level_size[PC_LEVELS] = {1024, 16384, 131072, 1048576};
static const uint32_t node_level_size[NODE_LEVELS] = {4096, 65536, 262144, 1048576, 4194304, 8388608};

/* Groups of a level that a node may be in.  One in small levels, which are soon full and then cost each key one probe.
 * More in large levels, where a full group would open the next level, which has many pages. */
static const unsigned node_level_probes[NODE_LEVELS] = {1, 1, 3, 3, 3, 3};

static uint32_t sum(const uint32_t *sizes, unsigned levels)
{
	uint32_t total = 0;
	while (levels--)
		total += sizes[levels];
	return total;
}

uint32_t stack_table_pcs(unsigned levels) { return sum(pc_level_size, levels); }
/* The sum over all levels fits into the 24 bits of a record. */
uint32_t stack_table_nodes(unsigned levels) { return sum(node_level_size, levels); }

static uint64_t mix(uint64_t key)
{
	key *= UINT64_C(0x9e3779b97f4a7c15); /* 2^64 / golden ratio */
	return key ^ key >> 29;
}

static uint64_t group_start(uint64_t hash, uint32_t level_size, uint32_t group_size)
{
	return (hash >> 20) & (level_size - group_size);
}

/* Gives a level its pages before its first use, so that a full disk shows here. */
static bool level_ready(uint32_t *ready, unsigned level, void *start, uint64_t bytes)
{
	if (load_relaxed(ready) & 1u << level)
		return true;
	uintptr_t from = (uintptr_t)start & ~UINT64_C(4095);
	uint64_t length = ((uintptr_t)start + bytes + 4095 - from) & ~UINT64_C(4095);
	if (!ring_map_reach((void *)from, length) || !sys_populate((void *)from, length))
		return false;
	__atomic_fetch_or(ready, 1u << level, __ATOMIC_RELAXED);
	return true;
}

/* The slot that has the key, or gets it now; NULL: the group is full of other keys. */
static uint64_t *claim_in_group(uint64_t *slot, unsigned count, unsigned stride, uint64_t key)
{
	for (unsigned i = 0; i < count; i++, slot += stride) {
		uint64_t held = load_acquire(slot);
		if (!held && cas_acq_rel(slot, 0, key))
			return slot;
		if (!held)
			held = load_acquire(slot);
		if (held == key)
			return slot;
	}
	return NULL;
}

/* A child is put into its parent's page while there is room, so that the nodes of related stacks touch few pages.
 * There can be a million nodes, and the processor's TLB holds few small pages. */
static uint64_t *claim_beside(uint32_t parent, uint64_t hash, uint64_t key)
{
	if (parent < RT_NODE_FIRST)
		return NULL;
	uint64_t *page = process->nodes + ((parent - RT_NODE_FIRST) & ~(NODE_PAGE - 1));
	return claim_in_group(page + (hash >> 8 & (NODE_PAGE - NODE_GROUP)), NODE_GROUP, 1, key);
}

static uint64_t *node_group(uint64_t *level, unsigned number, uint64_t hash, unsigned probe)
{
	return level + group_start(hash >> 7 * probe, node_level_size[number], NODE_GROUP);
}

static uint64_t *claim_in_level(uint64_t *level, unsigned number, uint64_t hash, uint64_t key)
{
	uint64_t *slot = NULL;
	for (unsigned i = 0; i < node_level_probes[number] && !slot; i++)
		slot = claim_in_group(node_group(level, number, hash, i), NODE_GROUP, 1, key);
	return slot;
}

/* A key that is not in the first level costs a cache miss for each level.  Prefetching makes these misses happen at the
 * same time. */
static inline void fetch_groups(uint64_t hash)
{
	uint32_t ready = load_relaxed(&process->node_levels_ready);
	uint64_t *level = process->nodes;
	for (unsigned i = 0; ready >> i & 1; level += node_level_size[i++])
		__builtin_prefetch(node_group(level, i, hash, 0));
}

static uint64_t *claim_in_levels(uint64_t hash, uint64_t key)
{
	uint64_t *level = process->nodes, *slot = NULL;

	fetch_groups(hash);
	for (unsigned i = 0; i < process->node_levels && !slot; level += node_level_size[i++]) {
		if (!level_ready(&process->node_levels_ready, i, level, (uint64_t)node_level_size[i] * sizeof *level))
			break;
		slot = claim_in_level(level, i, hash, key);
	}
	return slot;
}

/* A key is in the first of its groups that had room when it came.  Groups that are full stay full, so a search for it
 * comes to that one. */
uint32_t stack_table_node(uint32_t parent, uint32_t pc_id)
{
	uint64_t key = (uint64_t)parent << 32 | pc_id;
	uint64_t hash = mix(key);

	if (!pc_id)
		return 0;
	uint64_t *slot = claim_beside(parent, hash, key);
	if (!slot)
		slot = claim_in_levels(hash, key);
	if (slot)
		return (uint32_t)(slot - process->nodes) + RT_NODE_FIRST;
	fetch_add_relaxed(&process->header->stacks_lost, 1);
	return 0;
}

/* Slots of a group are filled from the front, so the first free one ends the search. */
static uint64_t *find_in_group(uint64_t *slot, unsigned count, unsigned stride, uint64_t key, bool *is_new)
{
	for (unsigned i = 0; i < count; i++, slot += stride) {
		uint64_t held = load_acquire(slot);
		if (held == key)
			return slot;
		if (!held) {
			*is_new = true;
			return NULL;
		}
	}
	return NULL;
}

static bool holds_dead(const struct rt_pc *group, uint64_t key)
{
	for (unsigned i = 0; i < PC_GROUP; i++)
		if (load_relaxed(&group[i].key) == (key | RT_PC_DEAD))
			return true;
	return false;
}

/* If a group is full, perhaps with this address in earlier epochs, the key may be in the groups behind it.  Otherwise
 * libraries that are loaded in turns at one place would use up its groups of all levels. */
static uint64_t *slot_in_level(struct rt_pc *level, uint32_t size, uint64_t key, bool add, bool *is_new)
{
	unsigned stride = sizeof *level / sizeof(uint64_t);
	uint64_t first = group_start(mix(key), size, PC_GROUP);

	for (unsigned i = 0; i < PC_PROBES; i++) {
		struct rt_pc *group = level + ((first + i * PC_GROUP) & (size - PC_GROUP));
		uint64_t *slot = add ? claim_in_group(&group->key, PC_GROUP, stride, key)
		                     : find_in_group(&group->key, PC_GROUP, stride, key, is_new);
		if (slot || *is_new || likely(!holds_dead(group, key)))
			return slot;
	}
	return NULL;
}

/* The entry of a key.  If there is none: NULL, or, with add, a new one.  NULL with add: there is no room. */
static struct rt_pc *pc_entry(uint64_t key, bool add)
{
	struct rt_pc *level = process->pcs;
	bool is_new = false;

	for (unsigned i = 0; i < process->pc_levels && !is_new; level += pc_level_size[i++]) {
		if (!add && !(load_relaxed(&process->pc_levels_ready) & 1u << i))
			break;
		if (!level_ready(&process->pc_levels_ready, i, level, (uint64_t)pc_level_size[i] * sizeof *level))
			break;
		uint64_t *slot = slot_in_level(level, pc_level_size[i], key, add, &is_new);
		if (slot)
			return (struct rt_pc *)slot;
	}
	return NULL;
}

/* The module comes first: a library that is back brings this very address back.  Idempotent: a thread that meets
 * an incomplete entry completes it, and all write the same. */
static __attribute__((noinline)) struct rt_pc *add_pc(uint64_t key, uintptr_t pc, bool exact)
{
	struct dl_find_object object;
	bool found = cfi_object(exact ? pc : pc - 1, &object);
	uint32_t module = found ? modules_index(&object) : 0;
	struct rt_pc *entry = pc_entry(key, true);

	if (!entry)
		return NULL;
	store_relaxed(&entry->module, module);
	store_release(&entry->rule, unwind_rule(found ? &object : NULL, pc, exact));
	return entry;
}

struct stack_pc stack_table_pc(uintptr_t pc, bool exact)
{
	uint64_t key = (pc & RT_PC_ADDRESS) | RT_PC_USED | (exact ? RT_PC_EXACT : 0);
	struct rt_pc *entry = pc_entry(key, false);

	if (!entry || !load_acquire(&entry->rule))
		entry = add_pc(key, pc, exact);
	if (entry)
		return (struct stack_pc){(uint32_t)(entry - process->pcs) + 1, load_relaxed(&entry->rule)};
	fetch_add_relaxed(&process->header->stacks_lost, 1);
	return (struct stack_pc){0, UNWIND_NONE};
}

/* The addresses that die or live again when a library is unloaded or loaded. */
struct burial {
	uintptr_t start, end; /* the addresses that die */
	uint32_t module;      /* if not 0: the module whose dead addresses live again instead */
};

static inline void bury_or_revive(struct rt_pc *pc, const struct burial *burial)
{
	uint64_t key = load_relaxed(&pc->key);
	uintptr_t address = key & RT_PC_ADDRESS;
	bool dead = key & RT_PC_DEAD;

	if (burial->module ? dead && load_relaxed(&pc->module) == burial->module
	                   : key && !dead && address >= burial->start && address <= burial->end)
		store_release(&pc->key, key ^ RT_PC_DEAD);
}

static void each_pc(const struct burial *burial)
{
	struct rt_pc *level = process->pcs;
	for (unsigned i = 0; i < process->pc_levels; level += pc_level_size[i++]) {
		if (!(load_relaxed(&process->pc_levels_ready) & 1u << i))
			continue;
		for (uint32_t k = 0; k < pc_level_size[i]; k++)
			bury_or_revive(&level[k], burial);
	}
}

void stack_table_bury(uintptr_t start, uintptr_t end) { each_pc(&(struct burial){start, end, 0}); }

void stack_table_revive(uint32_t module) { each_pc(&(struct burial){0, 0, module}); }
