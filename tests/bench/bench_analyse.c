/*
 * How fast the analysers take events: 10 million malloc/free events, with few
 * and with many blocks alive, straight into heap_event and through
 * analysis_events, which is what the reader uses; then as many of nested locks.
 * Events a second of processor time.
 * `bench_analyse locks`: those of locks alone.
 * `bench_analyse graph`: 50 million events of 100,000 locks, with the deadlock analysis at the end.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "tools/analyse/analyse.h"
#include "tools/analyse/heap/heap.h"

#define EVENTS 10000000u
#define BATCH  128u /* as the reader hands them over; EVENTS are as many times that */

static struct ring_file ring = {.header.nodes.count = 1 << 20};

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static uint32_t next_random(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (uint32_t)(*state >> 33);
}

/* Each event frees a random block if it is alive, else allocates it. */
static struct event *make_events(uint32_t blocks, uint32_t threads)
{
	struct event *events = calloc(EVENTS, sizeof *events);
	bool *alive = calloc(blocks, 1);
	uint64_t state = 42;

	for (uint32_t i = 0; i < EVENTS; i++) {
		uint32_t block = next_random(&state) % blocks;

		events[i] = (struct event){.stamp = i + 1,
		                           .type = alive[block] ? RT_FREE : RT_MALLOC,
		                           .object = UINT64_C(0x500000000000) + block * UINT64_C(48),
		                           .size = 24 + block % 200,
		                           .stack = 16 + next_random(&state) % 2000,
		                           .thread = 1 + i / 64 % threads};
		alive[block] = !alive[block];
	}
	free(alive);
	return events;
}

static void report(const char *what, uint32_t blocks, uint32_t threads, double took)
{
	printf("%-16s %8u objects %3u threads  %6.1f M events/s\n", what, blocks, threads, EVENTS / took / 1e6);
}

static void measure(uint32_t blocks, uint32_t threads)
{
	struct event *events = make_events(blocks, threads);
	struct heap_analysis *heap = heap_new(&ring, NULL);
	struct analysis *analysis = analysis_new(&ring);
	double start = seconds();

	for (uint32_t i = 0; i < EVENTS; i++)
		heap_event(heap, &events[i]);
	report("heap_event", blocks, threads, seconds() - start);
	start = seconds();
	analysis_events(analysis, events, EVENTS);
	report("analysis_events", blocks, threads, seconds() - start);
	heap_free(heap);
	analysis_free(analysis);
	free(events);
}

/* Lock, lock, unlock, unlock: each thread over its own order of many pairs of locks. */
static void measure_locks(uint32_t pairs, uint32_t threads)
{
	static const uint8_t types[4] = {RT_ACQUIRE, RT_ACQUIRE, RT_RELEASE, RT_RELEASE};
	struct analysis *analysis = analysis_new(&ring);
	struct event batch[BATCH];
	uint64_t state = 42;
	uint32_t pair = 0;
	double start = seconds();

	for (uint32_t i = 0; i < EVENTS; i++) {
		struct event *event = &batch[i % BATCH];

		if (i % 4 == 0)
			pair = next_random(&state) % pairs;
		*event = (struct event){.stamp = i + 1,
		                        .type = types[i % 4],
		                        .kind = RT_KIND_MUTEX,
		                        .thread = 1 + i / 4 % threads,
		                        .stack = 16 + i % 4,
		                        .object = 0x600000 + pair * 128ull + (i % 4 == 1 || i % 4 == 2 ? 64 : 0)};
		if ((i + 1) % BATCH == 0)
			analysis_events(analysis, batch, BATCH);
	}
	report("locks", pairs * 2, threads, seconds() - start);
	analysis_free(analysis);
}

#define GRAPH_EVENTS     50000000u
#define GRAPH_CONTAINERS 1000u
#define GRAPH_ITEMS      99u /* of each container: 100,000 locks in all */

static void graph_event(struct analysis *analysis, unsigned type, uint32_t *number, uint32_t thread, uint32_t lock,
                        uint32_t stack)
{
	struct event event = {.stamp = ++*number,
	                      .type = (uint8_t)type,
	                      .kind = RT_KIND_MUTEX,
	                      .thread = thread,
	                      .stack = 16 + stack,
	                      .object = 0x600000 + lock * 64ull};

	analysis_event(analysis, &event);
}

/* A container, an item of it, and sometimes a second one: mostly in the order of their numbers, now and then not. */
static void graph_round(struct analysis *analysis, uint32_t *number, uint64_t *state, uint32_t thread)
{
	uint32_t container = next_random(state) % GRAPH_CONTAINERS, way = next_random(state);
	uint32_t first = container * (GRAPH_ITEMS + 1), item = first + 1 + way % (GRAPH_ITEMS - 1), next = item + 1;
	bool both = way >> 8 & 1, backwards = (way >> 10) % 10000 == 0, held = (way >> 9 & 7) != 0;

	if (held)
		graph_event(analysis, RT_ACQUIRE, number, thread, first, way >> 20 & 3);
	graph_event(analysis, RT_ACQUIRE, number, thread, backwards ? next : item, 4 + (way >> 22 & 3));
	if (both)
		graph_event(analysis, RT_ACQUIRE, number, thread, backwards ? item : next, 8);
	if (both)
		graph_event(analysis, RT_RELEASE, number, thread, backwards ? item : next, 9);
	graph_event(analysis, RT_RELEASE, number, thread, backwards ? next : item, 10);
	if (held)
		graph_event(analysis, RT_RELEASE, number, thread, first, 11);
}

/* The whole of it: events, lock order graph, cycles, findings. */
static void measure_lock_graph(void)
{
	struct analysis *analysis = analysis_new(&ring);
	uint32_t number = 0;
	uint64_t state = 42;
	double start = seconds(), events;
	struct rusage usage;

	while (number < GRAPH_EVENTS)
		graph_round(analysis, &number, &state, 1 + number % 16);
	events = seconds() - start;
	analysis_finish(analysis, (struct process_end){.how = END_EXIT, .stamp = number + 1});
	getrusage(RUSAGE_SELF, &usage);
	printf("lock graph       %8u objects %3u threads  %6.1f M events/s, %.1f s + %.1f s for cycles, %.0f MiB\n",
	       GRAPH_CONTAINERS * (GRAPH_ITEMS + 1), 16, number / events / 1e6, events, seconds() - start - events,
	       (double)usage.ru_maxrss / 1024);
	analysis_free(analysis);
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "graph")) { /* alone, for its memory */
		measure_lock_graph();
		return 0;
	}
	bool locks_alone = argc > 1 && !strcmp(argv[1], "locks");
	if (!locks_alone) {
		measure(1000, 1);
		measure(100000, 4);
		measure(3000000, 16);
	}
	measure_locks(4, 4);
	measure_locks(10000, 8);
	return 0;
}
