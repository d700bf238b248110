#include "shim/allocator.h"

#include <stdlib.h>

#include "shim/hooks.h"
#include "shim/message.h"
#include "shim/modules.h"
#include "shim/process.h"

#define EXIT_UNWATCHABLE 69 /* what `ringtail run --must-watch` ends with */

enum rt_heap_unseen allocator_unseen;

/* Whether a call of the program's malloc comes to the shim's. */
static bool goes_on_to_ours(const struct front_allocator *front)
{
	unsigned before = heap_calls_unrecorded;
	thread_suspend_recording();
	void *block = front->malloc(24);
	if (block)
		front->free(block);
	thread_resume_recording();
	return heap_calls_unrecorded != before;
}

static enum rt_heap_unseen find_out(void)
{
	struct front_allocator front;
	if (!options.heap || !resolve_front(&front) || !is_in_executable((void *)front.malloc))
		return RT_HEAP_SEEN;
	return goes_on_to_ours(&front) ? RT_HEAP_SEEN : RT_HEAP_IN_PROGRAM;
}

static void say(void)
{
	if (allocator_unseen == RT_HEAP_IN_PROGRAM)
		message_once("the heap is not watched, as malloc is linked into the program itself",
		             process->header->exe);
}

/* The tool says why, and that the program was not run. */
static void refuse(void)
{
	store_release(&process->header->refused, 1);
	process_end(RT_END_EXIT_NOW, EXIT_UNWATCHABLE);
	real._exit(EXIT_UNWATCHABLE);
}

void allocator_start_up(void)
{
	if (!process || load_acquire(&process->state) != PROCESS_RECORDING)
		return;
	allocator_unseen = find_out();
	if (allocator_unseen == RT_HEAP_SEEN)
		return;
	options.heap = false;
	store_release(&process->header->heap_unseen, allocator_unseen);
	if (options.refuse == (uint64_t)process->pid)
		refuse();
	say();
}
