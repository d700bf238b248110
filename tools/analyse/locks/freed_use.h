/*
 * race:free: a thread frees a block, and another thread is not done with a synchronisation object in it.
 *
 * A free is stamped when its hook begins.  A call on an object is stamped within its hook, too: a release, a signal and
 * the beginning of a wait before the real call, an acquisition after it.  So if the stamp of the call is later than the
 * stamp of the free, the call's hook had not returned when the free's hook began.  Then no synchronisation of any kind,
 * seen or not, makes the call come before the free: an atomic reference count that the thread drops after the call
 * would put the stamp of the call first.  The call is on freed memory, or may be in another run.
 *
 * Two cases are told:
 *
 * (1) The call's stamp is later than the free's, and no block has been allocated there since (heap_is_freed).
 * (2) A thread began to wait for a lock or semaphore before the free, and the wait returned after it.
 *
 * Not told, as correct programs do it:
 * - A release that was stamped before the free.  The thread that frees may have acquired the lock after it, or have
 *   seen a reference count.
 * - A wait for a condition or barrier that returns after the free: the destruction of the object waits for threads that
 *   are still in it, and the threads record their return later.
 * - A wake-up of a futex word: programs make it after they have given the memory up, and the kernel reads nothing
 * there.
 * - A use that synchronisation which is seen orders after the free.  That is misuse, and no race.
 * - Blocks from 128 KiB on: allocators unmap them, and the next mapping at the address is no block of malloc.
 */
#ifndef RINGTAIL_ANALYSE_FREED_USE_H
#define RINGTAIL_ANALYSE_FREED_USE_H

#include "tools/analyse/locks/lock_checks.h"

void freed_blocks_free(struct freed_blocks *freed);
/* The event freed this block, in which there is a lock, or was one that has been destroyed. */
void freed_use_note(struct lock_analysis *locks, struct lock_thread *thread, const struct event *event,
                    const struct ended_block *block);
/* An event on an object, before it changes the state.  True: it is a use of freed memory that has been reported, now or
 * before, and there is nothing more to say. */
bool freed_use_check(const struct check *check);

#endif
