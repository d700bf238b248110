#include "tools/recording/stack_walker.h"

bool stack_walker_step(const struct stack_walker *walker, uint32_t stack, struct stack_step *step)
{
	uint32_t pc_id;

	step->pc =
	    ring_file_node(walker->ring, stack, &step->parent, &pc_id) ? ring_file_pc(walker->ring, pc_id) : NULL;
	step->module = step->pc && step->pc->module ? ring_file_module(walker->ring, step->pc->module - 1) : NULL;
	return step->module != NULL;
}

unsigned stack_walker_frames(struct stack_walker *walker, const struct stack_step *step, struct symbol_frame *frames,
                             unsigned max)
{
	if (!walker->symbolizer) {
		walker->symbolizer = symbolizer_new();
		if (!walker->symbolizer)
			return 0;
		symbolizer_process(walker->symbolizer, walker->ring);
	}
	return symbolizer_resolve(walker->symbolizer, step->module,
	                          (step->pc->key & RT_PC_ADDRESS) - step->module->bias, step->pc->key & RT_PC_EXACT,
	                          frames, max);
}

void stack_walker_free(struct stack_walker *walker)
{
	if (walker->symbolizer)
		symbolizer_free(walker->symbolizer);
}
