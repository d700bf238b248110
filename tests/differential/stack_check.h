/* A build of the shim that compares its stacks, while a program runs, with two other unwinders. */
#ifndef RINGTAIL_STACK_CHECK_H
#define RINGTAIL_STACK_CHECK_H

#include "shim/stack.h"
#include "shim/thread.h"

/* Compares the stack `node` with the full engine's (the memo must be exact) and with libunwind's.  Every
 * STACK_CHECK_EVERY-th event is compared (default 1); counts and the first differences go to the file
 * STACK_CHECK_OUT at exit. */
void stack_check(struct stack_state *state, unsigned lane, const struct caller *caller, uint32_t node);

/* Whether this thread is in there: libunwind takes locks, whose hooks then record no stack. */
bool stack_check_busy(void);

#endif
