/* A live block of the program's heap.  The analysis knows it from events; a scan finds its class. */
#ifndef RINGTAIL_FINDING_LIVE_BLOCK_H
#define RINGTAIL_FINDING_LIVE_BLOCK_H

#include <stdbool.h>
#include <stdint.h>

struct live_block {
	uint64_t address, size;
	uint32_t site;      /* where it was allocated: a number that means something to the maker of the list */
	uint8_t class;      /* enum leak_class, once a scan has found it */
	bool unproven : 1;  /* a missing event may have freed it; after a scan also: a block that leads to it */
	bool in_cycle : 1;  /* of a definite leak: pointers to starts lead from it through other blocks back to it */
	bool by_starts : 1; /* of an indirect leak: pointers to starts lead from its owner to it */
};

#endif
