/*
 * Whose malloc the program calls.  Usually the shim's, which goes on to the next one.  But the executable may define
 * malloc itself, or a library preloaded before the shim may.  If that malloc goes on to the next one (to count, or to
 * fail at will), the heap is watched there.  Calls of a library preloaded before the shim are turned to hooks
 * (front.h).  Calls within the executable go to its own malloc directly, and no library can come in between: such a
 * heap is not watched, and that is said.
 */
#ifndef RINGTAIL_ALLOCATOR_H
#define RINGTAIL_ALLOCATOR_H

#include "shim/format.h"

#pragma GCC visibility push(hidden)

/* Why the heap is not watched; RT_HEAP_SEEN where it is, or where --heap=no says that it need not be.  Also in a forked
 * child. */
extern enum rt_heap_unseen allocator_unseen;

/* Finds that out, and notes it in the header.  Once, from the constructor: it calls the program's malloc, so that
 * the thread must hold nothing.  Does not return where the program must not run with an unwatched heap (--must-watch).
 */
void allocator_start_up(void);

/* The heap was watched with an allocator in front, and calls of it have begun to pass by: it counts as unseen. */
void allocator_lost(void);

#pragma GCC visibility pop

#endif
