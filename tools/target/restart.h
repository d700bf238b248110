/*
 * System calls that are interrupted by a stop, and go on as if there had been none.
 *
 * A stop by ptrace wakes a thread out of its system call.  The kernel makes many calls again by itself; others (restart.def)
 * return EINTR.  Such a thread is found with -EINTR as the result of a call that is still under way.  The result is replaced
 * by ERESTARTNOHAND, which is the kernel's own for "make it again, unless a handler runs; then EINTR": so a signal that comes
 * at any time before the call is made again ends it with EINTR, as it would have without us.  From then on the thread is
 * right whatever becomes of us.  Until then, from its stop to restart_begin, it would see EINTR if this process were killed.
 *
 * A time-out in an argument is made shorter by the time that the call has waited (restart_end).  When the call began to wait
 * is not told by the kernel.  What can be known is when the thread was last taken from its processor, by that processor's
 * clock: it is held against the time, by the same clock, when the thread stopped, if that was on the same processor and the
 * thread did not run in between.  Else it is known to have waited since restart_look at least.  Either way the call is never
 * thought to have waited longer than it has: it does not return early.  The time-out of a socket begins anew.
 *
 * A time in memory is not the program's own that is changed, but a copy below the thread's stack, where only frames to come
 * and handlers write.
 *
 * x86-64 alone: the kernel for aarch64 decides on restarting before the stop, and shows the first argument to nobody then.
 */
#ifndef RINGTAIL_SCAN_RESTART_H
#define RINGTAIL_SCAN_RESTART_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct target_map;

enum restart_time { RESTART_WITHOUT, RESTART_MS, RESTART_TIMESPEC };

struct restart_call {
	bool known;
	enum restart_time time;
	unsigned argument;
};

/* When a thread went to sleep. */
struct restart_sleep {
	uint64_t left_at;  /* ns of its processor's clock */
	uint64_t switches; /* voluntary ones, so far */
	int processor;
};

struct restart {
	struct restart_call call; /* that it is in, if it is one with a time-out */
	bool sleeps;              /* before is known */
	struct restart_sleep before;
	uint64_t looked, stopped; /* CLOCK_MONOTONIC ns */
	uint64_t waited;          /* ns, until stopped, at least */
	bool again;               /* the call is to be made again with what is left of its time-out */
};

/* The row of a system call. */
struct restart_call restart_call(long number);

/* Before the thread is stopped. */
void restart_look(struct restart *restart, pid_t pid, pid_t tid);
/* As soon as it has been stopped. */
void restart_begin(struct restart *restart, pid_t pid, pid_t tid);
/* Before it is let go.  stack: the mapping that its stack pointer is in, if that is a stack; NULL: a time in memory stays. */
void restart_end(const struct restart *restart, pid_t tid, const struct target_map *stack);

/* Between two looks at a thread that did nothing but be stopped in between.  0: it is not known. */
uint64_t restart_slept(const struct restart_sleep *before, const struct restart_sleep *after);
/* What is left of a time-out, rounded up. */
int restart_left_ms(int timeout, uint64_t waited_ns);
struct timespec restart_left(struct timespec timeout, uint64_t waited_ns);

#endif
