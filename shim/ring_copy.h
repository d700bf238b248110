/*
 * M1 of the ring (ring.h): a chunk's content goes to a part of the ring file that no one
 * has used, by way of the kernel, and its state comes last, and is FULL.  What the
 * program never touches needs no page faults, which are dear, above all on virtual machines.
 *
 * Two ways.  As any program would: pwrite to the file, opened for that moment.  It is three
 * times as fast, for the file system gets all pages of the chunk at once, but descriptors
 * belong to the program: another thread might close all it finds, or expect the lowest to
 * be free.  It is for processes of one thread therefore, with signals held back, and file
 * systems of this machine's own.  Else: process_vm_writev to the mapping, page by page.
 */
#ifndef RINGTAIL_RING_COPY_H
#define RINGTAIL_RING_COPY_H

#include <stdbool.h>

#include "shim/format.h"

#pragma GCC visibility push(hidden)

/* Notes which file this process's ring is.  fd: open for that. */
void ring_copy_start(int fd);

/* False: refused, or no room.  tid: of the calling thread, which is the only one to write to `to`. */
bool ring_copy_chunk(int tid, const struct rt_chunk *chunk, struct rt_chunk *to);

#pragma GCC visibility pop

#endif
