/*
 * Lock classes: the locks of one kind that were made at one place in the code.  Where no initialisation was seen, the
 * place of the first use is taken instead.
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
	uint32_t id;       /* from 1, in the order in which lock_classes_get made them */
	struct lock *fold; /* the lock to which forgotten locks of the class are added; NULL: none yet */
	UT_hash_handle hh;
};

struct lock_classes { /* zeroed: empty */
	struct lock_class *by_key;
};

void lock_classes_free(struct lock_classes *classes);
/* The class of a lock that has been initialised or used.  It is made if it is new. */
struct lock_class *lock_classes_get(struct lock_classes *classes, struct lock *lock);
/* Adds the counts of one lock to a sum. */
void lock_result_add(struct lock_result *sum, const struct lock_result *one);
/* The sums of these locks by class, at index class->id - 1.  *count: the number of classes.  The caller frees the
 * array. */
struct lock_class_result *lock_classes_sum(struct lock_classes *classes, struct lock *const *locks, size_t lock_count,
                                           size_t *count);

#endif
