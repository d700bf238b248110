#include "tests/harness/races_builder.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tools/races/shapes.h"

#define AT_SITE 2 /* bytes behind the start of a function */

void races_builder_make(struct races_builder *builder, const char *ring_path)
{
	int fd;

	snprintf(builder->path, sizeof builder->path, "%.*s" RACES_SUFFIX, (int)(strlen(ring_path) - strlen(".ring")),
	         ring_path);
	fd = open(builder->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || ftruncate(fd, sizeof *builder->file))
		abort();
	builder->file = mmap(NULL, sizeof *builder->file, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (builder->file == MAP_FAILED)
		abort();
	memcpy(builder->file->magic, RACES_MAGIC, sizeof builder->file->magic);
	builder->file->version = RACES_VERSION;
	builder->file->state = RACES_WATCHING;
	builder->file->seed = 42;
	builder->file->share = 30;
	builder->file->figures = (struct races_figures){.sites = 5000,
	                                                .armed = 4000,
	                                                .hits = 300,
	                                                .holds = 20,
	                                                .watched = 10,
	                                                .threads = 3,
	                                                .stop_ns = 3000000,
	                                                .hold_ns = 7000000,
	                                                .elapsed_ns = 100000000};
}

void races_builder_remove(struct races_builder *builder)
{
	munmap(builder->file, sizeof *builder->file);
	unlink(builder->path);
}

static struct races_side side(uint32_t tid, void (*place)(void), const void *address)
{
	return (struct races_side){.tid = tid,
	                           .pc = (uintptr_t)place + AT_SITE,
	                           .address = (uintptr_t)address,
	                           .size = 8,
	                           .compilers = RACE_BY_GCC,
	                           .shape = RACE_SHAPE_MOVE};
}

struct races_caught *races_builder_catch(struct races_builder *builder, uint64_t stamp, const void *address,
                                         void (*writes)(void), void (*reads)(void))
{
	struct races_caught *caught = &builder->file->caught[builder->file->count];

	*caught = (struct races_caught){.at_counter = stamp,
	                                .held_ns = 200000,
	                                .times = 1,
	                                .value_bytes = 8,
	                                .value_after_known = 1,
	                                .value_address = (uintptr_t)address,
	                                .before = {7},
	                                .after = {8},
	                                .sides = {side(1002, writes, address), side(1003, reads, address)}};
	caught->sides[0].writes = 1;
	caught->sides[1].reads = 1;
	builder->file->count++;
	return caught;
}
