/* In which block of the heap a lock lies: a lock that is in no variable is named by the code that allocated the block.
 */
#ifndef RINGTAIL_ANALYSE_LOCK_BLOCKS_H
#define RINGTAIL_ANALYSE_LOCK_BLOCKS_H

#include "tools/analyse/heap/heap.h"
#include "tools/analyse/locks/lock_analysis.h"

/* The lock is in use now, so a live block around it is its own.  Searches, unless the block is known already.  heap may
 * be NULL. */
void lock_block_note(struct heap_analysis *heap, struct lock_result *lock);
/* The block that has just ended contained the lock. */
void lock_block_note_ended(struct lock_result *lock, const struct ended_block *block);
/* Searches the live blocks for all locks of which it is not known.  Call this at the end. */
void lock_blocks_note_all(struct lock_analysis *locks);

#endif
