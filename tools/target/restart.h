/*
 * Makes a system call that a stop has interrupted go on as if there had been no stop.
 *
 * A stop by ptrace wakes a thread out of its system call.  The kernel restarts many calls by itself; others
 * (restart.def) return EINTR.  A thread in one of those stops with -EINTR as the result of its call.  restart_begin
 * replaces that result by ERESTARTNOHAND, with which the kernel itself says "restart the call; if a handler runs,
 * return EINTR".  So a signal that comes at any time before the restart ends the call with EINTR, as it would have
 * without the stop.  From restart_begin on, the thread's state is right even if the tracer is killed.  If the tracer is
 * killed earlier, between the stop and restart_begin, the thread sees EINTR.
 *
 * A time-out in an argument is made shorter by the time that the call has waited (restart_end).  The kernel does not
 * tell when the call began to wait.  It does tell when the thread last left its processor, by that processor's clock.
 * If the thread stopped on the same processor and did not run in between, the difference by the same clock is the time
 * waited.  Else the call is known to have waited since restart_probe at least.  Either way the time is never
 * overestimated, so the call does not return early.  The time-out of a socket starts again from its full length.
 *
 * Where the time-out is in memory, the program's own memory is not changed: the shorter time is written below the
 * thread's stack, where only later frames and handlers write.
 *
 * The kernel decides about the restart when the thread goes on: it sets the thread back to the instruction of the call,
 * and the thread makes the call anew.  A signal that comes between the two runs its handler, and then the call waits:
 * EINTR, by which the program would notice the signal, is missing.  So a thread whose call is restarted is let go only
 * where the new call begins (restart_is_due).  If a signal comes earlier, restart_put_back makes the thread one that
 * was interrupted in its call again, and the kernel decides anew, now with the signal.  That holds for all calls that
 * the kernel restarts, also for those that are not in restart.def.
 *
 * All this is for x86-64 alone: the kernel for aarch64 decides about the restart before the stop, and then no longer
 * shows the call's first argument.
 */
#ifndef RINGTAIL_TARGET_RESTART_H
#define RINGTAIL_TARGET_RESTART_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct target_map;

enum restart_time { RESTART_WITHOUT, RESTART_MS, RESTART_TIMESPEC, RESTART_URING };

struct restart_call {
	bool known;             /* restart.def has a row for it */
	enum restart_time time; /* form of the time-out */
	unsigned argument;      /* index of the argument that holds it */
};

/* When and where a thread went to sleep. */
struct restart_sleep {
	uint64_t left_at;  /* when it left its processor: ns of that processor's clock */
	uint64_t switches; /* voluntary context switches so far */
	int processor;
};

struct restart {
	struct restart_call call; /* the call that the thread is in, if that has a time-out */
	bool sleeps;              /* `before` is known */
	struct restart_sleep before;
	uint64_t probed, stopped; /* times of restart_probe and of the stop, CLOCK_MONOTONIC ns */
	uint64_t waited;          /* ns that the call had waited when it was stopped, or more */
	bool again;               /* restart the call with the rest of its time-out */
	uint64_t number, ip;      /* of a call that is due to be restarted, and the instruction behind it */
	uint64_t result;          /* by which the kernel restarts it */
};

/* The row of a system call in restart.def. */
struct restart_call restart_call(long number);

/* Call this before the thread is stopped. */
void restart_probe(struct restart *restart, pid_t pid, pid_t tid);
/* Call this as soon as the thread has stopped. */
void restart_begin(struct restart *restart, pid_t pid, pid_t tid);
/* Call this before the thread is let go.  stack: the mapping that its stack pointer is in, if that is a stack.  NULL: a
 * time-out in memory is not shortened. */
void restart_end(const struct restart *restart, pid_t tid, const struct target_map *stack);

/* True if the kernel will restart the call of the stopped thread.  Call this after restart_end. */
bool restart_is_due(struct restart *restart, pid_t tid);
/* For a thread for which restart_is_due, and which has been let go and stopped again because of a signal.  If it has
 * not made its call yet, it is in the state of restart_is_due again, so that the signal interrupts the call. */
void restart_put_back(const struct restart *restart, pid_t tid);

/* Nanoseconds that a thread slept between two probes, if it did nothing but stop in between.  0: not known. */
uint64_t restart_slept(const struct restart_sleep *before, const struct restart_sleep *after);
/* The rest of a time-out, rounded up. */
int restart_left_ms(int timeout, uint64_t waited_ns);
struct timespec restart_left(struct timespec timeout, uint64_t waited_ns);

#endif
