/*
 * SIGTRAP while data races are looked for.
 *
 * The tracer stops threads by int3, and takes the SIGTRAP of each away.  If the tracer is killed, a thread that has
 * just run into an int3 gets its signal, and a handler in the process lets it try again (tools/races/tracer_inject.h).
 * The kernel kills the process instead if the thread blocks SIGTRAP.  So with the option races the signal is unblocked
 * in fact, in all threads and handlers, and the program reads the mask that it has set.  The handler does not show
 * either: where the program has the default action, it reads the default action.  A program that sets an action of its
 * own gets it, and is not traced any more.
 *
 * Not seen: masks that are set by a system call of the program's own, or by setcontext; within a handler, whether its
 * sa_mask has SIGTRAP; the shells of system() and popen() start with SIGTRAP unblocked.
 */
#ifndef RINGTAIL_SHIM_TRAPS_H
#define RINGTAIL_SHIM_TRAPS_H

#include <stdbool.h>

#pragma GCC visibility push(hidden)

/* True if the program has blocked SIGTRAP in the calling thread, as far as it knows. */
bool traps_are_blocked(void);
/* True if the program handles or ignores SIGTRAP. */
bool traps_are_programs(void);
/* The calling thread is new, or the first one is about to be joined by another.  blocked: it has inherited a mask with
 * SIGTRAP, which shows in the kernel's mask no more. */
void traps_begin_thread(bool blocked);
/* The calling thread is about to start another program: its mask becomes what the program has set.  The second function
 * takes that back. */
void traps_before_program(void);
void traps_after_program(void);

#pragma GCC visibility pop

#endif
