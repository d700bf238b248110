#include "tools/scan/live.h"

#include <stdlib.h>

#include "tools/analyse/heap/allocator_maps.h"
#include "tools/analyse/heap/heap_blocks.h"
#include "tools/analyse/heap/heap_reallocs.h"
#include "tools/base/memory.h"

#define FETCH_AHEAD 16u /* events before its turn */

struct live {
	struct block_table blocks;
	struct realloc_table reallocs;
	struct heap_times times;
	struct thread_analysis *threads;
	struct allocator_maps allocator_maps;
	uint64_t forks;
};

struct live *live_new(void)
{
	struct live *live = memory_zeroed(1, sizeof *live);

	blocks_init(&live->blocks);
	live->threads = threads_new();
	return live;
}

void live_free(struct live *live)
{
	if (!live)
		return;
	blocks_free(&live->blocks);
	reallocs_free(&live->reallocs);
	heap_times_free(&live->times);
	threads_free(live->threads);
	allocator_maps_free(&live->allocator_maps);
	free(live);
}

/* ---- blocks ---------------------------------------------------------------------------------- */

static void begins(struct live *live, const struct event *event)
{
	bool existed;

	if (!event->object)
		return;
	struct block *block = blocks_put(&live->blocks, event->object, &existed);
	block->size = event->size;
	block->site = event->stack;
	block->serial = heap_times_next(&live->times, event->stamp);
}

static struct pending_realloc *pending_of(struct live *live, const struct event *event)
{
	struct pending_realloc *pending = reallocs_of(&live->reallocs, event->lane);

	return pending->open && pending->known ? pending : NULL;
}

static void ends(struct live *live, const struct event *event)
{
	bool by_realloc = event->type == RT_FREE && event->aux == RT_FREE_BY_REALLOC;
	struct pending_realloc *pending = by_realloc ? pending_of(live, event) : NULL;
	struct block *block;

	if (pending && pending->old.address == event->object)
		pending->open = false;
	else if ((block = blocks_find(&live->blocks, event->object)))
		blocks_remove(&live->blocks, block);
}

static void realloc_begins(struct live *live, const struct event *event)
{
	struct pending_realloc *pending = reallocs_of(&live->reallocs, event->lane);
	struct block *block = blocks_find(&live->blocks, event->object);

	pending->open = true;
	pending->known = block != NULL;
	if (!block)
		return;
	pending->old = *block;
	blocks_remove(&live->blocks, block);
}

static void realloc_ends(struct live *live, const struct event *event)
{
	struct pending_realloc *pending = pending_of(live, event);
	bool existed;

	if (!event->object && pending) { /* the realloc failed: the old block lives on, unless events are missing */
		struct block *block = blocks_put(&live->blocks, pending->old.address, &existed);
		if (!existed)
			*block = pending->old;
	}
	reallocs_of(&live->reallocs, event->lane)->open = false;
	begins(live, event);
}

/* ---- events ---------------------------------------------------------------------------------- */

static bool is_of_thread(const struct event *event)
{
	return event->type == RT_THREAD_BEGIN || event->type == RT_THREAD_END ||
	       (event->type >= RT_THREAD_CREATE && event->type <= RT_THREAD_EXIT) ||
	       (event->type == RT_WAIT && event->kind == RT_KIND_THREAD);
}

static void take(struct live *live, const struct event *event)
{
	switch (event->type) {
	case RT_ALLOC_FIRST ... RT_ALLOC_LAST:
		begins(live, event);
		break;
	case RT_FREE_FIRST ... RT_FREE_LAST:
		ends(live, event);
		break;
	case RT_REALLOC_BEGIN:
		realloc_begins(live, event);
		break;
	case RT_REALLOC_END:
		realloc_ends(live, event);
		break;
	case RT_LOSS:
		heap_times_keep(&live->times, event->stamp);
		break;
	case RT_MAP:
	case RT_UNMAP:
		allocator_maps_event(&live->allocator_maps, event);
		break;
	default:
		live->forks += event_is_fork(event);
		if (is_of_thread(event))
			threads_event(live->threads, event);
		break;
	}
}

static void deliver(void *context, const struct event *events, size_t count)
{
	struct live *live = context;

	for (size_t i = 0; i < count; i++) {
		if (i + FETCH_AHEAD < count)
			blocks_prefetch(&live->blocks, events[i + FETCH_AHEAD].object);
		take(live, &events[i]);
	}
}

/* ---- results --------------------------------------------------------------------------------- */

static bool is_settled(const void *context) { return reallocs_settled(&((const struct live *)context)->reallocs); }

static size_t live_count(const void *context) { return ((const struct live *)context)->blocks.count; }

static struct live_block *live_blocks(const void *context, uint64_t missing_until, size_t *count)
{
	const struct live *live = context;

	return reallocs_live_blocks(&live->reallocs, &live->blocks, &live->times, missing_until, count);
}

static uint32_t site_stack(const void *context, uint32_t site) { return site; }

static const struct thread_result *threads(const void *context, size_t *count)
{
	return threads_results(((const struct live *)context)->threads, count);
}

static const struct allocator_maps *allocator_maps(const void *context)
{
	return &((const struct live *)context)->allocator_maps;
}

static uint64_t forks(const void *context) { return ((const struct live *)context)->forks; }

static const struct scan_knowledge live_knowledge = {
    .deliver = deliver,
    .is_settled = is_settled,
    .live_count = live_count,
    .live_blocks = live_blocks,
    .site_stack = site_stack,
    .threads = threads,
    .allocator_maps = allocator_maps,
    .forks = forks,
};

struct scan_subject live_subject(struct live *live, struct ring_file *ring, struct merge *merge)
{
	return (struct scan_subject){
	    .ring = ring, .merge = merge, .knowledge = &live_knowledge, .context = live, .alone = true};
}
