/*
 * Hands each event to the analysers.
 *
 * Events wait in a short queue first: on entry, what the heap analyser will
 * need is fetched from memory, so that it has arrived when their turn comes.
 */
#include <stdlib.h>

#include "tools/analyse/findings.h"
#include "tools/analyse/heap.h"
#include "tools/analyse/locks.h"
#include "tools/analyse/signal_stacks.h"
#include "tools/memory.h"
#include "tools/analyse/threads.h"

#define QUEUE 16u

struct analysis_queue {
	struct analysis analysis; /* first: callers hold a pointer to it */
	struct event events[QUEUE];
	unsigned in, out;
	uint64_t lost;
	struct signal_stacks signals;
};

static bool is_freed(void *heap, uint64_t address) { return heap_is_freed(heap, address); }

struct analysis *analysis_new(struct ring_file *ring)
{
	struct analysis_queue *queue = memory_zeroed(1, sizeof *queue);
	struct analysis *analysis = &queue->analysis;

	analysis->ring = ring;
	analysis->heap = heap_new(ring);
	signal_stacks_init(&queue->signals, ring);
	analysis->locks = locks_new(ring, &queue->signals);
	locks_use_heap(analysis->locks, is_freed, analysis->heap);
	analysis->threads = threads_new(ring);
	analysis->findings = memory_zeroed(1, sizeof *analysis->findings);
	return analysis;
}

void analysis_free(struct analysis *analysis)
{
	if (!analysis)
		return;
	signal_stacks_free(&((struct analysis_queue *)analysis)->signals);
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

static void dispatch(struct analysis_queue *queue, const struct event *event)
{
	struct analysis *analysis = &queue->analysis;

	threads_event(analysis->threads, event);
	if (event->depth || signal_stacks_have(&queue->signals, event->stack))
		locks_in_handler(analysis->locks, event);
	if (is_heap_event(event->type)) {
		heap_turn(analysis, event);
		return;
	}
	if (event->type == RT_LOSS) {
		queue->lost += event->object;
		heap_event(analysis->heap, event);
	}
	locks_event(analysis->locks, event);
}

void analysis_event(void *context, const struct event *event)
{
	struct analysis_queue *queue = context;

	if (is_heap_event(event->type))
		heap_prefetch(queue->analysis.heap, event);
	else if (event->kind)
		locks_prefetch(queue->analysis.locks, event);
	queue->events[queue->in++ % QUEUE] = *event;
	const struct event *half = &queue->events[(queue->in - QUEUE / 2) % QUEUE];
	if (half->kind)
		locks_prefetch_lock(queue->analysis.locks, half);
	if (queue->in - queue->out == QUEUE)
		dispatch(queue, &queue->events[queue->out++ % QUEUE]);
}

static void report_loss(const struct analysis_queue *queue)
{
	struct finding *finding;

	if (!queue->lost)
		return;
	finding = finding_add(queue->analysis.findings, "loss", "events");
	finding->times = queue->lost;
	finding_message(
	    finding,
	    "events are missing from this recording: counts are too low, and some findings may be missing");
}

void analysis_flush(struct analysis *analysis)
{
	struct analysis_queue *queue = (struct analysis_queue *)analysis;

	while (queue->out != queue->in)
		dispatch(queue, &queue->events[queue->out++ % QUEUE]);
}

void analysis_finish(struct analysis *analysis, struct process_end end)
{
	struct analysis_queue *queue = (struct analysis_queue *)analysis;

	analysis_flush(analysis);
	analysis->end = end;
	heap_finish(analysis->heap, &end, &analysis->scan, analysis->findings);
	locks_finish(analysis->locks, &end, analysis->findings);
	threads_finish(analysis->threads, analysis->locks, &end, analysis->findings);
	report_loss(queue);
	finding_list_sort(analysis->findings);
}
