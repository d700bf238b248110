/*
 * Calls that a signal handler may interrupt and then do anything: a handler may not call what is unsafe where
 * it interrupts what is unsafe (POSIX.1-2017, System Interfaces 2.4.3), and these are safe.  Programs that
 * unblock their signals only while they wait rely on that.
 */
#ifndef RINGTAIL_SYMBOLIZE_WAITING_CALLS_H
#define RINGTAIL_SYMBOLIZE_WAITING_CALLS_H

#include "tools/source/ring_file.h"
#include "tools/symbolize/symbolize.h"

struct waiting_calls {
	const struct ring_file *ring;
	struct symbolizer *symbolizer; /* NULL until one is needed */
};

void waiting_calls_free(struct waiting_calls *calls);
/* A waits_fn (analyse.h); calls: a struct waiting_calls.  Whether the innermost frame of this stack, which
 * was interrupted, is in such a call, made by the program itself and not by something else in the C library,
 * which may hold locks.  False where the names of functions cannot be had. */
bool waiting_calls_interrupted(void *calls, uint32_t stack);

#endif
