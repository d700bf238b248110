/*
 * That a run has a live reader: a lock on its directory, which the reader holds for as long as it is there.  The kernel
 * takes it away from a reader that is gone, however that ended, and it means the same in every PID namespace.
 *
 *   the shim, when a process begins            the reader, when it leaves
 *   -------------------------------            --------------------------
 *   P1: makes the ring, says that it awaits    P3: gives the lock up
 *       a reader, and that it is ready
 *   P2: no lock: it awaits none                P4: looks for rings, and leaves those that it finds
 *
 * If P2 finds the lock, P1 came before P3, and P4 finds the ring.  So no process awaits a reader that has left.
 */
#ifndef RINGTAIL_PRESENCE_H
#define RINGTAIL_PRESENCE_H

#include <stdbool.h>

/* Takes the lock.  False: the file system has no locks, or does not tell others of them. */
bool presence_begin(const char *run);
void presence_end(void);
/* In a child that is no reader. */
void presence_forked(void);

#endif
