/*
 * Boot: what the shim needs before it can record, once per address space ((1) in process.c).
 */
#ifndef RINGTAIL_BOOT_H
#define RINGTAIL_BOOT_H

#include <stdbool.h>

#pragma GCC visibility push(hidden)

/* Boots, or waits until the thread that boots is done; returns at once when that has happened.  Any thread, but not
 * while boot_under_way. */
void boot(void);

/* True while this very thread is inside boot(): its allocations come from the bootstrap heap (boot_heap.h). */
bool boot_under_way(void);

#pragma GCC visibility pop

#endif
