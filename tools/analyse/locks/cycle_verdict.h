/*
 * Decides whether a cycle of the lock order can become a deadlock.
 *
 * The filters, in this order: modes, gate locks, threads, happens-before, one lock where edges meet.  Two read locks
 * that meet do not block each other, unless the lock lets writers go first and a writer can stand between them.  The
 * writer is a further thread of the deadlock: the filters are applied to it, too.
 */
#ifndef RINGTAIL_ANALYSE_CYCLE_VERDICT_H
#define RINGTAIL_ANALYSE_CYCLE_VERDICT_H

#include "tools/analyse/locks/lock_analysis.h"

enum cycle_verdict { /* in ascending order of how close a cycle is to a deadlock */
	             CYCLE_SHARED,
	             CYCLE_GATED,
	             CYCLE_TOO_FEW_THREADS,
	             CYCLE_ORDERED,
	             CYCLE_OF_OTHERS, /* one of its locks may be two (lock_uses.h) */
	             CYCLE_PREDICTED,
};

struct cycle_part { /* an edge, by the witness that supports the verdict */
	struct order_edge *edge;
	struct order_witness witness;
	const struct order_edge *writer; /* that stands before the lock which the edge wants; NULL: none needs to */
	struct order_witness writer_witness;
};

struct writer_index { /* the writers of lock_order, by lock */
	struct order_edge **items;
	size_t count;
};

void writer_index_make(struct writer_index *index, const struct lock_order *order);
void writer_index_free(struct writer_index *index);
/* True if some thread wants to write this lock. */
bool writer_index_has(const struct writer_index *index, const struct lock *lock);

/* The cycle's edges are in parts[i].edge: the lock that an edge wants is the lock that the next one holds.  Fills the
 * rest of parts. */
enum cycle_verdict cycle_judge(struct lock_analysis *locks, const struct writer_index *writers,
                               struct cycle_part *parts, size_t count);

#endif
