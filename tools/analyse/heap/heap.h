/* Heap: what was allocated where, what was live at the peak and at the end. */
#ifndef RINGTAIL_ANALYSE_HEAP_H
#define RINGTAIL_ANALYSE_HEAP_H

#include "tools/analyse/analyse.h"
#include "tools/finding/live_block.h"

struct heap_counts {
	/* First what every allocation touches: one cache line of a holder (heap_sites.h). */
	uint64_t allocations;     /* calls that returned memory, reallocations included */
	uint64_t allocated_bytes; /* sum of the sizes they asked for */
	uint64_t live_blocks, live_bytes; /* now / at the end */
	uint64_t peak_blocks, peak_bytes; /* per site and thread: its share at the process's peak */
	uint64_t largest;         /* largest single request */

	uint64_t frees;           /* blocks ended by free, delete, realloc(p, 0); not by reallocation */
	uint64_t freed_bytes;
	uint64_t temporary;       /* freed by the thread that allocated it, with no other allocation of this thread
	                           * between */
	uint64_t failed;          /* calls that returned no memory */
	uint64_t reallocations;   /* of those: realloc of a live block */
	uint64_t reallocated_in_place;
	uint64_t unknown_frees;   /* frees of blocks never seen (made before us, or by what we cannot hook) */
	uint64_t double_frees;    /* frees of a block that had been freed and not handed out again */
	uint64_t mismatched;      /* malloc/new/new[] against free/delete/delete[] */
	uint64_t unseen_frees;    /* blocks whose address was handed out again with no free in between: their free was
	                           * lost, or made by what we cannot hook */
};

struct heap_site { /* one allocation stack and function */
	uint32_t stack;
	uint32_t group; /* of threads: of all that allocated there, 0 where there are several: heap_shares */
	uint8_t type;   /* RT_MALLOC.., RT_REALLOC_END */
	struct heap_counts counts;
};

/* A group's part of a site where several allocate; of the counts, only allocations, live and peak are kept. */
struct heap_share {
	uint32_t site; /* index */
	uint32_t group;
	struct heap_counts counts;
};

#define HEAP_SIZE_CLASSES 57 /* class k: sizes in [2^(k-1), 2^k), class 0: size 0 */
struct heap_size_class { uint64_t allocations, bytes, live_blocks, live_bytes; };

/* Blocks count for the thread that allocated them, whoever freed them; unknown, double and mismatched frees and
 * failures for the thread that made the call.  thread 0: not known which. */
struct heap_thread { uint32_t thread; struct heap_counts counts; };

struct heap_sample { uint64_t stamp, live_bytes, live_blocks; }; /* bounded number, thinned as it grows */

struct heap_analysis *heap_new(struct ring_file *ring);
void heap_free(struct heap_analysis *heap);
void heap_event(struct heap_analysis *heap, const struct event *event);
/* From now on the thread is in this group (thread_groups.h). */
void heap_thread_group(struct heap_analysis *heap, uint32_t thread, uint32_t group);
/* Fetch what heap_event will need for this event: its block, and some events later, when that has come, its site. */
void heap_prefetch(const struct heap_analysis *heap, const struct event *event);
void heap_prefetch_site(const struct heap_analysis *heap, const struct event *event);
/* Whether the last event given to heap_event ended a block by freeing it, and which. */
bool heap_ended_block(const struct heap_analysis *heap, uint64_t *address, uint64_t *size);
/* Whether the address lies in no live block for certain.  Slow, and answers no when it was asked too often. */
bool heap_is_freed(struct heap_analysis *heap, uint64_t address);
/* Whether no reallocation is known to be under way: whoever looks at memory now sees each block in one place. */
bool heap_is_settled(const struct heap_analysis *heap);
/* Blocks that are live now, those aside that are being reallocated. */
size_t heap_live_count(const struct heap_analysis *heap);
/* What is live now, in no order; malloced.  A site number is good for heap_site_stack. */
struct live_block *heap_live_blocks(const struct heap_analysis *heap, size_t *count);
uint32_t heap_site_stack(const struct heap_analysis *heap, uint32_t site);
/* scan: of the end, or one that was not done. */
void heap_finish(struct heap_analysis *heap, const struct process_end *end, const struct leak_scan *scan,
                 struct finding_list *findings);

/* Results, valid after heap_finish and owned by the analysis. */
const struct heap_counts *heap_totals(const struct heap_analysis *heap);
uint64_t heap_peak_stamp(const struct heap_analysis *heap);
const struct heap_site *heap_sites(const struct heap_analysis *heap, size_t *count);
/* By site; those of a site add up to it. */
const struct heap_share *heap_shares(const struct heap_analysis *heap, size_t *count);
const struct heap_size_class *heap_size_classes(const struct heap_analysis *heap);
const struct heap_thread *heap_threads(const struct heap_analysis *heap, size_t *count);
const struct heap_sample *heap_samples(const struct heap_analysis *heap, size_t *count);

#endif
