/*
 * From pthread_t to thread id.  A pthread_t is handed out again once its
 * thread has been joined, and that can be seen a moment before the record that
 * says it was joined: the joiner's WAIT tells whom it meant.
 */
#ifndef RINGTAIL_ANALYSE_PTHREAD_INDEX_H
#define RINGTAIL_ANALYSE_PTHREAD_INDEX_H

#include <stdbool.h>

#include "tools/base/u64_map.h"

struct pthread_entry {
	uint64_t pthread;
	uint32_t thread;
	uint32_t previous; /* index + 1 of the entry that had this pthread_t before */
	bool ended, gone;  /* gone: joined or detached */
};

struct pthread_index { /* zeroed: empty */
	struct u64_map by_pthread; /* index + 1 of the latest entry */
	struct u64_map by_thread;  /* index + 1 */
	struct u64_map joining;    /* joiner to thread + 1 */
	struct pthread_entry *items;
	size_t count, room;
};

void pthread_index_free(struct pthread_index *index);
/* The thread has this pthread_t from now on; saying so twice does no harm. */
void pthread_index_add(struct pthread_index *index, uint32_t thread, uint64_t pthread);
void pthread_index_ended(struct pthread_index *index, uint32_t thread);
void pthread_index_gone(struct pthread_index *index, uint32_t thread);
/* The thread that a call on this pthread_t means, 0 where it is not known. */
uint32_t pthread_index_find(const struct pthread_index *index, uint64_t pthread);
/* The thread that a call which has just returned joined or detached by this pthread_t, 0 likewise: another may have
 * the pthread_t by now. */
uint32_t pthread_index_settled(const struct pthread_index *index, uint64_t pthread);
/* joiner starts to wait for pthread / its join has returned.  Both return who is joined, 0: not known. */
uint32_t pthread_index_join_begins(struct pthread_index *index, uint32_t joiner, uint64_t pthread);
uint32_t pthread_index_join_ends(struct pthread_index *index, uint32_t joiner, uint64_t pthread);

#endif
