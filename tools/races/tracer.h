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
#include "tools/races/site.h"

struct tracer_options {
	uint32_t seed;     /* of all choices */
	uint32_t share;    /* of the elapsed time that tracing may cost, in percent */
	uint64_t floor_ns; /* cost that is allowed in any case */
	uint64_t hold_ns;  /* longest hold */
};

struct tracer_figures {
	uint64_t sites; /* of the executable */
	uint64_t armed; /* that were armed at a time, at most */
	uint64_t hits;  /* stops at sites */
	uint64_t holds;
	uint64_t threads; /* that were traced, at a time at most */
	uint64_t stop_ns,
	    hold_ns;         /* time that stops took (tracer_budget.c), and in which at least one thread was held */
	uint64_t elapsed_ns; /* with two threads or more */
};

struct race_side { /* a thread that stands before its access */
	pid_t tid;
	struct race_site site;
	uint64_t pc;                            /* the site's address in the process */
	uint64_t sp, registers[RACE_REGISTERS]; /* in the order of their numbers in instructions */
	struct race_access access;              /* the one that conflicts */
};

#define RACE_VALUE_BYTES 16u

struct race_caught {
	struct race_side held, met;      /* `met` came while `held` was stopped */
	uint64_t bias;                   /* of the executable */
	uint64_t held_ns;                /* how long it had been held by then */
	uint64_t at_ns;                  /* CLOCK_MONOTONIC */
	uint32_t times;                  /* that these two sites were caught together */
	uint8_t value[RACE_VALUE_BYTES]; /* the first bytes that both access, before either did */
	uint32_t value_bytes;
};

#define TRACER_CAUGHT 256u

enum tracer_state {
	TRACER_STARTING,
	TRACER_WATCHING, /* it traces the process; see armed for whether it has found reason to */
	TRACER_REFUSED,  /* no races are looked for: why */
	TRACER_ENDED     /* the process has ended, or the tracer was asked to end; why, if there is another reason */
};

/* Shared with the tracer's process.  It is right at any time, also when the tracer was killed. */
struct tracer_shared {
	uint32_t state; /* enum tracer_state */
	char why[256];  /* a sentence without subject and full stop; empty: nothing prevented it */
	struct tracer_figures figures;
	uint32_t caught_count; /* pairs of sites; those past TRACER_CAUGHT are counted and not kept */
	struct race_caught caught[TRACER_CAUGHT];
};

struct tracer {
	pid_t pid; /* of the tracer's process; 0: it was reaped */
	struct tracer_shared *shared;
};

/* Starts a tracer for a process that has one thread and may exec.  Returns when it is traced.  This process must have
 * one thread itself, as it forks.  False, with the reason in err: no races are looked for. */
bool tracer_start(struct tracer *tracer, pid_t pid, const struct tracer_options *options, struct error *err);
/* Ends the tracer: the program's code is as it was, and no thread is traced, when this returns. */
void tracer_stop(struct tracer *tracer);
void tracer_free(struct tracer *tracer);

#endif
