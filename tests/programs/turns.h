/*
 * Threads that come one after the other, without a call that the shim sees, however busy the machine is.  Serves C and
 * C++.
 */
#ifndef TESTS_PROGRAMS_TURNS_H
#define TESTS_PROGRAMS_TURNS_H

#include <stdbool.h>
#include <unistd.h>

/* The number of threads that are done with their locks. */
static unsigned threads_through __attribute__((unused));

static inline void through(void) { __atomic_add_fetch(&threads_through, 1, __ATOMIC_RELEASE); }

static inline bool are_through(unsigned count) { return __atomic_load_n(&threads_through, __ATOMIC_ACQUIRE) >= count; }

static inline void await_through(unsigned count)
{
	while (!are_through(count))
		usleep(1000);
}

/* The same for a program that may run under --confirm, which may hold up the other threads until the caller comes: so
 * the caller waits for a limited time. */
static inline void give_way(unsigned count)
{
	for (int i = 0; i < 300 && !are_through(count); i++)
		usleep(1000);
}

#endif
