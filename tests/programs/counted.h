/* What counted.c and those who check what was recorded of it agree on. */
#ifndef TESTS_PROGRAMS_COUNTED_H
#define TESTS_PROGRAMS_COUNTED_H

#include <stdint.h>

#define COUNTED_FILE    "progress" /* in the directory where it runs */
#define COUNTED_THREADS 3u
#define COUNTED_HELD    8u /* blocks that a thread has at a time */

struct counted_thread {
	uint64_t done; /* allocations whose call has returned */
	uint64_t pad[7];
};

struct counted {
	uint32_t pid; /* 0 until it is at work */
	uint32_t stop; /* set by others: it is to end */
	uint64_t pad[7];
	struct counted_thread threads[COUNTED_THREADS]; /* thread ids 2, 3, ... */
};

/* Of a thread's n-th allocation, from 1 on: each tells its own number. */
static inline uint64_t counted_size(uint64_t n) { return 1 + n % 50000; }

#endif
