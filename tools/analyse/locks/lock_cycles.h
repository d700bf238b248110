/* Cycles of the lock order graph, of any length, shortest first. */
#ifndef RINGTAIL_ANALYSE_LOCK_CYCLES_H
#define RINGTAIL_ANALYSE_LOCK_CYCLES_H

#include "tools/analyse/locks/lock_order.h"

struct cycle_visitor {
	void *context;
	/* A cycle: edges[i]->wanted is edges[i + 1]->held, and the last one's is the first one's. */
	void (*cycle)(void *context, struct order_edge *const *edges, size_t count);
	/* All cycles of one length have been visited. */
	void (*length_done)(void *context);
	/* True if the edge appears in a cycle that was reported. */
	bool (*is_told)(void *context, const struct order_edge *edge);
};

/* Gives every simple cycle to the visitor, once.  It skips longer cycles among locks between which all edges already
 * appear in reported cycles.  budget bounds the search; false: some cycles were left out because it was used up. */
bool lock_cycles(const struct lock_order *order, uint64_t budget, const struct cycle_visitor *visitor);

#endif
