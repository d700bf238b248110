/* Any bytes as what a tracer of data races wrote (PID.IMAGE.races): what is accepted is within its bounds. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/finding/findings.h"
#include "tools/races/races_file.h"
#include "tools/races/reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CATCHES_AT offsetof(struct races_file, caught)

/* The first bytes are the head, and the others what was caught, again and again: one input fills a whole file. */
static void fill(struct races_file *file, const uint8_t *data, size_t size)
{
	size_t head = size < CATCHES_AT ? size : CATCHES_AT, rest = size - head, used = 0;

	memset(file, 0, sizeof *file);
	memcpy(file, data, head);
	memcpy(file->magic, RACES_MAGIC, sizeof file->magic);
	file->version = RACES_VERSION;
	file->count %= 8; /* more take time and show nothing new; a count past all bounds stays one */
	if (size > CATCHES_AT && data[0] == 0xff)
		file->count = UINT32_MAX;
	while (rest && used < 4 * sizeof *file->caught) {
		memcpy((char *)file->caught + used, data + head,
		       rest < sizeof *file->caught ? rest : sizeof *file->caught);
		used += sizeof *file->caught;
	}
}

static void write_file(const char *path, const struct races_file *file)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	size_t bytes = CATCHES_AT + 4 * sizeof *file->caught;

	if (fd < 0 || write(fd, file, bytes) != (ssize_t)bytes || ftruncate(fd, sizeof *file))
		abort();
	close(fd);
}

static void give_events(struct analysis *analysis)
{
	const struct event events[] = {
	    {.type = RT_THREAD_BEGIN, .thread = 1, .stamp = 10, .object = 0x1000, .arg = UINT64_C(7) << 32 | 1},
	    {.type = RT_MALLOC, .thread = 1, .stamp = 20, .object = 0x50000, .size = 4096},
	    {.type = RT_ACQUIRE, .thread = 1, .stamp = 30, .kind = RT_KIND_MUTEX, .object = 0x60000},
	};

	analysis_events(analysis, events, sizeof events / sizeof *events);
}

static void expect_bounds(const struct analysis *analysis)
{
	const struct race_search *races = &analysis->races;

	if (races->count > RACES_KEPT || races->met != races->count || strlen(races->why) >= sizeof races->why)
		abort();
	for (size_t i = 0; i < races->count; i++)
		if (races->items[i].value_bytes > RACE_VALUE_BYTES || !races->items[i].times ||
		    (i && races->items[i].stamp < races->items[i - 1].stamp))
			abort();
	for (size_t i = 0; i < analysis->findings->count; i++) {
		const struct finding *finding = &analysis->findings->items[i];

		if (finding->race && (!finding->race->caught || finding->race->caught > races->count))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct races_file file;
	struct rt_header header = {.clock = RT_CLOCK_TSC};
	char ring[64], path[64];
	struct recording recording = {
	    .ring = {.fd = -1, .path = ring, .shared = &header, .header = header, .ns_per_tick = 1, .same_boot = true}};

	snprintf(ring, sizeof ring, "/dev/shm/ringtail-fuzz-%d.ring", (int)getpid());
	snprintf(path, sizeof path, "/dev/shm/ringtail-fuzz-%d.races", (int)getpid());
	fill(&file, data, size);
	write_file(path, &file);
	recording.analysis = analysis_new(&recording.ring);
	races_take(&recording);
	give_events(recording.analysis);
	analysis_finish(recording.analysis, (struct process_end){.how = END_EXIT, .stamp = 40});
	expect_bounds(recording.analysis);
	analysis_free(recording.analysis);
	recording.ring.path = NULL;
	ring_file_close(&recording.ring);
	unlink(path);
	return 0;
}
