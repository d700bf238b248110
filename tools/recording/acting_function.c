#include "tools/recording/acting_function.h"

#include "tools/base/fnv.h"
#include "tools/base/u64_map.h"
#include "tools/recording/stack_walker.h"

#define FRAMES_MOST 16u /* inlined calls of one address; and addresses of a stack that are looked at */

/* 0: the function's name and its start are not known. */
static uint64_t id_of(const struct rt_module *module, const struct symbol_frame *frame)
{
	uint64_t id = frame->function ? fnv_text(FNV_START, frame->function) : frame->start ? u64_mix(frame->start) : 0;

	return id ? fnv_bytes(id, module->path, strnlen(module->path, sizeof module->path)) | 1 : 0;
}

uint64_t acting_function(void *walker, uint32_t stack)
{
	struct stack_step step;

	for (unsigned i = 0; i < FRAMES_MOST && stack_walker_step(walker, stack, &step); i++, stack = step.parent) {
		struct symbol_frame frames[FRAMES_MOST];
		unsigned count = stack_walker_frames(walker, &step, frames, FRAMES_MOST);

		for (unsigned k = 0; k < count; k++)
			if (frames[k].role == ROLE_OWN || frames[k].role == ROLE_MAIN)
				return id_of(step.module, &frames[k]);
		if (!count)
			return 0;
	}
	return 0;
}
