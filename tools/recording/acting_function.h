/* Which function acts at a stack, and does not lock for its caller: names and roles, looked up while events are read.
 */
#ifndef RINGTAIL_RECORDING_ACTING_FUNCTION_H
#define RINGTAIL_RECORDING_ACTING_FUNCTION_H

#include "tools/source/ring_file.h"
#include "tools/symbolize/symbolize.h"

struct acting_functions {
	const struct ring_file *ring;
	struct symbolizer *symbolizer; /* NULL until one is needed */
};

void acting_functions_free(struct acting_functions *functions);
/* The function of a code_source (analyse/locks/locks.h); functions: a struct acting_functions.  Two stacks have the
 * same id if the same function acts at both.  0: not known. */
uint64_t acting_function(void *functions, uint32_t stack);

#endif
