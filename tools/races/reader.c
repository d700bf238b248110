#include "tools/races/reader.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "shim/atomics.h"
#include "tools/base/clock.h"
#include "tools/base/format.h"
#include "tools/races/races_file.h"
#include "tools/races/site.h"
#include "tools/source/added_stacks.h"

#define LIBRARY    "libringtail"
#define HEAD_BYTES offsetof(struct races_file, caught)

_Static_assert(RACES_VALUE == RACE_VALUE_BYTES && RACES_WHY == RACE_WHY_BYTES, "what is copied has the same size");

union head { /* of a file, without what was caught */
	struct races_file file;
	char bytes[HEAD_BYTES];
};

/* ---- opening ---------------------------------------------------------------------------------- */

void races_reader_begin(struct races_reader *reader, struct recording *recording)
{
	*reader = (struct races_reader){
	    .path = ring_file_beside(recording->ring.path, RACES_SUFFIX), .fd = -1, .recording = recording};
}

void races_reader_end(struct races_reader *reader)
{
	if (reader->fd >= 0)
		close(reader->fd);
	free(reader->path);
	*reader = (struct races_reader){.fd = -1};
}

/* True if the file is open and has its whole size: the tracer may be about to make it. */
static bool is_open(struct races_reader *reader)
{
	struct stat stat;

	if (reader->fd >= 0)
		return true;
	if (!reader->path)
		return false;
	reader->fd = open(reader->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (reader->fd >= 0 && !fstat(reader->fd, &stat) && S_ISREG(stat.st_mode) &&
	    stat.st_size == (off_t)sizeof(struct races_file))
		return true;
	if (reader->fd >= 0)
		close(reader->fd);
	reader->fd = -1;
	return false;
}

static bool read_head(struct races_reader *reader, struct races_file *head)
{
	return is_open(reader) && pread(reader->fd, head, HEAD_BYTES, 0) == (ssize_t)HEAD_BYTES &&
	       !memcmp(head->magic, RACES_MAGIC, sizeof head->magic) && head->version == RACES_VERSION;
}

static bool read_caught(const struct races_reader *reader, uint32_t number, struct races_caught *caught)
{
	off_t at = (off_t)(HEAD_BYTES + number * sizeof *caught);

	return pread(reader->fd, caught, sizeof *caught, at) == (ssize_t)sizeof *caught;
}

/* ---- what it says ------------------------------------------------------------------------------ */

/* The stamp of a time of CLOCK_MONOTONIC, by what both clocks show now: the older the time, the less exact. */
static uint64_t stamp_of_time(const struct ring_file *ring, uint64_t ns)
{
	uint64_t now_ns = ring_clock_ns(CLOCK_MONOTONIC), now = ring_file_now(ring);
	uint64_t ago = ns < now_ns ? (uint64_t)((double)(now_ns - ns) / ring->ns_per_tick) : 0;

	if (!ring->same_boot)
		return ring->shared->clock_latest.ticks;
	return ago < now ? now - ago : 0;
}

static uint64_t stamp_of(const struct ring_file *ring, const struct races_caught *caught)
{
	uint64_t stamp = ring->header.clock == RT_CLOCK_TSC && caught->at_counter ? caught->at_counter
	                                                                          : stamp_of_time(ring, caught->at_ns);

	return stamp < UINT64_MAX ? stamp : 0; /* no time at all */
}

/* The library's own frames, between a thread's start and its start routine, are in no stack of the ring. */
static bool is_of_library(const struct ring_file *ring, uint64_t address, uint64_t stamp)
{
	uint32_t number;
	const struct rt_module *module = ring_file_module_around(ring, address, stamp, &number);

	return module && !strncmp(base_name(module->path), LIBRARY, strlen(LIBRARY));
}

static uint32_t stack_of(struct ring_file *ring, const struct races_side *side, uint64_t stamp)
{
	uint64_t addresses[RACES_FRAMES + 1] = {side->pc};
	uint32_t frames = side->frames < RACES_FRAMES ? side->frames : RACES_FRAMES;
	uint32_t root = side->stack_is_whole     ? RT_ROOT_COMPLETE
	                : frames == RACES_FRAMES ? RT_ROOT_DEPTH
	                                         : RT_ROOT_TRUNCATED;
	unsigned count = 1;

	if (!side->pc)
		return RT_STACK_NONE;
	for (uint32_t i = 0; i < frames; i++)
		if (!is_of_library(ring, side->stack[i], stamp))
			addresses[count++] = side->stack[i];
	return added_stacks_put(ring, addresses, count, root, stamp);
}

static struct race_catch_side side_of(struct ring_file *ring, const struct races_side *side, uint64_t stamp)
{
	return (struct race_catch_side){
	    .tid = side->tid,
	    .stack = stack_of(ring, side, stamp),
	    .pc = side->pc,
	    .address = side->address,
	    .size = side->size,
	    .reads = side->reads,
	    .writes = side->writes,
	    .shape = side->shape < RACE_SHAPES ? side->shape : RACE_SHAPE_OTHER,
	    .compilers = side->compilers,
	    .polls = side->polls,
	    .locked_nearby = side->locked_nearby,
	};
}

/* False: it is no race, whatever made the file say so. */
static bool is_race(const struct races_caught *caught)
{
	const struct races_side *sides = caught->sides;

	if (!sides[0].pc || !sides[0].size || caught->proof > RACES_VALUE_CHANGED)
		return false;
	if (caught->proof == RACES_VALUE_CHANGED)
		return true;
	return sides[1].pc && sides[1].size && (sides[0].writes || sides[1].writes) &&
	       (sides[0].address - sides[1].address < sides[1].size ||
	        sides[1].address - sides[0].address < sides[0].size);
}

static void take_values(const struct races_caught *from, struct race_catch *to)
{
	to->value_bytes = from->value_bytes < RACE_VALUE_BYTES ? from->value_bytes : RACE_VALUE_BYTES;
	to->after_known = from->value_after_known;
	memcpy(to->before, from->before, sizeof to->before);
	memcpy(to->after, from->after, sizeof to->after);
}

static void take_caught(struct recording *recording, uint32_t number, const struct races_caught *from)
{
	static const enum race_proof proofs[] = {
	    [RACES_MET] = RACE_MET, [RACES_WATCHED] = RACE_WATCHED, [RACES_VALUE_CHANGED] = RACE_VALUE_CHANGED};
	struct ring_file *ring = &recording->ring;
	struct race_catch caught = {.stamp = stamp_of(ring, from),
	                            .number = number,
	                            .held_ns = from->held_ns,
	                            .times = from->times ? from->times : 1,
	                            .proof = proofs[from->proof],
	                            .address = from->value_address ? from->value_address : from->sides[0].address};

	take_values(from, &caught);
	for (unsigned i = 0; i < 2; i++)
		if (!i || caught.proof != RACE_VALUE_CHANGED)
			caught.sides[i] = side_of(ring, &from->sides[i], caught.stamp);
	analysis_catch(recording->analysis, &caught);
}

/* What is known of the search itself. */
static void take_figures(struct race_search *races, const struct races_file *head)
{
	races->state = head->state == RACES_STARTING || head->state == RACES_REFUSED || head->state > RACES_ENDED
	                   ? RACES_NOT_POSSIBLE
	                   : RACES_SOUGHT;
	snprintf(races->why, sizeof races->why, "%.*s", (int)sizeof head->why, head->why);
	if (races->state == RACES_NOT_POSSIBLE && !*races->why)
		snprintf(races->why, sizeof races->why, "the tracer ended before it saw the process");
	races->seed = head->seed;
	races->share = head->share;
	races->caught = head->count;
	races->figures = (struct race_figures){.sites = head->figures.sites,
	                                       .armed = head->figures.armed,
	                                       .hits = head->figures.hits,
	                                       .holds = head->figures.holds,
	                                       .watched = head->figures.watched,
	                                       .threads = head->figures.threads,
	                                       .stop_ns = head->figures.stop_ns,
	                                       .hold_ns = head->figures.hold_ns,
	                                       .elapsed_ns = head->figures.elapsed_ns};
}

void races_reader_poll(struct races_reader *reader)
{
	union head head;
	struct races_caught caught;
	struct race_search *races = &reader->recording->analysis->races;

	if (!read_head(reader, &head.file))
		return;
	uint32_t count = head.file.count < RACES_KEPT ? head.file.count : RACES_KEPT;
	for (uint32_t i = races->read; i < count && read_caught(reader, i, &caught); i++) {
		races->read = i + 1;
		if (is_race(&caught))
			take_caught(reader->recording, i, &caught);
	}
	take_figures(races, &head.file);
}

/* Without a file: the process never had a second thread, for which a tracer would have been started, or none could be
 * started. */
static void take_from_header(struct race_search *races, const struct ring_file *ring)
{
	if (races->state != RACES_NOT_SOUGHT || !ring->header.races_share)
		return;
	races->state = RACES_SOUGHT;
	races->share = ring->header.races_share;
	races->seed = ring->header.races_seed;
	if (load_relaxed(&ring->shared->races_state) == RT_RACES_NONE)
		return;
	races->state = RACES_NOT_POSSIBLE;
	snprintf(races->why, sizeof races->why, "`ringtail-races` could not be started beside the library");
}

void races_reader_finish(struct races_reader *reader)
{
	struct race_search *races = &reader->recording->analysis->races;
	struct races_caught caught;

	races_reader_poll(reader);
	take_from_header(races, &reader->recording->ring);
	for (size_t i = 0; i < races->count; i++) {
		struct race_catch *item = &races->items[i];

		if (!read_caught(reader, item->number, &caught))
			continue;
		take_values(&caught, item);
		item->times = caught.times > item->times ? caught.times : item->times;
	}
}

void races_reader_deliver(void *context, const struct event *events, size_t count)
{
	struct races_reader *reader = context;

	if (reader->fd >= 0) /* else there was no file when this round began, and so nothing is caught */
		races_reader_poll(reader);
	analysis_events(reader->recording->analysis, events, count);
}

void races_take(struct recording *recording)
{
	struct races_reader reader;

	races_reader_begin(&reader, recording);
	races_reader_finish(&reader);
	races_reader_end(&reader);
}
