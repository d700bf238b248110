/* The lock order graph as people can read it: by classes of locks, and the stacks that took them. */
#ifndef RINGTAIL_ANALYSE_ORDER_SITES_H
#define RINGTAIL_ANALYSE_ORDER_SITES_H

#include "tools/analyse/locks/lock_classes.h"
#include "tools/analyse/locks/lock_order.h"

#define ORDER_SITES_MOST 4096

/* Locks of one class were wanted at one place, by threads that held locks of another class, or of the same,
 * got at one place. */
struct order_site {
	uint32_t held_class, wanted_class; /* ids */
	uint32_t held_stack, wanted_stack;
	uint32_t pairs;        /* of locks for which that is so */
	uint32_t rank;         /* how many others of the same classes were seen before */
	uint32_t held, wanted; /* one of them: ids of the locks */
	/* Of the first time: */
	uint32_t thread;
	uint64_t at; /* stamp of the want */
};

/* To be freed; by rank and then time, so that each pair of classes is there before any has a second one. */
struct order_site *order_sites(const struct lock_order *order, struct lock_classes *classes, size_t *count);

#endif
