/* Shared by counted.c and the tests that check what was recorded of it. */
#ifndef TESTS_PROGRAMS_COUNTED_H
#define TESTS_PROGRAMS_COUNTED_H

#include <stdint.h>

#define COUNTED_FILE    "progress" /* in the program's working directory */
#define COUNTED_THREADS 3u
#define COUNTED_HELD    8u /* blocks that a thread has at a time */

struct counted_thread {
	uint64_t done; /* allocations whose call has returned */
	uint64_t pad[7];
};

struct counted {
	uint32_t pid;  /* 0 until the program is at work */
	uint32_t stop; /* the test sets it to end the program */
	uint64_t pad[7];
	struct counted_thread threads[COUNTED_THREADS]; /* thread ids 2, 3, ... */
};

/* The size of a thread's n-th allocation, from 1 on, so that each allocation tells its own number. */
static inline uint64_t counted_size(uint64_t n) { return 1 + n % 50000; }

#endif
