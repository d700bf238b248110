#include "tools/analyse/locks/lock_classes.h"

#include <stdlib.h>

#include "tools/analyse/locks/lock_table.h"
#include "tools/base/memory.h"

void lock_classes_free(struct lock_classes *classes)
{
	struct lock_class *class, *next;

	HASH_ITER(hh, classes->by_key, class, next)
	{
		HASH_DEL(classes->by_key, class);
		free(class);
	}
}

struct lock_class *lock_classes_get(struct lock_classes *classes, struct lock *lock)
{
	struct lock_class_key key = {lock->result.init_stack, lock->result.first_stack, lock->result.kind};
	struct lock_class *class;

	if (lock->class)
		return lock->class;
	HASH_FIND(hh, classes->by_key, &key, sizeof key, class);
	if (!class) {
		class = memory_zeroed(1, sizeof *class);
		class->key = key;
		class->id = HASH_COUNT(classes->by_key) + 1;
		HASH_ADD(hh, classes->by_key, key, sizeof class->key, class);
	}
	return lock->class = class;
}

/* first: the sum has no lock yet. */
static void add_block(struct lock_result *sum, const struct lock_result *one, bool first)
{
	if (first) {
		sum->block_stack = one->block_stack;
		sum->block_into = one->block_into;
		sum->blocks_differ = one->blocks_differ;
	} else if (one->blocks_differ || sum->block_stack != one->block_stack || sum->block_into != one->block_into) {
		sum->blocks_differ = true;
	}
	if (sum->blocks_differ)
		sum->block_stack = RT_STACK_NONE;
}

void lock_result_add(struct lock_result *sum, const struct lock_result *one)
{
	add_block(sum, one, !sum->id && !sum->folded);
	sum->acquisitions += one->acquisitions;
	sum->contended += one->contended;
	sum->failed += one->failed;
	sum->wait_ticks += one->wait_ticks;
	sum->hold_ticks += one->hold_ticks;
	if (one->hold_longest > sum->hold_longest)
		sum->hold_longest = one->hold_longest;
	if (one->wait_longest > sum->wait_longest) {
		sum->wait_longest = one->wait_longest;
		sum->worst_wait_stack = one->worst_wait_stack;
	}
	sum->folded += one->folded + 1;
}

struct lock_class_result *lock_classes_sum(struct lock_classes *classes, struct lock *const *locks, size_t lock_count,
                                           size_t *count)
{
	struct lock_class_result *results;

	for (size_t i = 0; i < lock_count; i++)
		lock_classes_get(classes, locks[i]);
	*count = HASH_COUNT(classes->by_key);
	results = memory_zeroed(*count, sizeof *results);
	for (size_t i = 0; i < lock_count; i++) {
		const struct lock_class *class = locks[i]->class;
		struct lock_class_result *result = &results[class->id - 1];

		result->id = class->id;
		result->initialised = locks[i]->init_seen;
		if (!result->sum.kind)
			result->sum = (struct lock_result){.kind = locks[i]->result.kind,
			                                   .init_stack = class->key.init_stack,
			                                   .first_stack = class->key.first_stack};
		lock_result_add(&result->sum, &locks[i]->result);
	}
	return results;
}
