/* The lock order graph in a form for readers: edges between classes of locks, with the stacks that took the locks. */
#ifndef RINGTAIL_ANALYSE_ORDER_SITES_H
#define RINGTAIL_ANALYSE_ORDER_SITES_H

#include "tools/analyse/locks/lock_classes.h"
#include "tools/analyse/locks/lock_order.h"

#define ORDER_SITES_MOST 4096

/* At one place, threads wanted locks of one class while they held locks of another class, or of the same, which they
 * had acquired at one place. */
struct order_site {
	uint32_t held_class, wanted_class; /* ids */
	uint32_t held_stack, wanted_stack;
	uint32_t pairs;        /* number of such pairs of locks */
	uint32_t rank;         /* how many order sites of the same two classes were seen earlier */
	uint32_t held, wanted; /* ids of one of these pairs */
	/* When it was first seen: */
	uint32_t thread;
	uint64_t at; /* stamp of the want */
};

/* All order sites, sorted by rank and then by time, so that each pair of classes appears once before any appears twice.
 * The caller frees the array. */
struct order_site *order_sites(const struct lock_order *order, struct lock_classes *classes, size_t *count);

#endif
