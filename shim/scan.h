/*
 * The end of the process, from the program's side: it waits there until the tool has looked at its memory.
 *
 *   program, at its end                      the tool (live reader, or started for this)
 *   -------------------                      ------------------------------------------
 *   S1: state NONE -> WAITING (CAS), and
 *       makes itself heard
 *                                            S2: WAITING -> TAKEN (CAS)
 *                                            S3: stops all threads, drains the ring, reads memory, lets them go on
 *                                            S4: TAKEN -> DONE or REFUSED, wakes
 *   S5: goes on; nobody came: WAITING -> NONE
 *
 * The wait is bounded by the option scan-wait, and ends at once when there is no tool or it dies.  Between S2 and S4
 * the bound is the tool's to keep, as the program is stopped.
 * Signals that come meanwhile are held back, as the process would be gone without us: hold.h.
 *
 * A program without a live reader, or whose reader has left or dies before S4, starts the tool itself: as a grandchild,
 * whose parent has no exit signal, so that neither SIGCHLD nor wait() shows it to the program.  That parent runs in the
 * program's memory, on a stack of its own, and waits for the tool: a fork would copy the page tables, and make all memory
 * shared by copy-on-write.
 */
#ifndef RINGTAIL_SCAN_H
#define RINGTAIL_SCAN_H

#include "shim/hold.h"

#pragma GCC visibility push(hidden)

/* The process is about to end, or to become another by exec.  Any thread; once.  The frames that lead here from
 * the program's call are not the program's: where they begin is told to the tool, with the registers of that place. */
void scan_at_end(enum hold what);
/* It goes on after all: what was seen was not its end. */
void scan_not_the_end(void);

#pragma GCC visibility pop

#endif
