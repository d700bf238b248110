/*
 * A ring file is made large and sparse, because nothing can tell how much a process will record.  Once the process has
 * ended, its file is cut to what it holds: plain tar, zip and CI's uploads do not know holes, and write a gigabyte for
 * each.
 */
#ifndef RINGTAIL_RING_CUT_H
#define RINGTAIL_RING_CUT_H

#include "tools/source/ring_file.h"

/* Replaces the file of a process that has ended by a copy without its unused parts; the copy has the same events,
 * stacks and modules.  Processes that have the old file open or mapped keep it whole, `ring` among them.  Does nothing,
 * and says nothing, where there is little to gain, the process lives, the disk is nearly full, or the directory cannot
 * be written. */
void ring_cut(const struct ring_file *ring);

#endif
