/*
 * System calls that a stopped thread of a traced program makes for the tracer, and the program's handler of SIGTRAP.
 *
 * The tracer needs two things within the program: memory close to its code for the slots (tracer_text.h), and a handler
 * of SIGTRAP.  While the tracer lives the handler never runs, as the tracer takes the signals of its int3s away.  If
 * the tracer dies, threads that have just run into an int3 get their signal.  Its default action is to kill the
 * program; the handler lets them try again until the guardian has restored the code.
 *
 * The handler is installed only in a program that has the default action for SIGTRAP.  A SIGTRAP that is none of the
 * tracer's gets that action: the handler sets it again, and lets the signal come once more.
 *
 * The calls are in pieces of code that the thread runs from end to end and that keep its registers: if the tracer dies,
 * the thread goes on as it should.  The tracer follows by PTRACE_SYSCALL, not by single steps.  A step ends with
 * SIGTRAP, and the kernel sets its action to the default one if the thread blocks it, as all threads do that have just
 * been created.
 */
#ifndef RINGTAIL_RACES_TRACER_INJECT_H
#define RINGTAIL_RACES_TRACER_INJECT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "tools/races/tracer_text.h"

enum inject_end {
	INJECT_DONE,
	INJECT_REFUSED,    /* the kernel refuses a call, or the program has an action for SIGTRAP */
	INJECT_INTERRUPTED /* the thread has stopped for another reason or ended; the stop is left to the caller */
};

/* In a thread that has just been created and has not run yet: maps the area, with the handler in it, and installs the
 * handler.  A forked child has both from its parent, and keeps them.  Unless it was interrupted, the thread is left
 * stopped, and goes on as it would have. */
enum inject_end inject_prepare(struct text *text, pid_t pid, pid_t tid);

/* True if the process of this thread handles SIGTRAP, by this handler or its own, or ignores it. */
bool inject_handles_trap(pid_t tid);
/* True if the thread seems to have blocked SIGTRAP before the kernel unblocked it: it blocks what only programs block
 * that block all signals. */
bool inject_blocked_trap(pid_t tid);

/* For a thread that has run into an int3, and whose process has no handler of SIGTRAP any more: installs it again. Call
 * it when the thread's instruction pointer has been set to where it is to go on.  block: the thread blocked SIGTRAP,
 * and is to do so again. */
enum inject_end inject_again(const struct text *text, pid_t tid, bool block);

/* Address of the word by which the handler knows that int3s may be in the code. */
uint64_t inject_armed_word(const struct text *text);

#endif
