/*
 * Shows that a run has a live reader: the reader holds a lock on the run's directory for as long as it reads.  The
 * kernel releases the lock when the reader ends, in whatever way, and the lock is visible in every PID namespace.
 *
 *   the shim, when a process begins            the reader, when it leaves
 *   -------------------------------            --------------------------
 *   P1: makes the ring, says that it awaits    P3: gives the lock up
 *       a reader, and that it is ready
 *   P2: no lock: it awaits none                P4: looks for rings, and leaves those that it finds
 *
 * If P2 finds the lock held, then P1 came before P3, and P4 finds the ring.  So no process awaits a reader that has
 * left.
 */
#ifndef RINGTAIL_PRESENCE_H
#define RINGTAIL_PRESENCE_H

#include <stdbool.h>

/* Takes the lock.  False: the file system has no locks, or does not show them to other processes. */
bool presence_begin(const char *run);
void presence_end(void);
/* Call this in a child of fork that is not the reader. */
void presence_forked(void);

#endif
