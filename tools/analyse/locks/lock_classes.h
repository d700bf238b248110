/*
 * Lock classes: locks of one kind that were made at one place in the code.  Where no initialisation was seen,
 * the place of their first use stands for it.
 */
#ifndef RINGTAIL_ANALYSE_LOCK_CLASSES_H
#define RINGTAIL_ANALYSE_LOCK_CLASSES_H

#include <uthash.h>

#include "tools/analyse/locks/locks.h"

struct lock;

struct lock_class_key {
	uint32_t init_stack, first_stack, kind;
};

struct lock_class {
	struct lock_class_key key;
	uint32_t id;       /* from 1, in the order in which they were asked for */
	struct lock *fold; /* that those which are forgotten are added to; NULL: none yet */
	UT_hash_handle hh;
};

struct lock_classes { /* zeroed: empty */
	struct lock_class *by_key;
};

void lock_classes_free(struct lock_classes *classes);
/* The class of a lock that has been initialised or used; made where it is new. */
struct lock_class *lock_classes_get(struct lock_classes *classes, struct lock *lock);
/* One lock's numbers added to those of others. */
void lock_result_add(struct lock_result *sum, const struct lock_result *one);
/* Sums over the classes of these locks, by class->id - 1; to be freed.  *count: how many classes there are.
 */
struct lock_class_result *lock_classes_sum(struct lock_classes *classes, struct lock *const *locks,
                                           size_t lock_count, size_t *count);

#endif
