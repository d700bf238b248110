/* A block of the program's heap that is live: the analysis knows it from events, a scan classes it. */
#ifndef RINGTAIL_FINDING_LIVE_BLOCK_H
#define RINGTAIL_FINDING_LIVE_BLOCK_H

#include <stdint.h>

struct live_block {
	uint64_t address, size;
	uint32_t site; /* who allocated it: the caller's own number */
	uint32_t class; /* enum leak_class, once that is known */
};

#endif
