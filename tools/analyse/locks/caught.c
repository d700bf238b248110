/*
 * Races that the tracer caught (race_search.h), at the moment of the catch: which threads these were, which locks they
 * held, and what they accessed.
 *
 * Both threads are stopped from before the catch until it is in the tracer's file.  So what they hold is what their
 * events up to the catch say, also if the events of other threads have been read a little further.
 *
 * Whether it is a data race is not known here: that needs the names of places and variables (tools/races/judge.h).
 */
#include <stdio.h>

#include "tools/analyse/heap/heap.h"
#include "tools/analyse/locks/lock_analysis.h"
#include "tools/analyse/threads/threads.h"

#define LABEL 96

/* The thread that has this tid now: the kernel gives a tid again once its thread has ended. */
static const struct lock_thread *thread_of_tid(const struct lock_analysis *locks, uint32_t tid)
{
	const struct lock_thread *found = NULL;

	for (size_t i = 0; i < locks->threads.count; i++) {
		const struct lock_thread *thread = locks->threads.items[i];

		if (thread->tid == tid && !thread->ended && (!found || thread->started >= found->started))
			found = thread;
	}
	return found;
}

static const char *does(const struct race_catch_side *side)
{
	return !side->writes ? "reads" : side->reads ? "reads and writes" : "writes";
}

static struct finding_side side_of(const struct lock_analysis *locks, const struct race_catch *caught, unsigned number)
{
	const struct race_catch_side *from = &caught->sides[number];
	const struct lock_thread *thread = from->tid ? thread_of_tid(locks, from->tid) : NULL;
	struct finding_side side = {.thread = thread ? thread->id : 0,
	                            .stack = from->stack,
	                            .stamp = caught->stamp,
	                            .reads = !from->writes,
	                            .size = from->size,
	                            .does = does(from)};

	if (number && caught->proof == RACE_VALUE_CHANGED)
		return (struct finding_side){.unseen = true, .does = "writes"};
	if (thread)
		race_side_add_locks(&side, thread, 0);
	return side;
}

/* "8 bytes are read and written here" */
static void write_label(const struct race_catch_side *side, char label[LABEL])
{
	snprintf(label, LABEL, "%llu %s %s here", (unsigned long long)side->size,
	         side->size == 1 ? "byte is" : "bytes are",
	         !side->writes ? "read"
	         : side->reads ? "read and written"
	                       : "written");
}

/* ---- what is accessed -------------------------------------------------------------------------- */

static bool is_in_module(const struct lock_analysis *locks, const struct race_catch *caught)
{
	uint32_t module;

	return ring_file_module_around(locks->ring, caught->address, caught->stamp, &module) != NULL;
}

static void place_address(struct lock_analysis *locks, const struct race_catch *caught, struct finding_race *race)
{
	struct heap_block block;

	race->about = "memory";
	race->address = caught->address;
	if (is_in_module(locks, caught)) {
		race->about = "variable";
		return;
	}
	race->stack_of = threads_on_stack(locks->sources.threads, caught->address);
	if (race->stack_of) {
		race->about = "stack";
	} else if (heap_find_block(locks->sources.heap, caught->address, &block)) {
		race->about = "block";
		race->size = block.size;
		race->into = caught->address - block.address;
		race->allocated_stack = block.stack;
		race->allocated_by = block.thread;
	}
}

void locks_caught(struct lock_analysis *locks, const struct race_catch *caught, uint32_t number)
{
	static const char *const proofs[] = {
	    [RACE_MET] = "met", [RACE_WATCHED] = "watched", [RACE_VALUE_CHANGED] = "value"};
	struct finding_race race = {.proof = proofs[caught->proof],
	                            .caught = number,
	                            .sides = {side_of(locks, caught, 0), side_of(locks, caught, 1)}};
	struct finding *finding = finding_add(&locks->races.caught, FINDING_RACE_UNPROVEN);
	char labels[2][LABEL];

	place_address(locks, caught, &race);
	for (unsigned i = 0; i < 2; i++)
		write_label(&caught->sides[i], labels[i]);
	finding_set_race(finding, &race, (const char *const[]){labels[0], labels[1]});
	finding->times = caught->times;
}
