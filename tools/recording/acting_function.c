#include "tools/recording/acting_function.h"

#include "tools/base/u64_map.h"

#define FRAMES_MOST 16u /* inlined calls of one address; and addresses of a stack that are looked at */

static uint64_t hash_name(uint64_t hash, const char *name)
{
	for (; *name; name++)
		hash = u64_mix(hash ^ (unsigned char)*name);
	return hash;
}

/* 0: the function's name and its start are not known. */
static uint64_t id_of(const struct rt_module *module, const struct symbol_frame *frame)
{
	uint64_t id = frame->function ? hash_name(1, frame->function) : frame->start ? u64_mix(frame->start) : 0;

	return id ? hash_name(id, module->path) | 1 : 0;
}

static unsigned frames_at(struct acting_functions *functions, const struct rt_module *module, const struct rt_pc *pc,
                          struct symbol_frame *frames)
{
	if (!functions->symbolizer) {
		functions->symbolizer = symbolizer_new();
		if (!functions->symbolizer)
			return 0;
		symbolizer_process(functions->symbolizer, functions->ring);
	}
	return symbolizer_resolve(functions->symbolizer, module, (pc->key & RT_PC_ADDRESS) - module->bias,
	                          pc->key & RT_PC_EXACT, frames, FRAMES_MOST);
}

uint64_t acting_function(void *context, uint32_t stack)
{
	struct acting_functions *functions = context;
	uint32_t parent, pc_id;

	for (unsigned i = 0; i < FRAMES_MOST; i++, stack = parent) {
		const struct rt_pc *pc = ring_file_node(functions->ring, stack, &parent, &pc_id)
		                             ? ring_file_pc(functions->ring, pc_id)
		                             : NULL;
		const struct rt_module *module =
		    pc && pc->module ? ring_file_module(functions->ring, pc->module - 1) : NULL;
		struct symbol_frame frames[FRAMES_MOST];
		unsigned count = module ? frames_at(functions, module, pc, frames) : 0;

		if (!count)
			return 0;
		for (unsigned k = 0; k < count; k++)
			if (frames[k].role == ROLE_OWN || frames[k].role == ROLE_MAIN)
				return id_of(module, &frames[k]);
	}
	return 0;
}

void acting_functions_free(struct acting_functions *functions)
{
	if (functions->symbolizer)
		symbolizer_free(functions->symbolizer);
}
