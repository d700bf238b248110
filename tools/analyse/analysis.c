/*
 * Hands each event to the stages of the analysis: threads, heap, locks.
 *
 * The memory that an event needs is prefetched some events earlier, so that it has arrived when the event's turn comes:
 * first the slots of the tables, later the entries to which these point.
 */
#include <stdlib.h>

#include "tools/finding/findings.h"
#include "tools/analyse/heap/heap.h"
#include "tools/analyse/locks/locks.h"
#include "tools/analyse/locks/signal_stacks.h"
#include "tools/base/memory.h"
#include "tools/source/stack_twins.h"
#include "tools/analyse/thread_leaks.h"
#include "tools/analyse/threads/threads.h"

/* Number of events ahead. */
#define FETCH_FIRST  24u
#define FETCH_SECOND 16u
#define FETCH_LAST   8u

struct analysis *analysis_new(struct ring_file *ring)
{
	struct analysis *analysis = memory_zeroed(1, sizeof *analysis);

	analysis->ring = ring;
	analysis->signals = memory_zeroed(1, sizeof *analysis->signals);
	signal_stacks_init(analysis->signals, ring);
	analysis->twins = memory_zeroed(1, sizeof *analysis->twins);
	analysis->twins->ring = ring;
	analysis->threads = threads_new();
	analysis->heap = heap_new(ring, analysis->threads);
	analysis->locks = locks_new(
	    ring,
	    (struct lock_sources){.threads = analysis->threads, .heap = analysis->heap, .signals = analysis->signals});
	analysis->findings = memory_zeroed(1, sizeof *analysis->findings);
	return analysis;
}

void analysis_know_waits(struct analysis *analysis, waits_fn *waits, void *context)
{
	analysis->signals->waits = waits;
	analysis->signals->waits_context = context;
}

void analysis_know_code(struct analysis *analysis, const struct code_source *source)
{
	locks_know_code(analysis->locks, source);
}

void analysis_free(struct analysis *analysis)
{
	if (!analysis)
		return;
	locks_free(analysis->locks);
	heap_free(analysis->heap);
	threads_free(analysis->threads);
	signal_stacks_free(analysis->signals);
	free(analysis->signals);
	stack_twins_free(analysis->twins);
	free(analysis->twins);
	finding_list_free(analysis->findings);
	free(analysis->findings);
	leak_scan_free(&analysis->scan);
	race_search_free(&analysis->races);
	allocator_maps_free(&analysis->allocator_maps);
	free(analysis->child_ends);
	free(analysis);
}

static void note_child_end(struct analysis *analysis, const struct event *event)
{
	if (analysis->child_end_count >= CHILD_ENDS_MOST)
		return;
	GROW(analysis->child_ends, analysis->child_end_room, analysis->child_end_count + 1);
	analysis->child_ends[analysis->child_end_count++] =
	    (struct child_end){.stamp = event->stamp, .pid = (uint32_t)event->object, .status = (int)event->aux};
}

/* The last RT_LOSS tells in its arg how late the missing events may be (merge.h). */
static void note_loss(struct analysis *analysis, const struct event *event)
{
	uint64_t until = event->arg ? event->arg : event->stamp;

	analysis->lost += event->object;
	if (until > analysis->missing_until)
		analysis->missing_until = until;
}

static bool is_heap_event(unsigned type) { return type >= RT_ALLOC_FIRST && type <= RT_FREE_LAST; }

static void heap_turn(struct analysis *analysis, const struct event *event)
{
	struct ended_block block;

	heap_event(analysis->heap, event);
	locks_heap_event(analysis->locks, event);
	if (heap_ended_block(analysis->heap, &block))
		locks_block_ended(analysis->locks, event, &block);
}

/* The stack of a thread's begin is its start routine, whose address is as exact as that of an interrupted frame. */
static bool may_be_in_handler(const struct analysis *analysis, const struct event *event)
{
	return event->depth || (event->type != RT_THREAD_BEGIN && signal_stacks_have(analysis->signals, event->stack));
}

/* Hands the event to the stages in their order: each may ask the earlier ones.  This function passes on what a stage
 * tells a later one. */
static void dispatch(struct analysis *analysis, const struct event *event)
{
	uint32_t thread, group;

	threads_event(analysis->threads, event);
	if (may_be_in_handler(analysis, event))
		locks_in_handler(analysis->locks, event);
	if (is_heap_event(event->type)) {
		heap_turn(analysis, event);
		return;
	}
	if (threads_regrouped(analysis->threads, &thread, &group))
		heap_thread_group(analysis->heap, thread, group);
	analysis->forks += event_is_fork(event);
	if (event->type == RT_LOSS) {
		note_loss(analysis, event);
		heap_event(analysis->heap, event);
	}
	if (event->type == RT_UNSEEN)
		heap_event(analysis->heap, event);
	if (event->type == RT_MAP || event->type == RT_UNMAP)
		allocator_maps_event(&analysis->allocator_maps, event);
	if (event->type == RT_CHILD_END)
		note_child_end(analysis, event);
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

static void keep_stack(void *twins, uint32_t stack) { stack_twins_first(twins, stack); }

/* The event with the first stack of its place. */
static void dispatch_first(struct analysis *analysis, const struct event *event)
{
	struct event first = *event;

	first.stack = stack_twins_first(analysis->twins, event->stack);
	dispatch(analysis, &first);
}

/* ---- races that were caught ------------------------------------------------------------------- */

/* The catches that are not dealt with yet are sorted by their stamps. */
void analysis_catch(struct analysis *analysis, const struct race_catch *caught)
{
	struct race_search *races = &analysis->races;
	size_t at = races->count;

	GROW(races->items, races->room, races->count + 1);
	for (; at > races->met && races->items[at - 1].stamp > caught->stamp; at--)
		races->items[at] = races->items[at - 1];
	races->items[at] = *caught;
	races->count++;
}

static uint64_t next_catch(const struct race_search *races)
{
	return races->met < races->count ? races->items[races->met].stamp : UINT64_MAX;
}

/* Deals with all that were caught before this stamp.  The result is the stamp of the next one. */
static uint64_t meet_catches(struct analysis *analysis, uint64_t before)
{
	struct race_search *races = &analysis->races;

	while (races->met < races->count && races->items[races->met].stamp < before) {
		locks_caught(analysis->locks, &races->items[races->met], (uint32_t)races->met + 1);
		races->met++;
	}
	return next_catch(races);
}

void analysis_events(void *context, const struct event *events, size_t count)
{
	struct analysis *analysis = context;
	uint64_t caught = next_catch(&analysis->races);

	if (stack_twins_look(analysis->twins))
		signal_stacks_each(analysis->signals, keep_stack, analysis->twins);
	for (size_t i = 0; i < count && i < FETCH_FIRST; i++)
		fetch_first(analysis, &events[i]);
	for (size_t i = 0; i < count; i++) {
		if (i + FETCH_FIRST < count)
			fetch_first(analysis, &events[i + FETCH_FIRST]);
		if (i + FETCH_SECOND < count)
			fetch_second(analysis, &events[i + FETCH_SECOND]);
		if (i + FETCH_LAST < count)
			fetch_last(analysis, &events[i + FETCH_LAST]);
		if (__builtin_expect(events[i].stamp > caught, 0))
			caught = meet_catches(analysis, events[i].stamp);
		if (analysis->twins->any)
			dispatch_first(analysis, &events[i]);
		else
			dispatch(analysis, &events[i]);
	}
}

static void report_loss(const struct analysis *analysis)
{
	struct finding *finding;

	if (!analysis->lost)
		return;
	finding = finding_add(analysis->findings, FINDING_LOSS_EVENTS);
	finding->times = analysis->lost;
	finding_message(finding,
	                "events are missing from this recording: counts are too low, and some findings may be missing");
}

/* A scan that another tool made knows the ring's own stacks. */
static void unite_groups(struct analysis *analysis)
{
	for (size_t i = 0; i < analysis->scan.count; i++) {
		struct leak_group *group = &analysis->scan.groups[i];

		group->stack = stack_twins_first(analysis->twins, group->stack);
		group->owner_stack = stack_twins_first(analysis->twins, group->owner_stack);
	}
}

void analysis_finish(struct analysis *analysis, struct process_end end)
{
	analysis->end = end;
	meet_catches(analysis, UINT64_MAX);
	threads_finish(analysis->threads, &end);
	unite_groups(analysis);
	heap_finish(analysis->heap, &end, &analysis->scan, analysis->findings);
	locks_finish(analysis->locks, &end, analysis->findings);
	thread_leaks_find(analysis->threads, analysis->locks, analysis->ring, &end, analysis->missing_until,
	                  analysis->findings);
	report_loss(analysis);
	finding_list_sort(analysis->findings);
}
