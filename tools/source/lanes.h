/* All lanes of a ring file.  The reader finds them by reading the header of every chunk. */
#ifndef RINGTAIL_LANES_H
#define RINGTAIL_LANES_H

#include "tools/source/lane.h"

struct lanes {
	struct reading *reading;
	struct lane *table;       /* uthash, by number */
	struct chunk_ref **refs;  /* one for each chunk, allocated in blocks when the first of a block is used */
	struct chunk_ref **fresh; /* chunks that this poll has found and not queued yet */
	size_t fresh_count, fresh_room;
	bool handed_back; /* this reader has set chunks to DRAINED, not only an earlier one */
};

void lanes_init(struct lanes *lanes, struct reading *reading);
void lanes_free(struct lanes *lanes);
/* Reads all chunk headers: notes the records published since the last poll, and which lanes are writing now. */
void lanes_poll(struct lanes *lanes);
/* Call this for a queued chunk that the program has claimed again.  Goes on with the chunk to which the writer moved
 * the records.  False: there is no such chunk, the records were overwritten. */
bool lanes_follow(struct lanes *lanes, struct chunk_ref *ref);
/* The program publishes no more: each chunk is read to the end of its published records, then the next chunk. */
void lanes_seal(struct lanes *lanes);
/* The number of events that an earlier reader took and that the program has overwritten since. */
uint64_t lanes_taken_before(const struct lanes *lanes);

#endif
