/*
 * Hands each event to the analysers.
 *
 * What an event will need is fetched from memory some events before, so that it
 * has arrived when its turn comes: first where to look, later what is there.
 */
#include <stdlib.h>

#include "tools/finding/findings.h"
#include "tools/analyse/heap/heap.h"
#include "tools/analyse/locks/locks.h"
#include "tools/analyse/locks/signal_stacks.h"
#include "tools/base/memory.h"
#include "tools/analyse/threads/threads.h"

/* How many events before its turn. */
#define FETCH_FIRST  24u
#define FETCH_SECOND 16u
#define FETCH_LAST   8u

struct dispatcher {
	struct analysis analysis; /* first: callers hold a pointer to it */
	uint64_t lost;
	struct signal_stacks signals;
};

static bool is_freed(void *heap, uint64_t address) { return heap_is_freed(heap, address); }

struct analysis *analysis_new(struct ring_file *ring)
{
	struct dispatcher *dispatcher = memory_zeroed(1, sizeof *dispatcher);
	struct analysis *analysis = &dispatcher->analysis;

	analysis->ring = ring;
	analysis->heap = heap_new(ring);
	signal_stacks_init(&dispatcher->signals, ring);
	analysis->locks = locks_new(ring, &dispatcher->signals);
	locks_use_heap(analysis->locks, is_freed, analysis->heap);
	analysis->threads = threads_new(ring);
	analysis->findings = memory_zeroed(1, sizeof *analysis->findings);
	return analysis;
}

void analysis_know_waits(struct analysis *analysis, waits_fn *waits, void *context)
{
	struct signal_stacks *signals = &((struct dispatcher *)analysis)->signals;

	signals->waits = waits;
	signals->waits_context = context;
}

void analysis_free(struct analysis *analysis)
{
	if (!analysis)
		return;
	signal_stacks_free(&((struct dispatcher *)analysis)->signals);
	heap_free(analysis->heap);
	locks_free(analysis->locks);
	threads_free(analysis->threads);
	finding_list_free(analysis->findings);
	free(analysis->findings);
	leak_scan_free(&analysis->scan);
	free(analysis);
}

static bool is_heap_event(unsigned type) { return type >= RT_ALLOC_FIRST && type <= RT_FREE_LAST; }

static void heap_turn(struct analysis *analysis, const struct event *event)
{
	uint64_t address, size;

	heap_event(analysis->heap, event);
	if (heap_ended_block(analysis->heap, &address, &size))
		locks_block_ended(analysis->locks, event, address, size);
}

static void dispatch(struct dispatcher *dispatcher, const struct event *event)
{
	struct analysis *analysis = &dispatcher->analysis;

	uint32_t thread, group;

	threads_event(analysis->threads, event);
	if (event->depth || signal_stacks_have(&dispatcher->signals, event->stack))
		locks_in_handler(analysis->locks, event);
	if (is_heap_event(event->type)) {
		heap_turn(analysis, event);
		return;
	}
	if (threads_regrouped(analysis->threads, &thread, &group))
		heap_thread_group(analysis->heap, thread, group);
	analysis->forks += event_is_fork(event);
	if (event->type == RT_LOSS) {
		dispatcher->lost += event->object;
		heap_event(analysis->heap, event);
	}
	locks_event(analysis->locks, event);
}

static void fetch_first(const struct analysis *analysis, const struct event *event)
{
	if (is_heap_event(event->type))
		heap_prefetch(analysis->heap, event);
	else if (event->kind)
		locks_prefetch(analysis->locks, event);
}

static void fetch_second(const struct analysis *analysis, const struct event *event)
{
	if (is_heap_event(event->type))
		heap_prefetch_site(analysis->heap, event);
	else if (event->kind)
		locks_prefetch_place(analysis->locks, event);
}

static void fetch_last(const struct analysis *analysis, const struct event *event)
{
	if (event->kind)
		locks_prefetch_lock(analysis->locks, event);
}

void analysis_events(void *context, const struct event *events, size_t count)
{
	struct dispatcher *dispatcher = context;
	const struct analysis *analysis = &dispatcher->analysis;

	for (size_t i = 0; i < count && i < FETCH_FIRST; i++)
		fetch_first(analysis, &events[i]);
	for (size_t i = 0; i < count; i++) {
		if (i + FETCH_FIRST < count)
			fetch_first(analysis, &events[i + FETCH_FIRST]);
		if (i + FETCH_SECOND < count)
			fetch_second(analysis, &events[i + FETCH_SECOND]);
		if (i + FETCH_LAST < count)
			fetch_last(analysis, &events[i + FETCH_LAST]);
		dispatch(dispatcher, &events[i]);
	}
}

static void report_loss(const struct dispatcher *dispatcher)
{
	struct finding *finding;

	if (!dispatcher->lost)
		return;
	finding = finding_add(dispatcher->analysis.findings, "loss", "events");
	finding->times = dispatcher->lost;
	finding_message(
	    finding,
	    "events are missing from this recording: counts are too low, and some findings may be missing");
}

void analysis_finish(struct analysis *analysis, struct process_end end)
{
	struct dispatcher *dispatcher = (struct dispatcher *)analysis;

	analysis->end = end;
	heap_finish(analysis->heap, &end, &analysis->scan, analysis->findings);
	locks_finish(analysis->locks, &end, analysis->findings);
	threads_finish(analysis->threads, analysis->locks, &end, analysis->findings);
	report_loss(dispatcher);
	finding_list_sort(analysis->findings);
}
