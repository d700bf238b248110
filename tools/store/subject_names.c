#include "tools/store/subject_names.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tools/base/format.h"
#include "tools/store/stack_place.h"
#include "tools/symbolize/names.h"

/* ---- threads ------------------------------------------------------------------------------- */

static const char *module_path(const struct writer *writer, const struct pc_frames *frames)
{
	const struct rt_module *module =
	    frames->module ? ring_file_module(writer->ring, (uint32_t)frames->module - 1) : NULL;

	return module && memchr(module->path, '\0', sizeof(module->path)) ? module->path : NULL;
}

enum found { FOUND, RUNTIME, NAMELESS };

/* The outermost function of this address that is not the runtime's.  RUNTIME: all of them are. */
static enum found own_function(struct writer *writer, uint32_t pc, struct thread_runs *runs)
{
	const struct pc_frames *frames = stack_set_frames(&writer->stacks, pc);

	for (unsigned i = frames ? frames->count : 0; i-- > 0;) {
		const struct symbol_frame *frame = &frames->frames[i];

		if (name_is_runtime(module_path(writer, frames), frame->function, frame->file))
			continue;
		if (!frame->function)
			return NAMELESS;
		*runs = (struct thread_runs){pc, i, frame->function};
		return FOUND;
	}
	return RUNTIME;
}

/* A function without a name hides what those further in are called by: then the result is that nothing is known. */
static struct thread_runs outermost_function(struct writer *writer, uint32_t stack)
{
	uint32_t pcs[RT_DEPTH_MOST], root;
	unsigned count = ring_file_stack(writer->ring, stack, pcs, RT_DEPTH_MOST, &root);
	struct thread_runs runs = {0};
	enum found found = RUNTIME;

	if (root != RT_ROOT_COMPLETE) /* the outer frames of a stack that was cut are missing */
		return runs;
	while (found == RUNTIME && count > 0)
		found = own_function(writer, pcs[--count], &runs);
	return runs;
}

struct thread_runs thread_runs(struct writer *writer, const struct thread_result *thread)
{
	struct thread_runs runs = outermost_function(writer, thread->runs_stack);

	if (!runs.pc && !thread->main)
		runs = outermost_function(writer, thread->last_stack);
	return runs;
}

/* ---- objects ------------------------------------------------------------------------------- */

static bool is_in(const struct rt_module *module, uint64_t address, uint64_t stamp)
{
	return module && module->start <= address && address < module->end &&
	       (!stamp || !module->unloaded || stamp < module->unloaded);
}

bool object_name(struct writer *writer, uint64_t address, uint64_t stamp, char out[OBJECT_NAME_TEXT])
{
	uint32_t count = ring_file_modules(writer->ring);

	*out = '\0';
	for (uint32_t i = 0; i < count; i++) {
		const struct rt_module *module = ring_file_module(writer->ring, i);
		uint64_t into = 0;
		const char *name =
		    is_in(module, address, stamp)
		        ? symbolizer_variable(writer->store->symbolizer, module, address - module->bias, &into)
		        : NULL;

		if (!name)
			continue;
		if (into)
			snprintf(out, OBJECT_NAME_TEXT, "%.120s+%" PRIu64, name, into);
		else
			snprintf(out, OBJECT_NAME_TEXT, "%.150s", name);
		return true;
	}
	return false;
}

/* ---- blocks -------------------------------------------------------------------------------- */

/* Writes the name of the function, or its module and where it starts there.  False: not even that is known. */
static bool function_text(const struct writer *writer, const struct pc_frames *frames, const struct symbol_frame *frame,
                          char *out, size_t size)
{
	const char *module = module_path(writer, frames);

	if (frame->function) {
		shorten_function(frame->function, size - 1, out, size);
		return true;
	}
	if (!frame->start || !module)
		return false;
	snprintf(out, size, "%.60s+0x%" PRIx64, base_name(module), frame->start);
	return true;
}

/* Writes the function that reports name the stack by.  False: it has no name. */
static bool place_text(struct writer *writer, uint32_t stack, char *out, size_t size)
{
	const struct pc_frames *frames;
	const struct symbol_frame *frame;

	if (!stack_set_use(&writer->stacks, stack))
		return false;
	frame = stack_place_frame(&writer->stacks, stack_place(&writer->stacks, stack).place, &frames);
	return frame && function_text(writer, frames, frame, out, size);
}

bool block_name(struct writer *writer, const struct finding_object *lock, char out[OBJECT_NAME_TEXT])
{
	char function[81];

	if (lock->block_stack == RT_STACK_NONE || !place_text(writer, lock->block_stack, function, sizeof function))
		return false;
	snprintf(out, OBJECT_NAME_TEXT, "+%" PRIu64 " in a block from %s", lock->block_into, function);
	return true;
}
