#include "tools/store/subject_names.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tools/analyse/locks/locks.h"
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

/* Writes " (conn.c:30)"; nothing if the line is not known. */
static void line_text(const struct symbol_frame *frame, char *out, size_t size)
{
	*out = '\0';
	if (frame->file && frame->line)
		snprintf(out, size, " (%.40s:%d)", base_name(frame->file), frame->line);
}

bool block_name(struct writer *writer, uint32_t stack, uint64_t into, const char *which, char out[OBJECT_NAME_TEXT])
{
	const struct pc_frames *frames;
	const struct symbol_frame *frame;
	char function[81], line[60];

	if (stack == RT_STACK_NONE || !stack_set_use(&writer->stacks, stack))
		return false;
	frame = stack_place_frame(&writer->stacks, stack_place(&writer->stacks, stack).place, &frames);
	if (!frame || !function_text(writer, frames, frame, function, sizeof function))
		return false;
	line_text(frame, line, sizeof line);
	snprintf(out, OBJECT_NAME_TEXT, "%" PRIu64 " %s into %s block from %s%s", into, plural(into, "byte", "bytes"),
	         which, function, line);
	return true;
}

/* ---- locks ------------------------------------------------------------------------------------- */

static uint64_t key_of(unsigned kind, uint64_t address, uint32_t generation)
{
	return u64_mix(address) + ((uint64_t)generation << 8 | kind);
}

/* By key_of: index + 1 into the results of the lock stage.  They are listed at the first question. */
static const struct lock_result *find_lock(struct writer *writer, const struct finding_object *object)
{
	size_t count;
	const struct lock_result *locks =
	    writer->analysis->locks ? locks_results(writer->analysis->locks, &count) : NULL;
	uint64_t found;

	if (!locks)
		return NULL;
	for (size_t i = 0; i < count && !writer->locks_listed; i++)
		u64_map_put(&writer->locks, key_of(locks[i].kind, locks[i].address, locks[i].generation), i + 1);
	writer->locks_listed = true;
	found = u64_map_get(&writer->locks, key_of(object->kind, object->address, object->generation));
	return found ? &locks[found - 1] : NULL;
}

bool lock_name(struct writer *writer, const struct finding_object *lock, uint64_t stamp, char out[OBJECT_NAME_TEXT])
{
	const struct lock_result *known;

	if (object_name(writer, lock->address, stamp, out))
		return true;
	if (lock->block_stack != RT_STACK_NONE)
		return block_name(writer, lock->block_stack, lock->block_into, "the", out);
	known = find_lock(writer, lock);
	return known && !known->blocks_differ && block_name(writer, known->block_stack, known->block_into, "the", out);
}
