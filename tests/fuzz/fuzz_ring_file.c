/*
 * Any bytes as a ring file: opened, merged to the end through all analysers, its
 * tables read and its stacks walked.  Nothing that is in there may crash, hang or
 * make the reader go outside of the file.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tools/analyse/analyse.h"
#include "tools/source/merge.h"

#define STACKS_WALKED 64u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void walk_tables(struct ring_file *ring)
{
	uint32_t pcs[128], root;

	for (uint32_t id = 0; id < STACKS_WALKED; id++) {
		unsigned count = ring_file_stack(ring, id, pcs, 128, &root);
		for (unsigned i = 0; i < count; i++)
			ring_file_pc(ring, pcs[i]);
	}
	for (uint32_t i = 0; i < ring_file_modules(ring) && i < STACKS_WALKED; i++)
		ring_file_module(ring, i);
}

static void read_ring(const char *path)
{
	struct ring_file ring;
	struct error err;

	if (!ring_file_open(&ring, path, false, &err))
		return;
	struct merge *merge = merge_new(&ring);
	struct analysis *analysis = analysis_new(&ring);
	merge_finish(merge, analysis_events, analysis);
	analysis_finish(analysis, (struct process_end){.how = END_EXIT, .stamp = merge_last_stamp(merge)});
	analysis_free(analysis);
	merge_free(merge);
	walk_tables(&ring);
	ring_file_close(&ring);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[64];
	int fd = memfd_create("ring", MFD_CLOEXEC);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	read_ring(path);
	close(fd);
	return 0;
}
