/*
 * The shim's writer and the tool's reader of one ring, in one process and on one mapping, so that
 * ThreadSanitizer sees both: three threads write as hooks do, through a ring so small that each chunk is used
 * again many times, while a fourth reads, hands chunks back, and in the end has every event, in the order of
 * its thread.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "shim/clock.h"
#include "shim/message.h"
#include "shim/process.h"
#include "shim/ring_file.h"
#include "shim/ring_map.h"
#include "shim/ring.h"
#include "shim/thread.h"
#include "tests/harness/ring_builder.h"
#include "tools/source/merge.h"

#define WRITERS     3u
#define EVENTS      20000u
#define CHUNKS      24u
#define CHUNK_BYTES 4096u

/* ---- other parts of the shim that the ring needs ------------------------------------------------ */

static struct process the_process;
struct process *process = &the_process;
bool sys_restricted, sys_filtered;

/* The test's ring is mapped whole. */
bool ring_map_reach(const void *at, size_t bytes) { return true; }
uint64_t ring_map_chunk_bytes(void) { return CHUNKS * (uint64_t)process->header->chunk_bytes; }

void message_once(const char *what, const char *detail) { fprintf(stderr, "%s: %s\n", what, detail ? detail : ""); }

/* No path: the test's ring has no file. */
void ring_file_path(char *to, size_t room)
{
	if (room)
		*to = '\0';
}

/* ---- writers ------------------------------------------------------------------------------- */

static uint32_t writing = WRITERS;

static void *write_events(void *number)
{
	struct thread *self = calloc(1, sizeof *self + 4096);
	struct lane *lane = &self->lanes[0];

	self->id = (uint32_t)(uintptr_t)number;
	self->tid = gettid();
	ring_announce(self, lane);
	for (uint64_t i = 1; i <= EVENTS; i++)
		ring_write(self, lane, RT_FREE, 2, rt_word1(i, 0), 0, 0);
	__atomic_fetch_sub(&writing, 1, __ATOMIC_RELEASE);
	return self;
}

/* ---- the reader ------------------------------------------------------------------------------ */

struct seen {
	uint64_t last[WRITERS + 1], wrong;
};

static void take_one(struct seen *seen, const struct event *event)
{
	if (event->type != RT_FREE)
		return;
	if (event->thread < 1 || event->thread > WRITERS || event->object != seen->last[event->thread] + 1)
		seen->wrong++;
	else
		seen->last[event->thread]++;
}

static void take(void *context, const struct event *events, size_t count)
{
	for (size_t i = 0; i < count; i++)
		take_one(context, &events[i]);
}

static void use_ring(const struct ring_file *ring)
{
	process->pid = getpid();
	process->base = ring->map;
	process->header = ring->shared;
	process->state = PROCESS_RECORDING;
	process->chunks_there = CHUNKS;
	process->header->live = 1;
	process->header->on_full = RT_ON_FULL_WAIT;
	process->header->chunk_live_count = CHUNKS;
	process->header->chunk_keep_count = WRITERS;
	ring_threaded = true;
	clock_choose();
}

static struct merge_totals read_while_written(struct ring_file *ring, struct seen *seen)
{
	pthread_t threads[WRITERS];
	struct merge *merge = merge_new(ring);

	merge_beat(merge);
	for (uintptr_t i = 0; i < WRITERS; i++)
		pthread_create(&threads[i], NULL, write_events, (void *)(i + 1));
	while (__atomic_load_n(&writing, __ATOMIC_ACQUIRE))
		if (!merge_poll(merge, take, seen))
			usleep(100);
	for (unsigned i = 0; i < WRITERS; i++) {
		void *state;
		pthread_join(threads[i], &state);
		free(state);
	}
	merge_finish(merge, take, seen);
	struct merge_totals totals = merge_totals(merge);
	merge_free(merge);
	return totals;
}

int main(void)
{
	struct ring_builder builder;
	struct ring_file ring;
	struct error err;
	struct seen seen = {0};

	ring_builder_make(&builder, CHUNK_BYTES, CHUNKS, false);
	if (!ring_file_open(&ring, builder.path, true, &err)) {
		fprintf(stderr, "%s\n", err.text);
		return 1;
	}
	use_ring(&ring);
	struct merge_totals totals = read_while_written(&ring, &seen);
	for (unsigned i = 1; i <= WRITERS; i++)
		seen.wrong += seen.last[i] != EVENTS;
	printf("lost %lu, bad %lu, wrong %lu, overwritten %lu\n", (unsigned long)totals.lost,
	       (unsigned long)totals.bad_records, (unsigned long)seen.wrong,
	       (unsigned long)process->header->overwritten);
	ring_file_close(&ring);
	ring_builder_remove(&builder);
	return totals.lost || totals.bad_records || seen.wrong;
}
