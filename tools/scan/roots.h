/*
 * Where a program's own pointers can be: everything that is not the heap.
 *
 * Roots are registers; stacks from the stack pointer up (less the red zone); thread-local storage; the writable data of
 * modules; and all other memory that has pages, such as what the program got by mmap, whatever its rights are for now.  Not
 * roots are
 *
 * - the heap itself: [heap] (less what the program itself got by sbrk), glibc's other arenas, and every live block.  A block counts when something reaches it.
 * - the ring file, which has every address in it, and the shim's own memory, which has copies of stacks.
 * - what lies below a stack pointer, and the stacks of threads that have ended, which glibc keeps for the next.
 *
 * In a forked child the heap is a root too, less its own blocks: it has the parent's blocks, of which we know nothing,
 * and the child may have hung its own ones into them.  So it is where events were lost, and blocks with them.
 */
#ifndef RINGTAIL_SCAN_ROOTS_H
#define RINGTAIL_SCAN_ROOTS_H

#include "tools/scan/blocks.h"
#include "tools/target/target.h"

struct root_range {
	uint64_t start, end;
	bool allocator; /* glibc's arena is in here: it points between blocks */
	bool loader;    /* the dynamic loader's own data: it knows its blocks by any pointer into them */
};

struct root_thread { /* as known from its events */
	uint64_t pthread;
	bool ended, gone; /* gone: joined or detached too, so that nobody can ask for its result */
};

struct roots {
	struct root_range *ranges;
	size_t count, room;
	uint64_t *words; /* values that are roots by themselves */
	size_t word_count, word_room;
};

struct root_request {
	const struct target *target;
	const struct live_block *blocks; /* sorted */
	size_t block_count;
	const struct root_thread *threads;
	size_t thread_count;
	const char *ring_name; /* the ring file, without its directory */
	uint64_t own;          /* struct rt_own of the shim's memory, in the target */
	uint64_t brk_start, brk_end; /* of [heap], what the program has for its own use */
	bool heap_is_root;     /* there are blocks that are not known */
};

void roots_find(struct roots *roots, const struct root_request *request);
void roots_free(struct roots *roots);

#endif
