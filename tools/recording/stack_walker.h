/* Walks a stack outwards and names its functions, while events are read. */
#ifndef RINGTAIL_RECORDING_STACK_WALKER_H
#define RINGTAIL_RECORDING_STACK_WALKER_H

#include "tools/source/ring_file.h"
#include "tools/symbolize/symbolize.h"

struct stack_walker {
	const struct ring_file *ring;
	struct symbolizer *symbolizer; /* NULL until one is needed */
};

void stack_walker_free(struct stack_walker *walker);

struct stack_step { /* the innermost address of a stack */
	const struct rt_pc *pc;
	const struct rt_module *module;
	uint32_t parent; /* the rest of the stack */
};

/* False: the stack ends here, or the address lies in no known module. */
bool stack_walker_step(const struct stack_walker *walker, uint32_t stack, struct stack_step *step);
/* As symbolizer_resolve for the address of a step.  0: no memory. */
unsigned stack_walker_frames(struct stack_walker *walker, const struct stack_step *step, struct symbol_frame *frames,
                             unsigned max);

#endif
