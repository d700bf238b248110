/*
 * Signals while the end of the process, or its exec, is held back for the leak scan (scan.h).
 *
 * Without ringtail a signal that comes in that time would find the process gone, or another program in its place.  So
 * it must neither end the process nor run a handler; and the shim may not install a handler of its own.
 *
 * (H1) The waiting thread blocks all signals except SIGSETXID: setuid() in another thread waits until this one has
 * taken it.
 *
 * (H2) At an end, other threads may not block signals, and a fatal signal ends all threads at once.  So where there are
 *      other threads, the shim sets signals to be ignored: all whose default action would end or stop the process, and
 *      those with handlers by which a process is controlled from outside.  Left alone are faults, which threads that
 *      still run may have and handle, libc's own signals, and handlers of all other signals.  Garbage collectors stop
 *      threads by these and wait until each has answered, with a lock held that the waiting thread may want later.
 *
 * (H3) Once the scan is over, the waiting thread takes the signals that have come for it, and forgets them.  It does so
 *      before it restores dispositions and mask: the rest of the end, in which stdio may write for a long time, is the
 *      program's.  A signal that a thread of the process itself sent to this thread is delivered then, for the reason
 * of (H2).
 *
 * (H4) Before exec no signal is ignored.  A signal that has come and has a handler would run it in the wrong program:
 * the waiting thread takes it, and a child (a grandchild, as the scan tool is) sends it anew to the next program, once
 *      exec has closed a pipe.  Where exec fails, the signal is queued again as it was.  A signal without a handler
 * does to this program what it would do to the next one, and stays pending until the mask is restored.
 *
 * Not held back: SIGKILL; SIGSTOP, which stops the process until SIGCONT, as it would a moment before its end; signals
 * that another thread takes by sigwait or signalfd, or before exec by a handler.  A program that another thread starts
 * by posix_spawn or system() during (H2) starts with the signals of (H2) ignored; a child of fork does not.
 */
#ifndef RINGTAIL_HOLD_H
#define RINGTAIL_HOLD_H

#include <stddef.h>

#pragma GCC visibility push(hidden)

enum hold { HOLD_END, HOLD_EXEC };

/* One thread at a time, which calls hold_over before anything else of the program runs in it. */
void hold_begin(enum hold what);
void hold_over(void);
/* The exec for which signals were held has failed. */
void hold_exec_failed(void);
/* In the child of a fork. */
void hold_forked(void);

/* Writes without SIGPIPE: where no reader is left, the message is lost, and the program goes on.  Any time. */
void hold_write(int fd, const void *from, size_t bytes);

#pragma GCC visibility pop

#endif
