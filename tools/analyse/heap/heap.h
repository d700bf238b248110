/* The heap stage: how much was allocated where, and which blocks were live at the peak and at the end. */
#ifndef RINGTAIL_ANALYSE_HEAP_H
#define RINGTAIL_ANALYSE_HEAP_H

#include "tools/analyse/analyse.h"
#include "tools/finding/live_block.h"

struct heap_counts {
	/* The fields that every allocation touches come first: one cache line of a holder (heap_sites.h). */
	uint64_t allocations;             /* calls that returned memory, reallocations included */
	uint64_t allocated_bytes;         /* sum of the sizes requested by these calls */
	uint64_t live_blocks, live_bytes; /* now; after heap_finish, at the end */
	uint64_t peak_blocks, peak_bytes; /* of a site or thread: its share of the process's peak */
	uint64_t largest;                 /* largest single request */

	uint64_t frees; /* blocks ended by free, delete, realloc(p, 0); not by reallocation */
	uint64_t freed_bytes;
	uint64_t temporary;     /* blocks that the allocating thread freed before it allocated another one */
	uint64_t failed;        /* calls that returned no memory */
	uint64_t reallocations; /* part of allocations: realloc of a live block */
	uint64_t reallocated_in_place;
	uint64_t unknown_frees; /* frees of blocks never seen: allocated before the shim, or in a call without a hook */
	uint64_t double_frees;  /* frees of a block that had been freed and not allocated again */
	uint64_t mismatched;    /* malloc/new/new[] against free/delete/delete[] */
	uint64_t unseen_frees;  /* blocks whose address was allocated again without a free in between: the free was
	                         * lost, or made by a call without a hook */
};

struct heap_site { /* one allocation stack and function */
	uint32_t stack;
	uint32_t group; /* the only group of threads that allocated there; 0: there are several, see heap_shares */
	uint8_t type;   /* RT_MALLOC.., RT_REALLOC_END */
	struct heap_counts counts;
};

/* The part of one group of threads in a site where several groups allocate.  Of its counts, only allocations, live and
 * peak are kept. */
struct heap_share {
	uint32_t site; /* index */
	uint32_t group;
	struct heap_counts counts;
};

#define HEAP_SIZE_CLASSES 57 /* class k: sizes in [2^(k-1), 2^k), class 0: size 0 */
struct heap_size_class {
	uint64_t allocations, bytes, live_blocks, live_bytes;
};

/* A block counts for the thread that allocated it, also if another thread frees it.  Unknown, double and mismatched
 * frees, and failed calls, count for the thread that made the call.  thread 0: it is not known which thread. */
struct heap_thread {
	uint32_t thread;
	struct heap_counts counts;
};

struct heap_sample {
	uint64_t stamp, live_bytes, live_blocks;
}; /* bounded number, thinned as it grows */

struct heap_level {
	uint64_t stamp, live_bytes, live_blocks;
	uint32_t site; /* number of the site, from 1; 0: the whole process */
};

struct ended_block {
	uint64_t address, size;
	uint32_t stack; /* where it was allocated */
};

/* Both must outlive it. */
struct heap_analysis *heap_new(struct ring_file *ring, const struct thread_analysis *threads);
void heap_free(struct heap_analysis *heap);
void heap_event(struct heap_analysis *heap, const struct event *event);
/* From now on the thread is in this group (thread_groups.h). */
void heap_thread_group(struct heap_analysis *heap, uint32_t thread, uint32_t group);
/* Prefetch the memory that heap_event will need for this event: the first its block; the second, called some events
 * later when the block has arrived, its site. */
void heap_prefetch(const struct heap_analysis *heap, const struct event *event);
void heap_prefetch_site(const struct heap_analysis *heap, const struct event *event);
/* True if the last event given to heap_event freed a block; sets *block to it then. */
bool heap_ended_block(const struct heap_analysis *heap, struct ended_block *block);
/* True if calls may pass unseen at present, or events are missing: freed memory may have been allocated again. */
bool heap_is_doubtful(const struct heap_analysis *heap);
/* True if the address certainly lies in no live block.  Slow: it searches all blocks.  After a number of calls it
 * always answers false. */
bool heap_is_freed(struct heap_analysis *heap, uint64_t address);
/* True if a live block is known to contain the address; sets its *start and *size then.  Blocks much larger than 64 KiB
 * are found only near their start. */
bool heap_block_around(struct heap_analysis *heap, uint64_t address, uint64_t *start, uint64_t *size);
/* False: too much was searched for, and heap_block_around finds nothing any more. */
bool heap_can_search(const struct heap_analysis *heap);
/* Where the live block that contains the address was allocated, and how many bytes after its start the address lies;
 * within the limits of heap_block_around. */
bool heap_block_origin(struct heap_analysis *heap, uint64_t address, uint32_t *stack, uint64_t *into);
struct heap_block {
	uint64_t address, size;
	uint32_t stack;  /* where it was allocated */
	uint32_t thread; /* that allocated it; 0: not known */
};
/* True if a live block is known to contain the address; sets *found to it then.  It searches all blocks, up to a bound
 * for all calls together. */
bool heap_find_block(struct heap_analysis *heap, uint64_t address, struct heap_block *found);

struct block_question {
	uint64_t address;
	void *of;       /* the caller's */
	uint32_t stack; /* the answer: where the live block that contains the address was allocated; RT_STACK_NONE: in
	                   none */
	uint64_t into;  /* bytes from the block's start to the address */
};
/* The same for many addresses, without limits: goes through all live blocks once.  Sorts the questions. */
void heap_find_origins(const struct heap_analysis *heap, struct block_question *questions, size_t count);
/* True if no reallocation is known to be under way: then a scan of memory finds each block in one place. */
bool heap_is_settled(const struct heap_analysis *heap);
/* The number of live blocks, excluding blocks that are being reallocated. */
size_t heap_live_count(const struct heap_analysis *heap);
/* The live blocks in no particular order; malloced.  heap_site_stack gives the stack of a site number.  missing_until:
 * no missing event has a later stamp, 0: no event is missing. */
struct live_block *heap_live_blocks(const struct heap_analysis *heap, uint64_t missing_until, size_t *count);
uint32_t heap_site_stack(const struct heap_analysis *heap, uint32_t site);
/* scan: the scan at the end, or one that was not done. */
void heap_finish(struct heap_analysis *heap, const struct process_end *end, const struct leak_scan *scan,
                 struct finding_list *findings);

/* Results, valid after heap_finish and owned by the analysis. */
const struct heap_counts *heap_totals(const struct heap_analysis *heap);
uint64_t heap_peak_stamp(const struct heap_analysis *heap);
const struct heap_site *heap_sites(const struct heap_analysis *heap, size_t *count);
/* Sorted by site; the shares of a site add up to its counts. */
const struct heap_share *heap_shares(const struct heap_analysis *heap, size_t *count);
const struct heap_size_class *heap_size_classes(const struct heap_analysis *heap);
const struct heap_thread *heap_threads(const struct heap_analysis *heap, size_t *count);
const struct heap_sample *heap_samples(const struct heap_analysis *heap, size_t *count);
/* What the process and its largest sites held at some moments, in the order of time.  A site that is missing at a
 * moment was not among the largest then, and is known to have held less than each of them. */
const struct heap_level *heap_levels(const struct heap_analysis *heap, size_t *count);

#endif
