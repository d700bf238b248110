/* Which function acts at a stack, and does not lock for its caller. */
#ifndef RINGTAIL_RECORDING_ACTING_FUNCTION_H
#define RINGTAIL_RECORDING_ACTING_FUNCTION_H

#include <stdint.h>

/* The function of a code_source (analyse/locks/locks.h); walker: a struct stack_walker.  Two stacks have the same id if
 * the same function acts at both.  0: not known. */
uint64_t acting_function(void *walker, uint32_t stack);

#endif
