/* All lanes of a ring file, found by looking at every chunk's header. */
#ifndef RINGTAIL_LANES_H
#define RINGTAIL_LANES_H

#include "tools/source/lane.h"

struct lanes {
	struct reading *reading;
	struct lane *table;       /* uthash, by number */
	struct chunk_ref **refs;  /* one for each chunk, in blocks that are made when the first of a block is used */
	struct chunk_ref **fresh; /* found in this look, not queued yet */
	size_t fresh_count, fresh_room;
	bool handed_back; /* chunks in state DRAINED may be our own work */
};

void lanes_init(struct lanes *lanes, struct reading *reading);
void lanes_free(struct lanes *lanes);
/* Takes in what has been published since the last look, and which lanes are writing at this moment. */
void lanes_look(struct lanes *lanes);
/* A queued chunk is not what it was any more: goes on with the one that its writer has moved it to.  False: there is none,
 * it was overwritten. */
bool lanes_follow(struct lanes *lanes, struct chunk_ref *ref);
/* Nothing will follow any chunk: each is read to what is published, then the next. */
void lanes_seal(struct lanes *lanes);
/* Events that an earlier reader took and that have been overwritten since. */
uint64_t lanes_taken_before(const struct lanes *lanes);

#endif
