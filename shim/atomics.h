/*
 * Atomics whose names state their order, for C's __atomic builtins.  Nothing in
 * the shim touches shared memory without one of these.
 */
#ifndef RINGTAIL_ATOMICS_H
#define RINGTAIL_ATOMICS_H

#include <stdbool.h>
#include <stdint.h>

#define load_relaxed(p)         __atomic_load_n(p, __ATOMIC_RELAXED)
#define load_acquire(p)         __atomic_load_n(p, __ATOMIC_ACQUIRE)
#define store_relaxed(p, v)     __atomic_store_n(p, v, __ATOMIC_RELAXED)
#define store_release(p, v)     __atomic_store_n(p, v, __ATOMIC_RELEASE)
#define fetch_add_relaxed(p, v) __atomic_fetch_add(p, v, __ATOMIC_RELAXED)
#define fetch_add_acq_rel(p, v) __atomic_fetch_add(p, v, __ATOMIC_ACQ_REL)

/* True when *p was `expected` and is now `desired`. */
#define cas_acq_rel(p, expected, desired)                                                                              \
	__extension__({                                                                                                \
		__typeof__(*(p)) cas_expected = (expected);                                                            \
		__atomic_compare_exchange_n(p, &cas_expected, desired, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);     \
	})

#define exchange_acq_rel(p, v) __atomic_exchange_n(p, v, __ATOMIC_ACQ_REL)

/* The two sides of a seqlock: a reader that has read what was stored after a fence_release sees, after its
 * fence_acquire, what was stored before that. */
#define fence_acquire() __atomic_thread_fence(__ATOMIC_ACQUIRE)
#define fence_release() __atomic_thread_fence(__ATOMIC_RELEASE)

/* Order between a thread and its own signal handlers: the compiler's only. */
#define signal_fence() __atomic_signal_fence(__ATOMIC_SEQ_CST)

/* In a loop that waits for another thread's store. */
#if defined(__x86_64__)
#define spin_hint() __builtin_ia32_pause()
#else
#define spin_hint() __asm__ volatile("yield")
#endif

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#endif
