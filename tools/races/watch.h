/*
 * Watchpoints: the processor's debug registers, by way of perf events, on memory of a traced process.
 *
 * A thread that accesses watched memory, by whatever instruction, gets SIGTRAP behind the access, and stops for its
 * tracer.  One event watches for one thread and for all threads that it and they make later; arming it needs no thread
 * to be stopped.  A thread that blocks SIGTRAP is not stopped.  What the kernel reads and writes for a system call is
 * not noticed.
 *
 * The kernel refuses such events where kernel.perf_event_paranoid forbids them, in most containers, and before Linux
 * 5.13.  In some virtual machines the debug registers exist and never fire: watch_works tries it.
 */
#ifndef RINGTAIL_RACES_WATCH_H
#define RINGTAIL_RACES_WATCH_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define WATCH_SLOTS 4u

struct watch_slot {
	int event;        /* descriptor */
	uint64_t address; /* 0: free */
	uint32_t bytes;
	uint32_t turn; /* counts what it was armed for */
};

struct watch { /* zeroed: nothing can be watched */
	struct watch_slot slots[WATCH_SLOTS];
	bool open;
};

/* True if a watchpoint stops a thread of this very process, which is tried out once.  It takes some 100 us. */
bool watch_works(void);
/* Opens the slots for this thread, and for all threads that it and they make from now on.  False: the kernel refuses,
 * and nothing is watched. */
bool watch_open(struct watch *watch, pid_t tid);
void watch_close(struct watch *watch);

/* Watches the first part of these bytes that one register can hold.  reads: reads as well as writes.  The number of its
 * slot; -1: none is free, or the kernel refuses. */
int watch_arm(struct watch *watch, uint64_t address, uint64_t bytes, bool reads);
void watch_disarm(struct watch *watch, int slot);
/* The slot by which a thread has been stopped just now, by what PTRACE_GETSIGINFO tells; -1: by none that is armed, or
 * earlier, while it blocked SIGTRAP. */
int watch_stopped_by(const struct watch *watch, const siginfo_t *info);
/* True if a watchpoint has stopped the thread, also one that is not armed any more. */
bool watch_is_stop(const siginfo_t *info);

#endif
