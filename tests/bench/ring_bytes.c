/*
 * The bytes that one event takes in a ring file: its records, chunk headers included, and the nodes and addresses of
 * the stack tree.  Prints "events record-bytes node-bytes pc-bytes"; chunks that were overwritten and used again count
 * once, with the events that are in them now.
 *
 * usage: ring_bytes FILE.ring
 */
#include <inttypes.h>
#include <stdio.h>

#include "tools/source/merge.h"
#include "tools/source/ring_file.h"

static void ignore(void *context, const struct event *events, size_t count) {}

static uint64_t count_events(struct ring_file *ring)
{
	struct merge *merge = merge_new(ring);

	merge_finish(merge, ignore, NULL);
	uint64_t events = merge_totals(merge).events;
	merge_free(merge);
	return events;
}

/* Bit 0 of the tail only says that a record is being written. */
static uint64_t record_bytes(const struct ring_file *ring)
{
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < ring_file_chunks(ring); i++) {
		const struct rt_chunk *chunk = ring_file_chunk(ring, i);
		bytes += chunk ? chunk->tail & ~UINT64_C(1) : 0;
	}
	return bytes;
}

static uint64_t node_bytes(const struct ring_file *ring)
{
	uint64_t bytes = 0;
	uint32_t parent, pc_id;

	for (uint64_t i = 0; i < ring->header.nodes.count; i++)
		if (ring_file_node(ring, (uint32_t)i + RT_NODE_FIRST, &parent, &pc_id))
			bytes += sizeof(uint64_t);
	return bytes;
}

static uint64_t pc_bytes(const struct ring_file *ring)
{
	uint64_t bytes = 0;

	for (uint64_t i = 0; i < ring->header.pcs.count; i++)
		if (ring_file_pc(ring, (uint32_t)i + 1))
			bytes += sizeof(struct rt_pc);
	return bytes;
}

int main(int argc, char **argv)
{
	struct ring_file ring;
	struct error err;

	if (argc != 2) {
		fprintf(stderr, "usage: ring_bytes FILE.ring\n");
		return 64;
	}
	if (!ring_file_open(&ring, argv[1], false, &err))
		return error_print(&err);
	printf("%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", count_events(&ring), record_bytes(&ring),
	       node_bytes(&ring), pc_bytes(&ring));
	ring_file_close(&ring);
	return 0;
}
