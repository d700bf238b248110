/* The state of the lock analyser, private to the files in this folder.  All other code uses locks.h and deadlock.h. */
#ifndef RINGTAIL_ANALYSE_LOCK_ANALYSIS_H
#define RINGTAIL_ANALYSE_LOCK_ANALYSIS_H

#include "tools/analyse/locks/contention.h"
#include "tools/analyse/locks/fork_locks.h"
#include "tools/analyse/locks/happens_before.h"
#include "tools/analyse/locks/lock_order.h"
#include "tools/analyse/locks/races.h"
#include "tools/analyse/locks/signal_stacks.h"
#include "tools/analyse/locks/sync_misuse.h"

struct freed_blocks { /* that had a lock in them; zeroed: none */
	struct freed_block *latest;
	uint64_t count;
};

struct lock_analysis {
	const struct ring_file *ring;
	struct lock_table table;
	struct lock_threads threads;
	struct lock_order order;
	struct happens_before before;
	struct lock_sources sources;
	struct sync_misuses misuses;
	uint64_t stamp;     /* of the present event */
	bool stamp_is_late; /* the event may have happened before the event before it: merge.h, `late` */
	struct races races;
	struct freed_blocks freed; /* freed_use.h */
	struct libc_uses *libc;    /* libc_state.h; NULL: none yet */
	bool forked; /* the process came from a fork: locks may be held whose acquisition was never seen */
	/* Until this stamp, calls of some modules may have passed unseen; 0: of none. */
	uint64_t unseen_until;
	uint64_t unseen;                   /* libraries of which that is so at present */
	struct deadlock_evidence evidence; /* at the end */
	uint64_t contentions;              /* waits for locks so far */
	struct contention contention;
	struct u64_map bases; /* of the frames of locks on stacks: lock_frames.h */
	uint32_t pid;
	struct fork_notes forks;      /* that this process makes */
	struct fork_locks inherited;  /* at the fork that made it; child 0: not known */
	uint64_t begun;               /* stamp of the first event */
	struct finding_list by_joins; /* predicted deadlocks of join_order.h */
	struct finding_list kept;     /* deadlocks that were confirmed while the process hung */
	size_t fold_at;               /* number of ended locks at which lock_table_fold is worth its time */
	struct lock_result *results;
	size_t result_count;
	struct lock_class_result *classes;
	size_t class_count;
	struct order_site *orders;
	size_t order_count;
};

#endif
