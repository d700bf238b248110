/*
 * Finds the id of a thread by its pthread_t.  glibc uses a pthread_t again once its thread has been joined.  The new
 * thread can show up in the events just before the record of that join.  So the joiner's WAIT record tells which thread
 * it joins.
 */
#ifndef RINGTAIL_ANALYSE_PTHREAD_INDEX_H
#define RINGTAIL_ANALYSE_PTHREAD_INDEX_H

#include <stdbool.h>

#include "tools/base/u64_map.h"

struct pthread_entry {
	uint64_t pthread;
	uint32_t thread;
	uint32_t previous; /* index + 1 of the entry that had the same pthread_t before */
	bool ended, gone;  /* gone: joined or detached */
};

struct pthread_index {             /* zeroed: empty */
	struct u64_map by_pthread; /* index + 1 of the latest entry */
	struct u64_map by_thread;  /* index + 1 */
	struct u64_map joining;    /* from joiner to joined thread + 1 */
	struct pthread_entry *items;
	size_t count, room;
};

void pthread_index_free(struct pthread_index *index);
/* The thread has this pthread_t from now on.  A second call with the same values changes nothing. */
void pthread_index_add(struct pthread_index *index, uint32_t thread, uint64_t pthread);
void pthread_index_ended(struct pthread_index *index, uint32_t thread);
void pthread_index_gone(struct pthread_index *index, uint32_t thread);
/* The thread that a call on this pthread_t means; 0: not known. */
uint32_t pthread_index_find(const struct pthread_index *index, uint64_t pthread);
/* The thread that a call, which has just returned, joined or detached by this pthread_t; 0: not known.  Another thread
 * may have the pthread_t by now. */
uint32_t pthread_index_settled(const struct pthread_index *index, uint64_t pthread);
/* The joiner begins to wait for pthread; the joiner's join has returned.  Both return the joined thread; 0: not
 * known. */
uint32_t pthread_index_join_begins(struct pthread_index *index, uint32_t joiner, uint64_t pthread);
uint32_t pthread_index_join_ends(struct pthread_index *index, uint32_t joiner, uint64_t pthread);

#endif
