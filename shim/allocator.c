#include "shim/allocator.h"

#include <stdlib.h>

#include "shim/cfi.h"
#include "shim/clock.h"
#include "shim/front.h"
#include "shim/hooks.h"
#include "shim/message.h"
#include "shim/modules.h"
#include "shim/process.h"
#include "shim/turning.h"

#define EXIT_UNWATCHABLE 69 /* what `ringtail run --must-watch` ends with */

enum rt_heap_unseen allocator_unseen;

/* Whether a call of the program's malloc comes to the shim's. */
static bool goes_on_to_ours(const struct front_allocator *its)
{
	unsigned before = heap_calls_unrecorded;
	thread_suspend_recording();
	void *block = its->malloc(24);
	if (block)
		its->free(block);
	thread_resume_recording();
	return heap_calls_unrecorded != before;
}

static enum rt_heap_unseen find_out(void)
{
	struct front_allocator found;
	if (!options.heap || !resolve_front(&found))
		return RT_HEAP_SEEN;
	void *server = front_server((void *)found.malloc);
	bool in_program = is_in_executable(server);
	if (in_range(&shim_range, (uintptr_t)server))
		return RT_HEAP_SEEN;
	front_watched = !in_program && front_find(server) && turning_to_front();
	if (front_watched || goes_on_to_ours(&found))
		return RT_HEAP_SEEN;
	return in_program ? RT_HEAP_IN_PROGRAM : RT_HEAP_IN_FRONT;
}

/* In the ring file, for reports: which library serves the program, and since when its calls are seen. */
static void note_server(void)
{
	struct dl_find_object object;
	uint32_t index = cfi_object(front_range.start, &object) ? modules_index(&object) : 0;
	if (!index)
		return;
	struct rt_module *module = &process->modules[index - 1];
	module->turned = front_watched ? clock_ticks() : 0;
	store_release(&module->calls, RT_CALLS_SERVED);
}

static void say(void)
{
	if (allocator_unseen == RT_HEAP_IN_PROGRAM)
		message_once("the heap is not watched, as malloc is linked into the program itself",
		             process->header->exe);
	else
		message_once("the heap is not watched, as malloc is that of a library preloaded before ringtail's",
		             process->header->exe);
}

/* The tool says why, and that the program was not run. */
static void refuse(void)
{
	store_release(&process->header->refused, 1);
	process_end(RT_END_EXIT_NOW, EXIT_UNWATCHABLE);
	real._exit(EXIT_UNWATCHABLE);
}

void allocator_lost(void)
{
	store_release(&front_watched, false);
	allocator_unseen = RT_HEAP_IN_FRONT;
	store_release(&process->header->heap_unseen, allocator_unseen);
	say();
}

void allocator_start_up(void)
{
	if (!process || load_acquire(&process->state) != PROCESS_RECORDING)
		return;
	allocator_unseen = find_out();
	if (front_watched || allocator_unseen == RT_HEAP_IN_FRONT)
		note_server();
	if (front_watched) {
		options.heap = false; /* hooks of hooks.def record no block: front.h */
		store_release(&process->header->heap_in_front, 1);
	}
	if (allocator_unseen == RT_HEAP_SEEN)
		return;
	options.heap = false;
	store_release(&process->header->heap_unseen, allocator_unseen);
	if (options.refuse == (uint64_t)process->pid)
		refuse();
	say();
}
