/*
 * How fast the analysers take events: 10 million malloc/free events, with few
 * and with many blocks alive, straight into heap_event and through
 * analysis_event, which is what the reader uses; then as many of nested locks.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tools/analyse/analyse.h"
#include "tools/analyse/heap.h"

#define EVENTS 10000000u

static struct ring_file ring = {.header.nodes.count = 1 << 20};

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
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
	printf("%-16s %8u objects %3u threads  %6.1f M events/s\n", what, blocks, threads,
	       EVENTS / took / 1e6);
}

static void measure(uint32_t blocks, uint32_t threads)
{
	struct event *events = make_events(blocks, threads);
	struct heap_analysis *heap = heap_new(&ring);
	struct analysis *analysis = analysis_new(&ring);
	double start = seconds();

	for (uint32_t i = 0; i < EVENTS; i++)
		heap_event(heap, &events[i]);
	report("heap_event", blocks, threads, seconds() - start);
	start = seconds();
	for (uint32_t i = 0; i < EVENTS; i++)
		analysis_event(analysis, &events[i]);
	report("analysis_event", blocks, threads, seconds() - start);
	heap_free(heap);
	analysis_free(analysis);
	free(events);
}

/* Lock, lock, unlock, unlock: each thread over its own order of many pairs of locks. */
static void measure_locks(uint32_t pairs, uint32_t threads)
{
	static const uint8_t types[4] = {RT_ACQUIRE, RT_ACQUIRE, RT_RELEASE, RT_RELEASE};
	struct analysis *analysis = analysis_new(&ring);
	uint64_t state = 42;
	uint32_t pair = 0;
	double start = seconds();

	for (uint32_t i = 0; i < EVENTS; i++) {
		struct event event = {.stamp = i + 1,
		                      .type = types[i % 4],
		                      .kind = RT_KIND_MUTEX,
		                      .thread = 1 + i / 4 % threads,
		                      .stack = 16 + i % 4};

		if (i % 4 == 0)
			pair = next_random(&state) % pairs;
		event.object = 0x600000 + pair * 128ull + (i % 4 == 1 || i % 4 == 2 ? 64 : 0);
		analysis_event(analysis, &event);
	}
	report("locks", pairs * 2, threads, seconds() - start);
	analysis_free(analysis);
}

int main(void)
{
	measure(1000, 1);
	measure(100000, 4);
	measure(3000000, 16);
	measure_locks(4, 4);
	measure_locks(10000, 8);
	return 0;
}
