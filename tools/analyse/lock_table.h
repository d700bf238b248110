/*
 * The synchronisation objects of a process.  An object is (address,
 * generation): initialising it again, destroying it or freeing the block it
 * lies in ends a generation, and what comes at the address next is another.
 */
#ifndef RINGTAIL_ANALYSE_LOCK_TABLE_H
#define RINGTAIL_ANALYSE_LOCK_TABLE_H

#include "tools/analyse/locks.h"
#include "tools/analyse/u64_map.h"

struct lock {
	struct lock_result result; /* owner: who holds it exclusively now */
	uint32_t init_type;        /* PTHREAD_MUTEX_* */
	bool init_seen;
	bool used;  /* by anything but its initialisation */
	bool ended; /* its generation is over */
	uint32_t holders;   /* threads that hold it, in any mode */
	uint32_t edges_in, edges_out; /* of the lock order, as last counted */
	struct lock *page_next, *page_previous;
};

struct lock_place { /* an address */
	struct lock *lock;      /* the present generation, NULL between two */
	struct lock *latest;    /* the last one, for undoing its end */
	uint32_t generations;   /* so far */
};

struct lock_fold;

struct lock_table { /* zeroed: empty */
	struct u64_map by_address; /* index + 1 into places */
	struct lock_place *places;
	size_t place_count, place_room;
	struct u64_map by_page;    /* first lock of a page of 4096 bytes */
	uint64_t page_filter[64];  /* a bit for each hash of a page that ever held a lock */
	struct lock **locks;       /* in the order of their ids, but for those folded */
	size_t count, room;
	size_t ended;              /* of these */
	uint32_t last_id;
	struct lock_fold *folds;
};

void lock_table_free(struct lock_table *table);
/* NULL where nothing is known there. */
struct lock *lock_table_find(const struct lock_table *table, uint64_t address, uint8_t kind);
/* The lock that event is about; made where it is new. */
struct lock *lock_table_get(struct lock_table *table, uint64_t address, uint8_t kind, uint32_t stack);
struct lock *lock_table_init(struct lock_table *table, const struct event *event);
void lock_table_end(struct lock_table *table, struct lock *lock);
/* Its end did not happen after all. */
void lock_table_revive(struct lock_table *table, uint64_t address, uint8_t kind);
/* Ends all locks in [address, address + size). */
void lock_table_block_ended(struct lock_table *table, uint64_t address, uint64_t size);
/* Adds up the ended locks that nothing refers to with others of the same place in the code, and forgets them.
 * edges_in and edges_out must be up to date. */
void lock_table_fold(struct lock_table *table);

#endif
