/*
 * The roots of a scan: memory outside of the heap in which the program keeps pointers.
 *
 * Roots are:
 *
 * - registers;
 * - stacks, from the stack pointer (less the red zone) up;
 * - thread-local storage;
 * - the writable data of modules;
 * - all other memory that has pages, such as memory from mmap, whatever its access rights are now.
 *
 * Not roots are:
 *
 * - the heap itself: [heap] (except what the program itself got by sbrk), glibc's other arenas, and every live block.
 *   A block counts when something reaches it.
 * - the ring file, which holds every address, and the shim's own memory, which holds copies of stacks.
 * - what an allocator other than glibc's has mapped, and its libraries' data, where no pointer of the program's can be
 * in it but in live blocks (allocator_memory.h).
 * - memory below a stack pointer, and the stacks of threads that have ended, which glibc keeps for the next thread.
 *
 * In a forked child the heap is a root too, except the child's own blocks.  It holds the parent's blocks, which the
 * child's ring does not list, and the child may have linked its own blocks to them.  The same holds where events were
 * lost, as blocks may be missing then, and where the allocator is preloaded before the shim, as blocks made before the
 * shim's constructor are not known.
 */
#ifndef RINGTAIL_SCAN_ROOTS_H
#define RINGTAIL_SCAN_ROOTS_H

#include "tools/analyse/heap/allocator_maps.h"
#include "tools/scan/blocks.h"
#include "tools/target/target.h"

struct root_range {
	uint64_t start, end;
	bool allocator; /* an arena of glibc is in the range: its pointers may point between blocks */
	bool loader;    /* the dynamic loader's own data: any pointer into a block counts as one to its start */
};

struct root_thread { /* a thread, as known from its events */
	uint64_t pthread;
	bool ended, gone; /* gone: also joined or detached, so that no thread can ask for its result */
};

struct roots {
	struct root_range *ranges;
	size_t count, room;
	uint64_t *words; /* single values that are roots, such as registers */
	size_t word_count, word_room;
};

struct allocator_memory {             /* memory that is an allocator's alone: allocator_memory.h */
	struct allocator_maps ranges; /* no roots */
	uint64_t *kept;               /* addresses of blocks that it keeps there for itself: roots */
	size_t kept_count, kept_room;
};

struct root_request {
	const struct target *target;
	const struct live_block *blocks; /* sorted */
	size_t block_count;
	const struct root_thread *threads;
	size_t thread_count;
	const char *ring_name;       /* the ring file, without its directory */
	uint64_t own;                /* address in the target of struct rt_own, which describes the shim's memory */
	uint64_t brk_start, brk_end; /* the part of [heap] that the program itself got by sbrk */
	const struct allocator_memory *allocator; /* NULL: not known */
	bool heap_is_root;                        /* the heap may hold blocks that are not among these: see above */
};

void roots_find(struct roots *roots, const struct root_request *request);
void roots_free(struct roots *roots);

#endif
