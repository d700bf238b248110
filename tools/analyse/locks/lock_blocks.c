#include "tools/analyse/locks/lock_blocks.h"

#include <stdlib.h>

#include "tools/base/memory.h"

void lock_block_note(struct heap_analysis *heap, struct lock_result *lock)
{
	if (heap && lock->block_stack == RT_STACK_NONE)
		heap_block_origin(heap, lock->address, &lock->block_stack, &lock->block_into);
}

void lock_block_note_ended(struct lock_result *lock, const struct ended_block *block)
{
	lock->block_stack = block->stack;
	lock->block_into = lock->address - block->address;
}

static bool is_asked_for(const struct lock *lock) { return !lock->ended && lock->result.block_stack == RT_STACK_NONE; }

void lock_blocks_note_all(struct lock_analysis *locks)
{
	const struct lock_table *table = &locks->table;
	struct block_question *questions;
	size_t count = 0;

	if (!locks->sources.heap)
		return;
	questions = memory_zeroed(table->count + 1, sizeof *questions);
	for (size_t i = 0; i < table->count; i++)
		if (is_asked_for(table->locks[i]))
			questions[count++] =
			    (struct block_question){.address = table->locks[i]->result.address, .of = table->locks[i]};
	heap_find_origins(locks->sources.heap, questions, count);
	for (size_t i = 0; i < count; i++) {
		struct lock *lock = questions[i].of;

		lock->result.block_stack = questions[i].stack;
		lock->result.block_into = questions[i].into;
	}
	free(questions);
}
