/*
 * The tracer: catches two threads of a program at conflicting accesses, by ptrace, without changing what the program
 * does.
 *
 * A tracer is a process of its own that traces one process of the program.  The first bytes of the instructions that
 * access memory ("sites", site.h) are replaced by int3.  A thread that comes to one stops.  It is let go at once, or
 * held for a while, so that another thread can come to an access of the same memory.  When one does, both stand before
 * their accesses at the same time: a race is caught.
 *
 * What it does not do: stop threads by PTRACE_INTERRUPT, or touch the registers of threads that may be in a system
 * call. Both would change what system calls return.  Therefore a thread that is in none of its stops cannot be
 * detached, and the tracer ends its work by ending.  The kernel then lets all threads go as they are.
 *
 * Sites are armed while the process has two threads or more.  Children are never traced: one of fork gets its code back
 * before it runs, and while one of vfork has the memory, no int3 is in it.
 *
 * If the tracer is killed, the program goes on: guardian.h, tracer_inject.h.
 *
 * x86-64 alone.
 */
#ifndef RINGTAIL_RACES_TRACER_H
#define RINGTAIL_RACES_TRACER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "tools/base/error.h"
#include "tools/races/races_file.h"

struct tracer_options {
	uint32_t seed;     /* of all choices */
	uint32_t share;    /* of the elapsed time that tracing may cost, in percent */
	uint64_t floor_ns; /* cost that is allowed in any case */
	uint64_t hold_ns;  /* longest hold */
	/* The process is still to execute the program that is traced.  An exec after that ends the tracing, before the
	 * new program runs. */
	bool before_exec;
	/* A word in shared memory that is not 0 once the tracer is to end; NULL: there is none.  It is read when this
	 * process gets SIGTERM, and now and then. */
	const uint32_t *end;
	const char *const *why_end; /* by the value of *end: the sentence for `why`; NULL: the end needs no reason */
	uint32_t ends;              /* number of why_end */
};

struct tracer {
	pid_t pid;                 /* of the tracer's process; 0: it was reaped */
	struct races_file *shared; /* what it has found; right at any time, also when it was killed */
};

/* Starts a tracer for a process that has one thread.  Returns when it is traced.  This process must have
 * one thread itself, as it forks.  False, with the reason in err: no races are looked for. */
bool tracer_start(struct tracer *tracer, pid_t pid, const struct tracer_options *options, struct error *err);
/* Ends the tracer: the program's code is as it was, and no thread is traced, when this returns. */
void tracer_stop(struct tracer *tracer);
void tracer_free(struct tracer *tracer);

#endif
