/*
 * Signals while the end of the process, or its exec, is held back for the leak scan (scan.h).
 *
 * Without us a signal that comes in that time would find the process gone, or another program in its place.  So it
 * must neither end the process nor run a handler; and no handler of ours may be installed.
 *
 * (H1) The waiting thread blocks all signals, but SIGSETXID: setuid() of another thread waits until this one has taken it.
 *
 * (H2) At an end, other threads may not block them, and one that is fatal ends all threads at once.  Where there are
 *      others, signals whose default action would end or stop the process are ignored, and so are those with handlers by
 *      which a process is controlled from outside.  Left alone are faults, which threads that still run may have and
 *      handle, libc's own signals, and handlers of all other signals: garbage collectors stop threads by these and wait
 *      until each has answered, with a lock held that our thread may want later.
 *
 * (H3) Once the scan is over, the waiting thread takes what has come for it, and forgets it; it does so before
 *      dispositions and mask are as they were, for the rest of the end, in which stdio may write for a long time, is the
 *      program's.  What a thread of the process itself sent to this thread is delivered then, for the reason of (H2).
 *
 * (H4) Before exec nothing is ignored.  What has come and has a handler would run it in the wrong program: it is taken,
 *      and sent anew to the next one by a child (a grandchild, as the scan tool is) that waits until a pipe is closed by
 *      exec.  Where exec fails, it is queued again as it was.  What has no handler does to this program what it would do to
 *      the next one, and is left pending until the mask is as it was.
 *
 * Not held back: SIGKILL; SIGSTOP, which stops the process until SIGCONT, as it would a moment before its end; signals that
 * another thread takes by sigwait or signalfd, or before exec by a handler.  A program that another thread starts by posix_spawn or system() during
 * (H2) starts with them ignored; a child of fork does not.
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

/* Writes without SIGPIPE: where nobody reads any more, what we say is lost, and the program goes on.  Any time. */
void hold_write(int fd, const void *from, size_t bytes);

#pragma GCC visibility pop

#endif
