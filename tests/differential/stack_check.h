/*
 * Stack capture of a build of the shim that compares its stacks, while a program runs, with two other unwinders.
 *
 * The linker puts it around the shim's own (--wrap=stack_capture): the hooks call __wrap_stack_capture, which calls
 * __real_stack_capture, the shim's.  The shim itself is compiled as ever.
 */
#ifndef RINGTAIL_STACK_CHECK_H
#define RINGTAIL_STACK_CHECK_H

#include "shim/stack.h"
#include "shim/thread.h"

#pragma GCC visibility push(hidden)

uint32_t __real_stack_capture(struct stack_state *state, unsigned lane, const struct caller *caller);

/* Captures the stack and compares it with the full engine's (the memo must be exact) and with libunwind's.  Every
 * STACK_CHECK_EVERY-th event is compared (default 1); counts and the first differences go to the file STACK_CHECK_OUT
 * at exit. */
uint32_t __wrap_stack_capture(struct stack_state *state, unsigned lane, const struct caller *caller);

#pragma GCC visibility pop

#endif
