/*
 * Calls during which a signal handler may call any function.  POSIX.1-2017, System Interfaces 2.4.3, forbids a handler
 * to call an unsafe function only where it interrupts an unsafe function; these calls are safe.  Programs that unblock
 * their signals only while they wait rely on that.
 */
#ifndef RINGTAIL_RECORDING_WAITING_CALLS_H
#define RINGTAIL_RECORDING_WAITING_CALLS_H

#include <stdbool.h>
#include <stdint.h>

/* A waits_fn (analyse.h); walker: a struct stack_walker.  A signal interrupted the innermost frame of this stack.  True
 * if that frame is in such a call and the program itself made the call.  A call made by another function of the C
 * library does not count, as that function may hold locks.  False too where the names of functions are not known. */
bool waiting_calls_interrupted(void *walker, uint32_t stack);

#endif
