/* Reader events per second of one core: merging alone, and merging with all analysers. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tests/harness/ring_builder.h"
#include "tools/analyse/analyse.h"
#include "tools/source/merge.h"
#include "tools/base/clock.h"

#define LANES       4u
#define LIVE        64u /* blocks that each lane holds at a time */
#define CHUNK_BYTES (64u << 10)

static void count(void *context, const struct event *events, size_t count)
{
	for (size_t i = 0; i < count; i++)
		*(uint64_t *)context += events[i].size;
}

/* Pairs of malloc and free, LIVE apart, on LANES lanes whose stamps interleave in runs as threads' do. */
static void fill(struct ring_builder *builder, uint64_t events)
{
	struct ring_lane lanes[LANES];
	uint64_t stamp = 1000, runs = events / LANES / 2 / LIVE;
	uint32_t stack = ring_builder_stack(builder, 20);

	for (uint32_t i = 0; i < LANES; i++) {
		ring_lane_start(&lanes[i], builder, i + 1, stamp);
		ring_lane_thread(&lanes[i], stamp, i + 1);
	}
	for (uint64_t run = 0; run < runs; run++)
		for (unsigned i = 0; i < 2 * LIVE; i++)
			for (uint32_t l = 0; l < LANES; l++) {
				uint64_t block = 0x10000000u * (l + 1) + 64 * (i % LIVE);
				unsigned type = i < LIVE ? RT_MALLOC : RT_FREE;
				ring_lane_write(&lanes[l], stamp += 10 + (run & 7), type, stack - i % 16, 2,
				                rt_word1(block, type == RT_MALLOC ? 48 : 0), 0);
			}
	builder->header->threads = LANES;
}

static void report(const char *what, uint64_t events, uint64_t ns)
{
	printf("%-24s %8.2f M events/s  (%llu events, %.3f s)\n", what, (double)events * 1e3 / (double)ns,
	       (unsigned long long)events, (double)ns / 1e9);
}

static uint64_t run(struct ring_file *ring, merge_sink *sink, void *context, uint64_t *ns)
{
	uint64_t start = ring_clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	struct merge *merge = merge_new(ring);

	merge_finish(merge, sink, context);
	*ns = ring_clock_ns(CLOCK_PROCESS_CPUTIME_ID) - start;
	uint64_t events = merge_totals(merge).events;
	merge_free(merge);
	return events;
}

int main(int argc, char **argv)
{
	uint64_t events = argc > 1 ? strtoull(argv[1], NULL, 10) : 10000000, ns, sum = 0;
	struct ring_builder builder;
	struct ring_file ring;
	struct error err;

	ring_builder_make(&builder, CHUNK_BYTES, (uint32_t)(events * 20 / CHUNK_BYTES) + 2 * LANES, true);
	fill(&builder, events);
	if (!ring_file_open(&ring, builder.path, false, &err)) {
		ring_builder_remove(&builder);
		return error_print(&err);
	}
	run(&ring, count, &sum, &ns); /* warms the caches: the file was just written */
	uint64_t merged = run(&ring, count, &sum, &ns);
	report("merge", merged, ns);
	struct analysis *analysis = analysis_new(&ring);
	uint64_t analysed = run(&ring, analysis_events, analysis, &ns);
	report("merge and analysis", analysed, ns);
	analysis_free(analysis);
	ring_file_close(&ring);
	ring_builder_remove(&builder);
	return 0;
}
