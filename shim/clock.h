/*
 * The ring's clock.  The time stamp counter where it is invariant (it then runs
 * at one rate on all cores, CPUID 8000_0007h EDX bit 8; Intel SDM 18.17, AMD
 * APM 13.2.4), else CLOCK_MONOTONIC_RAW in nanoseconds.
 */
#ifndef RINGTAIL_CLOCK_H
#define RINGTAIL_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "shim/atomics.h"
#include "shim/format.h"

extern __attribute__((visibility("hidden"))) bool rt_clock_is_counter;

/* Decides which clock is used; once, at start. */
void clock_choose(void);

static inline uint64_t clock_ns(clockid_t id)
{
	struct timespec now;
	clock_gettime(id, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/*
 * Everything before it in the program is done before the counter is read after it.  The counter is read out of order
 * like any other instruction: without the fence a free may be stamped before the load has come back that brought its
 * block from another thread, and so before the block's malloc (Intel SDM, "RDTSC"; AMD APM, dispatch-serialising
 * LFENCE).
 */
static inline void clock_fence(void)
{
#if defined(__x86_64__)
	__builtin_ia32_lfence();
#elif defined(__aarch64__)
	__asm__ volatile("isb" : : : "memory");
#endif
}

/* Now, in ticks.  Any thread, any signal handler. */
static inline uint64_t clock_ticks(void)
{
	if (unlikely(!rt_clock_is_counter))
		return clock_ns(CLOCK_MONOTONIC_RAW);
	return rt_counter();
}

static inline struct rt_clock_pair clock_pair(void)
{
	struct rt_clock_pair pair = {clock_ticks(), clock_ns(CLOCK_MONOTONIC_RAW)};
	return pair;
}

#endif
