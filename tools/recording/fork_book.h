/*
 * The forks of a run: what the analysis of a parent knows of the locks that its children inherited (fork_locks.h) is
 * handed to the analyses of the children.  A fork outlives the recording of the parent.
 */
#ifndef RINGTAIL_RECORDING_FORK_BOOK_H
#define RINGTAIL_RECORDING_FORK_BOOK_H

#include "tools/analyse/locks/fork_locks.h"
#include "tools/recording/recording.h"

struct fork_book { /* zeroed: empty */
	struct fork_entry *entries;
	size_t count, room;
};

void fork_book_free(struct fork_book *book);
/* Takes the forks that the process has made since the last call. */
void fork_book_take(struct fork_book *book, struct recording *recording);
/* If the process was forked, and its fork is in the book, its analysis inherits the locks. */
void fork_book_give(const struct fork_book *book, struct recording *recording);

#endif
