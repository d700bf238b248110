/* Cycles of the lock order graph, of any length, shortest first. */
#ifndef RINGTAIL_ANALYSE_LOCK_CYCLES_H
#define RINGTAIL_ANALYSE_LOCK_CYCLES_H

#include "tools/analyse/lock_order.h"

/* edges[i]->wanted is edges[i + 1]->held, and the last one's is the first one's. */
typedef void cycle_sink(void *context, struct order_edge *const *edges, size_t count);

/* Gives every simple cycle to sink, once.  False where there are so many that some were left out. */
bool lock_cycles(const struct lock_order *order, uint64_t budget, cycle_sink *sink, void *context);

#endif
