/*
 * The heap stage: follows every block from its allocation to its end.
 *
 * A block belongs to the site that gave it its present size: after a realloc, to the site of the realloc.  A realloc is
 * one change.  At RT_REALLOC_BEGIN its old block is set aside (heap_reallocs.h) and still counts as live; at
 * RT_REALLOC_END the new block replaces it.
 */
#include "tools/analyse/heap/heap.h"

#include <stdlib.h>
#include <string.h>

#include "tools/finding/findings.h"
#include "tools/analyse/heap/heap_blocks.h"
#include "tools/analyse/heap/heap_levels.h"
#include "tools/analyse/heap/heap_misuse.h"
#include "tools/analyse/heap/heap_reallocs.h"
#include "tools/analyse/heap/heap_samples.h"
#include "tools/analyse/heap/heap_sites.h"
#include "tools/analyse/heap/heap_times.h"
#include "tools/analyse/heap/leaks.h"
#include "tools/analyse/threads/threads.h"
#include "tools/base/compare.h"
#include "tools/base/format.h"
#include "tools/base/memory.h"
#include "tools/base/search.h"

/* How far below an unknown pointer the start of its block is searched; and the look-ups of all such searches
 * together. */
#define INTERIOR_REACH  65536u
#define INTERIOR_BUDGET (1u << 26)
#define FREED_QUESTIONS 100u
#define NEAR_BLOCKS     256u       /* places below an address at which its block is looked for first */
#define FIND_BUDGET     (1u << 28) /* slots of the table */
#define BLOCK_ALIGNMENT 16u
#define CHUNK_LEAST     32u /* of glibc's chunks */

/* A block that may have been freed unseen: names it at any later time. */
struct doubtful {
	uint64_t address;
	uint32_t thread, serial;
};

struct heap_analysis {
	const struct ring_file *ring;
	const struct thread_analysis *threads; /* NULL: stacks are not known */
	struct block_table blocks;
	struct site_table sites;
	struct actor_table actors;
	struct heap_times times;
	uint64_t serial; /* number of the latest maximum of live bytes */
	uint64_t live_bytes, live_blocks;
	uint64_t peak_bytes, peak_blocks, peak_stamp;
	struct ended_block ended; /* by the last event; address 0: none */
	struct heap_size_class classes[HEAP_SIZE_CLASSES];
	struct samples samples;
	struct levels levels;
	struct realloc_table reallocs;
	struct recent_frees recent;
	struct misuse_table *misuse;
	uint64_t unseen;           /* libraries whose calls may pass unseen at present */
	struct doubtful *doubtful; /* blocks allocated by threads that open such libraries */
	size_t doubtful_count, doubtful_room;
	uint64_t certain_until; /* stamp after which events may be missing */
	uint64_t interior_budget;
	unsigned freed_questions; /* calls of heap_is_freed that still search */
	size_t find_budget;       /* slots that heap_find_block may still search */

	struct heap_counts totals; /* this and the following members are filled by heap_finish */
	struct heap_site *site_results;
	struct heap_share *share_results;
	size_t share_count;
	struct heap_thread *thread_results;
	size_t thread_count;
};

struct heap_analysis *heap_new(struct ring_file *ring, const struct thread_analysis *threads)
{
	struct heap_analysis *heap = memory_zeroed(1, sizeof *heap);

	heap->ring = ring;
	heap->threads = threads;

	blocks_init(&heap->blocks);
	sites_init(&heap->sites, ring);
	actors_init(&heap->actors);
	samples_init(&heap->samples);
	levels_init(&heap->levels);
	recents_init(&heap->recent);
	heap->misuse = misuse_new();
	heap->certain_until = UINT64_MAX;
	heap->interior_budget = INTERIOR_BUDGET;
	heap->freed_questions = FREED_QUESTIONS;
	heap->find_budget = FIND_BUDGET;
	return heap;
}

void heap_free(struct heap_analysis *heap)
{
	if (!heap)
		return;
	blocks_free(&heap->blocks);
	sites_free(&heap->sites);
	actors_free(&heap->actors);
	heap_times_free(&heap->times);
	reallocs_free(&heap->reallocs);
	misuse_free(heap->misuse);
	recents_free(&heap->recent);
	levels_free(&heap->levels);
	free(heap->doubtful);
	free(heap->site_results);
	free(heap->share_results);
	free(heap->thread_results);
	free(heap);
}

/* ---- the life of a block ------------------------------------------------------ */

static struct site *site_of(const struct heap_analysis *heap, const struct block *block)
{
	return &heap->sites.items[block->site];
}

static struct heap_size_class *class_of(struct heap_analysis *heap, uint64_t size)
{
	unsigned class = size ? 64 - (unsigned)__builtin_clzll(size) : 0;

	return &heap->classes[class < HEAP_SIZE_CLASSES ? class : HEAP_SIZE_CLASSES - 1];
}

static void block_begins(struct heap_analysis *heap, struct block *block, const struct event *event, uint8_t type)
{
	uint32_t site = sites_get(&heap->sites, event->stack, type, heap->serial);
	uint32_t thread = actors_get(&heap->actors, event->thread, heap->serial);
	struct heap_actor *actor = &heap->actors.items[thread];
	struct heap_size_class *class = class_of(heap, event->size);
	uint32_t share = sites_share(&heap->sites, site, actor->group, heap->serial);

	if (share)
		holder_gain(&heap->sites.shares[share - 1].holder, heap->serial, event->size);
	holder_gain(&heap->sites.items[site].holder, heap->serial, event->size);
	holder_gain(&actor->holder, heap->serial, event->size);
	actor->latest = event->stamp;
	actor->serial = heap_times_next(&heap->times, event->stamp);
	class->allocations++;
	class->bytes += event->size;
	class->live_blocks++;
	class->live_bytes += event->size;
	heap->live_bytes += event->size;
	heap->live_blocks++;
	*block = (struct block){.address = event->object,
	                        .size = event->size,
	                        .site = site,
	                        .thread = thread,
	                        .serial = actor->serial,
	                        .share = share};
}

/* Subtracts the block from all numbers of live blocks.  The caller counts why it ended. */
static void block_ends(struct heap_analysis *heap, const struct block *block)
{
	struct heap_size_class *class = class_of(heap, block->size);

	holder_lose(&site_of(heap, block)->holder, heap->serial, block->size);
	if (block->share)
		holder_lose(&heap->sites.shares[block->share - 1].holder, heap->serial, block->size);
	holder_lose(&heap->actors.items[block->thread].holder, heap->serial, block->size);
	class->live_blocks--;
	class->live_bytes -= block->size;
	heap->live_bytes -= block->size;
	heap->live_blocks--;
}

static void look_at_sites(struct heap_analysis *heap, uint64_t stamp)
{
	levels_look(
	    &heap->levels, &heap->sites,
	    (struct heap_level){.stamp = stamp, .live_bytes = heap->live_bytes, .live_blocks = heap->live_blocks});
}

static void note_level(struct heap_analysis *heap, uint64_t stamp)
{
	if (heap->live_bytes > heap->peak_bytes) {
		heap->peak_bytes = heap->live_bytes;
		heap->peak_blocks = heap->live_blocks;
		heap->peak_stamp = stamp;
		heap->serial++;
	}
	samples_note(&heap->samples, stamp, heap->live_bytes, heap->live_blocks);
	if (__builtin_expect(levels_due(&heap->levels), 0))
		look_at_sites(heap, stamp);
}

/* The block's free was lost, or was called by code that cannot be hooked. */
static void end_unseen(struct heap_analysis *heap, const struct block *block)
{
	block_ends(heap, block);
	site_of(heap, block)->holder.counts.unseen_frees++;
	heap->actors.items[block->thread].holder.counts.unseen_frees++;
}

static void allocate(struct heap_analysis *heap, const struct event *event, uint8_t type)
{
	bool existed;
	struct block *block;

	if (!event->object)
		return;
	block = blocks_put(&heap->blocks, event->object, &existed);
	if (existed)
		end_unseen(heap, block);
	block_begins(heap, block, event, type);
	if (__builtin_expect(heap->unseen && heap->actors.items[block->thread].opens, 0)) {
		GROW(heap->doubtful, heap->doubtful_room, heap->doubtful_count + 1);
		heap->doubtful[heap->doubtful_count++] =
		    (struct doubtful){block->address, block->thread, block->serial};
	}
}

static struct heap_actor *caller_of(struct heap_analysis *heap, const struct event *event)
{
	uint32_t index = actors_get(&heap->actors, event->thread, heap->serial); /* may move the items */

	return &heap->actors.items[index];
}

static struct heap_counts *caller_counts(struct heap_analysis *heap, const struct event *event)
{
	return &caller_of(heap, event)->holder.counts;
}

/* ---- misuse -------------------------------------------------------------------- */

/* site NULL: it is about no block. */
static struct heap_misuse misuse_of(const struct event *event, enum finding_class class, const struct site *site)
{
	return (struct heap_misuse){.class = class,
	                            .alloc_stack = site ? site->stack : RT_STACK_NONE,
	                            .alloc_type = site ? site->type : 0,
	                            .free_stack = event->stack,
	                            .free_type = event->type,
	                            .thread = event->thread,
	                            .stamp = event->stamp};
}

static void note_misuse(struct heap_analysis *heap, const struct event *event, enum finding_class class,
                        const struct site *site, uint32_t earlier_stack)
{
	struct heap_misuse misuse = misuse_of(event, class, site);

	misuse.earlier_stack = earlier_stack;
	misuse_note(heap->misuse, &misuse);
}

static void allocation_failed(struct heap_analysis *heap, const struct event *event, unsigned type)
{
	uint32_t site;

	if (type != RT_REALLOC_END && (type < RT_ALLOC_FIRST || type > RT_ALLOC_LAST))
		type = RT_MALLOC;
	site = sites_get(&heap->sites, event->stack, (uint8_t)type, heap->serial);
	heap->sites.items[site].holder.counts.failed++;
	caller_counts(heap, event)->failed++;
	if (event->size >= RT_SIZE_NEGATIVE && event->size <= RT_SIZE_MASK && event->stamp <= heap->certain_until) {
		struct heap_misuse misuse = misuse_of(event, FINDING_MISUSE_NEGATIVE_SIZE, &heap->sites.items[site]);

		misuse.free_stack = RT_STACK_NONE;
		misuse_note(heap->misuse, &misuse);
	}
}

/* The size that was given with the block; false: none was. */
static bool size_given(const struct event *event, uint64_t *size)
{
	if (event->type == RT_REALLOC_BEGIN || !(event->aux & RT_FREE_SIZED))
		return false;
	*size = event->aux & RT_FREE_SIZE_BIG;
	if (*size == RT_FREE_SIZE_BIG)
		*size = event->arg;
	return true;
}

static void check_size(struct heap_analysis *heap, const struct event *event, const struct block *block)
{
	struct heap_misuse misuse;
	uint64_t size;

	if (!size_given(event, &size) || size == block->size || event->stamp > heap->certain_until)
		return;
	misuse = misuse_of(event, FINDING_MISUSE_MISMATCHED_FREE, site_of(heap, block));
	misuse.sizes_differ = true;
	misuse.size = block->size;
	misuse.size_given = size;
	site_of(heap, block)->holder.counts.mismatched++;
	caller_counts(heap, event)->mismatched++;
	misuse_note(heap->misuse, &misuse);
}

/* True if the innermost frame of the stack is in a C++ runtime: the program called an operator that no hook saw, as
 * a library does that was opened with RTLD_DEEPBIND.  malloc or free recorded there is not the program's call. */
static bool is_by_runtime(const struct heap_analysis *heap, uint32_t stack)
{
	static const char *const runtimes[] = {"libstdc++.so", "libc++.so", "libc++abi.so"};
	const char *name = ring_file_caller(heap->ring, stack);

	for (size_t i = 0; i < sizeof runtimes / sizeof *runtimes; i++)
		if (!strncmp(name, runtimes[i], strlen(runtimes[i])))
			return true;
	return false;
}

static void check_counterpart(struct heap_analysis *heap, const struct event *event, const struct block *block)
{
	struct site *site = site_of(heap, block);
	uint8_t used = event->type == RT_REALLOC_BEGIN ? RT_FREE : event->type;

	if (__builtin_expect(misuse_right_free(site->type) == used, 1)) {
		if (event->aux)
			check_size(heap, event, block);
		return;
	}
	if (event->stamp > heap->certain_until || heap->unseen)
		return;
	if (is_by_runtime(heap, event->stack) || is_by_runtime(heap, site->stack))
		return;
	site->holder.counts.mismatched++;
	caller_counts(heap, event)->mismatched++;
	note_misuse(heap, event, FINDING_MISUSE_MISMATCHED_FREE, site, 0);
}

/* The live block that address points into.  Blocks of malloc are aligned, so the search goes down in steps.  It is
 * bounded, since a program may free many blocks that were never seen. */
static struct block *block_around(struct heap_analysis *heap, uint64_t address)
{
	uint64_t at = address & ~(uint64_t)(BLOCK_ALIGNMENT - 1);

	for (unsigned steps = 0; steps < INTERIOR_REACH / BLOCK_ALIGNMENT && at; steps++, at -= BLOCK_ALIGNMENT) {
		struct block *block;

		if (!heap->interior_budget)
			return NULL;
		heap->interior_budget--;
		block = blocks_find(&heap->blocks, at);
		if (block)
			return address - at < block->size ? block : NULL;
	}
	return NULL;
}

/* The live block that begins within the next bytes: glibc puts no other block into so little space, and other
 * allocators would only put one there that is known. */
static struct block *block_behind(const struct heap_analysis *heap, uint64_t address)
{
	for (uint64_t at = (address | 7) + 1; at < address + CHUNK_LEAST; at += 8) {
		struct block *block = blocks_find(&heap->blocks, at);

		if (block)
			return block;
	}
	return NULL;
}

/* What an address is that is certainly no block's; PLACE_UNKNOWN: it may be a block that was never seen. */
static enum heap_place place_of(const struct heap_analysis *heap, const struct event *event, uint32_t *thread)
{
	bool flagged = !(event->aux & RT_FREE_SIZED) && event->aux & RT_FREE_UNMAPPED;

	if (flagged)
		return PLACE_UNMAPPED;
	if (ring_file_module_at(heap->ring, event->object, event->stamp))
		return PLACE_DATA;
	*thread = heap->threads ? threads_on_stack(heap->threads, event->object) : 0;
	if (*thread)
		return *thread == event->thread ? PLACE_OWN_STACK : PLACE_STACK;
	return event->object % 8 ? PLACE_ODD : PLACE_UNKNOWN;
}

/* around: the live block that the address lies in, NULL if there is none. */
static void note_no_block(struct heap_analysis *heap, const struct event *event, const struct block *around)
{
	bool all_known = !ring_file_has_early_blocks(heap->ring);
	const struct block *near = around ? around : all_known ? block_behind(heap, event->object) : NULL;
	struct heap_misuse misuse = misuse_of(event, FINDING_MISUSE_INVALID_FREE, near ? site_of(heap, near) : NULL);
	uint32_t thread = 0;

	misuse.address = event->object;
	misuse.place = around ? PLACE_INSIDE : near ? PLACE_BEFORE : place_of(heap, event, &thread);
	if (misuse.place == PLACE_STACK) {
		misuse.owner = thread;
		misuse.earlier_stack = threads_created_stack(heap->threads, thread);
	}
	if (misuse.place != PLACE_UNKNOWN)
		misuse_note(heap->misuse, &misuse);
}

static void note_free(struct heap_analysis *heap, const struct block *block, uint32_t stack)
{
	recents_put(&heap->recent, (struct recent_free){block->address, block->site, stack});
}

/*
 * A free of an address where no block is live.  If `recent` has the address, its last event was a free: an allocation
 * after that would have made it live, and a later free would have replaced the entry.
 */
static void free_unknown(struct heap_analysis *heap, const struct event *event)
{
	const struct recent_free *recent = recent_slot(&heap->recent, event->object);
	struct heap_counts *caller = caller_counts(heap, event);
	const struct block *around;

	if (event->stamp > heap->certain_until || heap->unseen) {
		caller->unknown_frees++;
		return;
	}
	around = block_around(heap, event->object);
	if (event->object && !around && recent->address == event->object) {
		caller->double_frees++;
		note_misuse(heap, event,
		            event->type == RT_REALLOC_BEGIN ? FINDING_MISUSE_REALLOC_OF_FREED
		                                            : FINDING_MISUSE_DOUBLE_FREE,
		            &heap->sites.items[recent->site], recent->stack);
		return;
	}
	caller->unknown_frees++;
	note_no_block(heap, event, around);
}

/* ---- events -------------------------------------------------------------------- */

static void count_free(struct heap_analysis *heap, const struct event *event, const struct block *block)
{
	struct site *site = site_of(heap, block);
	struct heap_counts *of_site = &site->holder.counts;
	struct heap_actor *owner = &heap->actors.items[block->thread];
	bool temporary = owner->id == event->thread && owner->serial == block->serial;

	churn_freed(&site->churn, block->size, of_site->live_blocks + 1);
	of_site->frees++;
	of_site->freed_bytes += block->size;
	of_site->temporary += temporary;
	owner->holder.counts.frees++;
	owner->holder.counts.freed_bytes += block->size;
	owner->holder.counts.temporary += temporary;
}

static void end_by_free(struct heap_analysis *heap, const struct event *event, const struct block *block)
{
	block_ends(heap, block);
	count_free(heap, event, block);
	note_free(heap, block, event->stack);
	heap->ended = (struct ended_block){block->address, block->size, site_of(heap, block)->stack};
}

/* realloc(p, 0) after its RT_REALLOC_BEGIN: the block that was set aside ends. */
static bool free_pending(struct heap_analysis *heap, const struct event *event)
{
	struct pending_realloc *pending = reallocs_of(&heap->reallocs, event->lane);

	if (!pending->open || !pending->known || pending->old.address != event->object)
		return false;
	pending->open = false;
	end_by_free(heap, event, &pending->old);
	return true;
}

static void release(struct heap_analysis *heap, const struct event *event)
{
	struct block *block = blocks_find(&heap->blocks, event->object);

	caller_of(heap, event)->latest = event->stamp;
	if (event->type == RT_FREE && event->aux == RT_FREE_BY_REALLOC && free_pending(heap, event))
		return;
	if (!block) {
		free_unknown(heap, event);
		return;
	}
	check_counterpart(heap, event, block);
	end_by_free(heap, event, block);
	blocks_remove(&heap->blocks, block);
}

static void realloc_begins(struct heap_analysis *heap, const struct event *event)
{
	struct pending_realloc *pending = reallocs_of(&heap->reallocs, event->lane);
	struct block *block = blocks_find(&heap->blocks, event->object);

	if (pending->open && pending->known) /* the event of its end was lost */
		end_unseen(heap, &pending->old);
	pending->open = true;
	pending->known = block != NULL;
	if (!block) {
		free_unknown(heap, event);
		return;
	}
	check_counterpart(heap, event, block);
	note_free(heap, block, event->stack);
	pending->old = *block;
	blocks_remove(&heap->blocks, block);
}

static void realloc_failed(struct heap_analysis *heap, const struct event *event, struct pending_realloc *pending)
{
	bool existed;
	struct block *slot;

	allocation_failed(heap, event, RT_REALLOC_END);
	if (!pending->open || !pending->known)
		return;
	slot = blocks_put(&heap->blocks, pending->old.address, &existed);
	if (existed) /* only where events are missing */
		end_unseen(heap, &pending->old);
	else
		*slot = pending->old;
}

static void count_reallocation(struct heap_analysis *heap, const struct event *event, bool in_place)
{
	uint32_t index = sites_get(&heap->sites, event->stack, RT_REALLOC_END, heap->serial);
	struct heap_counts *of_site = &heap->sites.items[index].holder.counts;
	struct heap_counts *of_caller = caller_counts(heap, event);

	of_site->reallocations++;
	of_caller->reallocations++;
	of_site->reallocated_in_place += in_place;
	of_caller->reallocated_in_place += in_place;
}

static void realloc_ends(struct heap_analysis *heap, const struct event *event)
{
	struct pending_realloc *pending = reallocs_of(&heap->reallocs, event->lane);

	if (!event->object) {
		realloc_failed(heap, event, pending);
		pending->open = false;
		return;
	}
	if (pending->open && pending->known) {
		block_ends(heap, &pending->old);
		count_reallocation(heap, event, pending->old.address == event->object);
	}
	pending->open = false;
	allocate(heap, event, RT_REALLOC_END);
}

/*
 * The missing events were recorded by this thread after its last event that arrived, so claims about later events may
 * be wrong.  This does not hold in signal handlers, whose lanes report a loss only when they are used next.
 */
static void note_loss(struct heap_analysis *heap, const struct event *event)
{
	uint64_t since = caller_of(heap, event)->latest;

	heap_times_keep(&heap->times, event->stamp);
	if (event->depth || event->aux == RT_LOSS_NESTED || !event->thread)
		since = 0;
	if (since < heap->certain_until)
		heap->certain_until = since;
}

/* Constructors of a library that is opened may free blocks unseen that libc or the C++ runtime allocated for them.  So
 * nothing is claimed of blocks that the thread allocated meanwhile. */
static void end_doubtful(struct heap_analysis *heap, uint32_t thread)
{
	size_t kept = 0;

	for (size_t i = 0; i < heap->doubtful_count; i++) {
		const struct doubtful *one = &heap->doubtful[i];
		struct block *block;

		if (one->thread != thread) {
			heap->doubtful[kept++] = *one;
			continue;
		}
		block = blocks_find(&heap->blocks, one->address);
		if (!block || block->thread != thread || block->serial != one->serial)
			continue;
		end_unseen(heap, block);
		blocks_remove(&heap->blocks, block);
	}
	heap->doubtful_count = kept;
}

static void note_opening(struct heap_analysis *heap, const struct event *event)
{
	uint32_t thread = actors_get(&heap->actors, event->thread, heap->serial);
	uint32_t *opens = &heap->actors.items[thread].opens;

	if (event->object)
		++*opens;
	else if (*opens && !--*opens)
		end_doubtful(heap, thread);
}

/* Calls may pass unseen for a while: an address that was freed before may have been allocated again. */
static void note_unseen(struct heap_analysis *heap, const struct event *event)
{
	if (event->aux == RT_UNSEEN_LIBC) /* another libc has another heap */
		return;
	if (event->aux == RT_UNSEEN_HEAP)
		note_opening(heap, event);
	if (event->object) {
		heap->unseen++;
	} else if (heap->unseen) {
		heap->unseen--;
		recents_forget(&heap->recent);
	}
}

void heap_event(struct heap_analysis *heap, const struct event *event)
{
	heap->ended.address = 0;
	switch (event->type) {
	case RT_MALLOC ... RT_ALLOC_LAST:
		allocate(heap, event, event->type);
		break;
	case RT_FREE ... RT_FREE_LAST:
		release(heap, event);
		break;
	case RT_REALLOC_BEGIN:
		realloc_begins(heap, event);
		return;
	case RT_REALLOC_END:
		realloc_ends(heap, event);
		break;
	case RT_ALLOC_FAILED:
		allocation_failed(heap, event, event->aux);
		return;
	case RT_LOSS:
		note_loss(heap, event);
		return;
	case RT_UNSEEN:
		note_unseen(heap, event);
		return;
	default:
		return;
	}
	note_level(heap, event->stamp);
}

void heap_thread_group(struct heap_analysis *heap, uint32_t thread, uint32_t group)
{
	uint32_t index = actors_get(&heap->actors, thread, heap->serial); /* may move the items */

	heap->actors.items[index].group = group;
}

void heap_prefetch(const struct heap_analysis *heap, const struct event *event)
{
	blocks_prefetch(&heap->blocks, event->object);
	if (event->type >= RT_FREE_FIRST)
		__builtin_prefetch(recent_slot(&heap->recent, event->object), 1);
}

void heap_prefetch_site(const struct heap_analysis *heap, const struct event *event)
{
	const struct block *block = &heap->blocks.slots[blocks_home(&heap->blocks, event->object)];

	if (event->type < RT_FREE_FIRST)
		sites_prefetch(&heap->sites, event->stack);
	else if (block->address && block->address == event->object)
		site_prefetch(&heap->sites.items[block->site]);
}

bool heap_is_freed(struct heap_analysis *heap, uint64_t address)
{
	if (!heap->freed_questions)
		return false;
	heap->freed_questions--;
	for (size_t i = 0; i <= heap->blocks.mask; i++) {
		const struct block *block = &heap->blocks.slots[i];

		if (block->address && address - block->address < block->size)
			return false;
	}
	return true;
}

bool heap_block_around(struct heap_analysis *heap, uint64_t address, uint64_t *start, uint64_t *size)
{
	const struct block *block = block_around(heap, address);

	if (!block)
		return false;
	*start = block->address;
	*size = block->size;
	return true;
}

bool heap_can_search(const struct heap_analysis *heap) { return heap->interior_budget > 0; }

bool heap_block_origin(struct heap_analysis *heap, uint64_t address, uint32_t *stack, uint64_t *into)
{
	const struct block *block = block_around(heap, address);

	if (!block)
		return false;
	*stack = site_of(heap, block)->stack;
	*into = address - block->address;
	return true;
}

static const struct block *block_close_below(const struct heap_analysis *heap, uint64_t address)
{
	uint64_t at = address & ~(uint64_t)(BLOCK_ALIGNMENT - 1);
	const struct block *block = NULL;

	for (unsigned steps = 0; steps < NEAR_BLOCKS && at && !block; steps++, at -= BLOCK_ALIGNMENT)
		block = blocks_find(&heap->blocks, at);
	return block && address - block->address < block->size ? block : NULL;
}

static const struct block *block_anywhere(struct heap_analysis *heap, uint64_t address)
{
	for (size_t i = 0; i <= heap->blocks.mask && heap->find_budget; i++, heap->find_budget--) {
		const struct block *block = &heap->blocks.slots[i];

		if (block->address && address - block->address < block->size)
			return block;
	}
	return NULL;
}

bool heap_find_block(struct heap_analysis *heap, uint64_t address, struct heap_block *found)
{
	const struct block *block = block_close_below(heap, address);

	if (!block)
		block = block_anywhere(heap, address);
	if (!block)
		return false;
	*found = (struct heap_block){.address = block->address,
	                             .size = block->size,
	                             .stack = site_of(heap, block)->stack,
	                             .thread = heap->actors.items[block->thread].id};
	return true;
}

static int by_address(const void *left, const void *right)
{
	return compare_numbers(((const struct block_question *)left)->address,
	                       ((const struct block_question *)right)->address);
}

void heap_find_origins(const struct heap_analysis *heap, struct block_question *questions, size_t count)
{
	if (!count)
		return;
	qsort(questions, count, sizeof *questions, by_address);
	for (size_t i = 0; i <= heap->blocks.mask; i++) {
		const struct block *block = &heap->blocks.slots[i];

		if (!block->address)
			continue;
		for (size_t k = count_below(questions, count, sizeof *questions, block->address);
		     k < count && questions[k].address - block->address < block->size; k++) {
			questions[k].stack = site_of(heap, block)->stack;
			questions[k].into = questions[k].address - block->address;
		}
	}
}

bool heap_ended_block(const struct heap_analysis *heap, struct ended_block *block)
{
	*block = heap->ended;
	return heap->ended.address != 0;
}

bool heap_is_doubtful(const struct heap_analysis *heap) { return heap->unseen || heap->certain_until != UINT64_MAX; }

/* ---- results -------------------------------------------------------------------- */

static void add_counts(struct heap_counts *sum, const struct heap_counts *counts)
{
	sum->allocations += counts->allocations;
	sum->allocated_bytes += counts->allocated_bytes;
	sum->reallocations += counts->reallocations;
	sum->reallocated_in_place += counts->reallocated_in_place;
	sum->frees += counts->frees;
	sum->freed_bytes += counts->freed_bytes;
	sum->failed += counts->failed;
	sum->temporary += counts->temporary;
	sum->live_blocks += counts->live_blocks;
	sum->live_bytes += counts->live_bytes;
	sum->unknown_frees += counts->unknown_frees;
	sum->double_frees += counts->double_frees;
	sum->mismatched += counts->mismatched;
	sum->unseen_frees += counts->unseen_frees;
	if (counts->largest > sum->largest)
		sum->largest = counts->largest;
}

static void finish_sites(struct heap_analysis *heap)
{
	heap->site_results = memory_zeroed(heap->sites.count, sizeof *heap->site_results);
	for (size_t i = 0; i < heap->sites.count; i++) {
		struct site *site = &heap->sites.items[i];

		holder_save_peak(&site->holder, heap->serial);
		heap->site_results[i] = (struct heap_site){.stack = site->stack,
		                                           .group = site->shares ? 0 : site->group,
		                                           .type = site->type,
		                                           .counts = site->holder.counts};
	}
}

static void take_share(struct heap_counts *rest, const struct heap_counts *share)
{
	rest->allocations -= share->allocations;
	rest->allocated_bytes -= share->allocated_bytes;
	rest->live_blocks -= share->live_blocks;
	rest->live_bytes -= share->live_bytes;
	rest->peak_blocks -= share->peak_blocks;
	rest->peak_bytes -= share->peak_bytes;
}

static void finish_shares_of(struct heap_analysis *heap, uint32_t index)
{
	const struct site *site = &heap->sites.items[index];
	struct heap_counts rest = site->holder.counts;

	for (uint32_t i = site->shares; i; i = heap->sites.shares[i - 1].next) {
		struct share *share = &heap->sites.shares[i - 1];

		holder_save_peak(&share->holder, heap->serial);
		take_share(&rest, &share->holder.counts);
		heap->share_results[heap->share_count++] =
		    (struct heap_share){index, share->group, share->holder.counts};
	}
	heap->share_results[heap->share_count++] = (struct heap_share){index, site->group, rest};
}

static void finish_shares(struct heap_analysis *heap)
{
	heap->share_results = memory_zeroed(2 * heap->sites.share_count, sizeof *heap->share_results);
	for (size_t i = 0; i < heap->sites.count; i++)
		if (heap->sites.items[i].shares)
			finish_shares_of(heap, (uint32_t)i);
}

static void finish_threads(struct heap_analysis *heap)
{
	static const struct heap_counts nothing;

	heap->thread_results = memory_zeroed(heap->actors.count, sizeof *heap->thread_results);
	for (size_t i = 0; i < heap->actors.count; i++) {
		struct heap_actor *actor = &heap->actors.items[i];

		if (!memcmp(&actor->holder.counts, &nothing, sizeof nothing))
			continue;
		holder_save_peak(&actor->holder, heap->serial);
		heap->thread_results[heap->thread_count++] = (struct heap_thread){actor->id, actor->holder.counts};
		add_counts(&heap->totals, &actor->holder.counts);
	}
	heap->totals.peak_bytes = heap->peak_bytes;
	heap->totals.peak_blocks = heap->peak_blocks;
}

bool heap_is_settled(const struct heap_analysis *heap) { return reallocs_settled(&heap->reallocs); }

size_t heap_live_count(const struct heap_analysis *heap) { return heap->blocks.count; }

struct live_block *heap_live_blocks(const struct heap_analysis *heap, uint64_t missing_until, size_t *count)
{
	return reallocs_live_blocks(&heap->reallocs, &heap->blocks, &heap->times, missing_until, count);
}

uint32_t heap_site_stack(const struct heap_analysis *heap, uint32_t site) { return heap->sites.items[site].stack; }

/* Without a leak scan every live block is "live at death". */
static void report_live(const struct heap_analysis *heap, struct finding_list *findings)
{
	for (size_t i = 0; i < heap->sites.count; i++) {
		const struct heap_site *site = &heap->site_results[i];
		uint64_t blocks = site->counts.live_blocks, bytes = site->counts.live_bytes;
		struct finding *finding;

		if (!blocks)
			continue;
		finding = finding_add(findings, FINDING_LEAK_LIVE_AT_DEATH);
		finding->blocks = blocks;
		finding->bytes = bytes;
		finding_message(finding, "%llu %s in %llu %s allocated here %s never freed%s",
		                (unsigned long long)bytes, plural(bytes, "byte", "bytes"), (unsigned long long)blocks,
		                plural(blocks, "block", "blocks"), plural(bytes, "was", "were"),
		                heap->certain_until == UINT64_MAX ? "" : ", as far as is known: events were lost");
		finding_add_stack(finding, "allocated here", 0, 0, site->stack);
	}
}

static void report_churn(const struct heap_analysis *heap, struct finding_list *findings)
{
	for (size_t i = 0; i < heap->sites.count; i++)
		churn_report(&heap->sites.items[i].churn, &heap->site_results[i], &heap->totals, findings);
}

void heap_finish(struct heap_analysis *heap, const struct process_end *end, const struct leak_scan *scan,
                 struct finding_list *findings)
{
	struct leak_history history = {&heap->sites, &heap->levels};
	bool loses_events = heap->certain_until != UINT64_MAX;

	samples_finish(&heap->samples, (struct heap_sample){end->stamp, heap->live_bytes, heap->live_blocks});
	look_at_sites(heap, end->stamp);
	finish_sites(heap);
	levels_finish(&heap->levels, heap->site_results, heap->sites.count,
	              (struct heap_level){
	                  .stamp = heap->peak_stamp, .live_bytes = heap->peak_bytes, .live_blocks = heap->peak_blocks});
	finish_shares(heap);
	finish_threads(heap);
	if (scan->done)
		leaks_report(scan, loses_events, loses_events ? NULL : &history, findings);
	else if (end->how != END_RUNNING) /* a process that lives may free them yet */
		report_live(heap, findings);
	misuse_report(heap->misuse, heap->certain_until, findings);
	report_churn(heap, findings);
}

const struct heap_counts *heap_totals(const struct heap_analysis *heap) { return &heap->totals; }

uint64_t heap_peak_stamp(const struct heap_analysis *heap) { return heap->peak_stamp; }

const struct heap_site *heap_sites(const struct heap_analysis *heap, size_t *count)
{
	*count = heap->sites.count;
	return heap->site_results;
}

const struct heap_share *heap_shares(const struct heap_analysis *heap, size_t *count)
{
	*count = heap->share_count;
	return heap->share_results;
}

const struct heap_size_class *heap_size_classes(const struct heap_analysis *heap) { return heap->classes; }

const struct heap_thread *heap_threads(const struct heap_analysis *heap, size_t *count)
{
	*count = heap->thread_count;
	return heap->thread_results;
}

const struct heap_sample *heap_samples(const struct heap_analysis *heap, size_t *count)
{
	*count = heap->samples.count;
	return heap->samples.items;
}

const struct heap_level *heap_levels(const struct heap_analysis *heap, size_t *count)
{
	*count = heap->levels.result_count;
	return heap->levels.results;
}
