/*
 * Three threads fill the tree of stacks at once, under ThreadSanitizer.  All add the same nodes: long chains, one
 * parent of a hundred thousand children, and bushes.  All threads must get the same id for a node, and no id twice.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "shim/cfi.h"
#include "shim/modules.h"
#include "shim/process.h"
#include "shim/ring_map.h"
#include "shim/stack_table.h"
#include "shim/unwind.h"

#define THREADS 3u
#define NODES   300000u

/* ---- other parts of the shim that the table needs ------------------------------------------------ */

static struct process the_process;
struct process *process = &the_process;
bool sys_restricted, sys_filtered;
bool ring_map_reach(const void *at, size_t bytes) { return true; } /* all of it is mapped */

bool cfi_object(uintptr_t pc, struct dl_find_object *object) { return (void)pc, (void)object, false; }
uint32_t modules_index(const struct dl_find_object *object) { return (void)object, 0; }

stack_rule unwind_rule(const struct dl_find_object *object, uintptr_t pc, bool exact)
{
	return (void)object, (void)pc, (void)exact, UNWIND_NONE;
}

/* ---- the tree -------------------------------------------------------------------------------- */

/* The parent of the i-th node: the number of an earlier node; 0: the node is an outermost frame. */
static uint32_t parent_of(uint32_t i)
{
	switch (i % 3) {
	case 0:
		return i < 3 ? 0 : i - 3; /* a long chain */
	case 1:
		return i < 2 ? 0 : 1; /* one parent of very many */
	default:
		return i / 2; /* a bush */
	}
}

static pthread_barrier_t start;

static void *add_tree(void *all)
{
	uint32_t *ids = all;

	pthread_barrier_wait(&start);
	for (uint32_t i = 0; i < NODES; i++) {
		uint32_t parent = parent_of(i);
		ids[i] = stack_table_node(i && parent < i ? ids[parent] : RT_ROOT_COMPLETE, i + 1);
	}
	return NULL;
}

static uint32_t ids[THREADS][NODES];

static void add_by_all(void)
{
	pthread_t threads[THREADS];

	pthread_barrier_init(&start, NULL, THREADS);
	for (unsigned i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, add_tree, ids[i]);
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

/* ---- the result ----------------------------------------------------------------------- */

static bool is_same_for_all(uint32_t node)
{
	for (unsigned i = 1; i < THREADS; i++)
		if (ids[i][node] != ids[0][node])
			return false;
	return ids[0][node] >= RT_NODE_FIRST;
}

/* True if all ids fit into the bits that the caches have for them. */
static bool ids_fit(void)
{
	return stack_table_pcs(PC_LEVELS) < 1u << STACK_PC_BITS &&
	       RT_NODE_FIRST + stack_table_nodes(NODE_LEVELS) <= 1u << STACK_NODE_BITS;
}

int main(void)
{
	size_t count = stack_table_nodes(NODE_LEVELS), used = 0, unequal = 0;
	process->node_levels = NODE_LEVELS;
	process->header = calloc(1, sizeof *process->header);
	process->nodes = mmap(NULL, count * sizeof *process->nodes, PROT_READ | PROT_WRITE,
	                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	add_by_all();
	for (uint32_t i = 0; i < NODES; i++)
		unequal += !is_same_for_all(i);
	for (size_t i = 0; i < count; i++)
		used += process->nodes[i] != 0;
	printf("unequal %zu, used %zu, lost %lu\n", unequal, used, (unsigned long)process->header->stacks_lost);
	return unequal || used != NODES || !ids_fit();
}
