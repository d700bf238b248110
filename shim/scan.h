/*
 * The end of the process, from the program's side: it waits there until the tool has looked at its memory.
 *
 *   program, at its end                      the tool (live reader, or started for this)
 *   -------------------                      ------------------------------------------
 *   S0: one thread is the ending one (CAS)
 *       writes where its frames begin
 *   S1: state NONE -> WAITING (CAS), and
 *       makes itself heard
 *                                            S2: WAITING -> TAKEN (CAS)
 *                                            S3: stops all threads, drains the ring, reads memory, lets them go on
 *                                            S4: TAKEN -> DONE or REFUSED (CAS), wakes
 *   S5: reads DONE or REFUSED (acquire), and goes on;
 *       no tool came, or it died: WAITING or
 *       TAKEN -> NONE (CAS), and goes on
 *
 * If S2 reads the WAITING of S1, the tool sees all that the ending thread recorded before, and its frames: S1 releases
 * both, and S2 acquires.  A tool that polls must never meet WAITING without the frames, because it would take what exit
 * left on the stack for roots.  S0 lets one thread at a time write frames, so the frames are those of the thread that
 * makes S1; a second thread that ends the process meanwhile does not wait.  If S5 reads what S4 wrote,
 * the result of the scan is kept, and no tool stops this process any more.  S5 and S2 change one word by CAS, and so do
 * S5 and S4: where both try, one wins, and the other leaves things as they are.
 *
 * The wait is bounded by the option scan-wait, and ends at once when there is no tool or it dies.  Between S2 and S4
 * the bound is the tool's to keep, as the program is stopped.
 * Signals that come meanwhile are held back, as without ringtail the process would be gone by then: hold.h.
 *
 * A program without a live reader, or whose reader has left or dies before S4, starts the tool itself: as a grandchild,
 * whose parent has no exit signal, so that neither SIGCHLD nor wait() shows it to the program.  That parent runs in the
 * program's memory, on a stack of its own, and waits for the tool: a fork would copy the page tables, and make all
 * memory shared by copy-on-write.
 */
#ifndef RINGTAIL_SCAN_H
#define RINGTAIL_SCAN_H

#include "shim/hold.h"

#pragma GCC visibility push(hidden)

/* Waits for the scan: the process is about to end, or to become another program by exec.  Any thread; of several calls
 * the first one waits.  The frames from the program's call to here are not the program's.  The header tells the tool
 * where they begin, with the registers of that place. */
void scan_at_end(enum hold what);
/* Takes that back after a failed exec: the process goes on, and a later end is scanned anew. */
void scan_not_the_end(void);

#pragma GCC visibility pop

#endif
