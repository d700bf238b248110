/* Ring files of processes that have ended are cut to what they hold, and nobody loses what they have mapped. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/harness/ring_builder.h"
#include "tools/source/merge.h"
#include "tools/source/ring_cut.h"

#define CHUNK_BYTES 4096
#define CHUNKS      4096 /* 16 MiB, of which a few are used */
#define EVENTS      600
#define DEPTH       10

static struct ring_builder builder;
static uint32_t stack;

static void make(bool dead)
{
	struct ring_lane lane;

	ring_builder_make(&builder, CHUNK_BYTES, CHUNKS, dead);
	stack = ring_builder_stack(&builder, DEPTH);
	ring_lane_start(&lane, &builder, 1, 100);
	ring_lane_thread(&lane, 100, 1);
	for (uint64_t i = 0; i < EVENTS; i++)
		ring_lane_write(&lane, 200 + i, RT_MALLOC, stack, 2, rt_word1(0x1000 + 16 * i, 16), 0);
}

static void teardown(void) { ring_builder_remove(&builder); }

TestSuite(ring_cut, .fini = teardown);

static uint64_t size_now(void)
{
	struct stat status;

	cr_assert_eq(stat(builder.path, &status), 0);
	return (uint64_t)status.st_size;
}

static struct ring_file open_ring(void)
{
	struct ring_file ring;
	struct error err;

	cr_assert(ring_file_open(&ring, builder.path, false, &err), "%s", err.text);
	return ring;
}

static void cut(void)
{
	struct ring_file ring = open_ring();

	ring_cut(&ring);
	ring_file_close(&ring);
}

struct seen {
	uint64_t events, stamps, objects, stacks;
};

static void look(void *context, const struct event *events, size_t count)
{
	struct seen *seen = context;

	for (size_t i = 0; i < count; i++) {
		seen->events++;
		seen->stamps += events[i].stamp;
		seen->objects += events[i].object;
		seen->stacks += events[i].stack;
	}
}

static struct seen read_ring(const struct ring_file *ring)
{
	struct seen seen = {0};
	struct merge *merge = merge_new((struct ring_file *)ring);

	merge_finish(merge, look, &seen);
	merge_free(merge);
	return seen;
}

static void expect_same_frames(const struct ring_file *ring, const struct ring_file *cut)
{
	uint32_t pcs[2][DEPTH + 1], roots[2];

	cr_assert_eq(ring_file_stack(ring, stack, pcs[0], DEPTH + 1, &roots[0]), DEPTH);
	cr_assert_eq(ring_file_stack(cut, stack, pcs[1], DEPTH + 1, &roots[1]), DEPTH);
	cr_expect_arr_eq(pcs[0], pcs[1], DEPTH * sizeof **pcs);
	cr_expect_eq(roots[0], roots[1]);
	for (unsigned i = 0; i < DEPTH; i++)
		cr_expect_eq(ring_file_pc(ring, pcs[0][i])->key, ring_file_pc(cut, pcs[0][i])->key);
}

Test(ring_cut, a_cut_file_reads_as_the_whole_one)
{
	make(true);
	struct ring_file whole = open_ring();
	struct seen before = read_ring(&whole), after;

	ring_cut(&whole);
	cr_expect_lt(size_now(), 64 << 10);
	struct ring_file ring = open_ring();
	after = read_ring(&ring);
	cr_expect_geq(before.events, EVENTS);
	cr_expect_eq(memcmp(&before, &after, sizeof before), 0);
	expect_same_frames(&whole, &ring);
	cr_expect_eq(ring_file_chunks(&ring), ring_file_chunks(&whole));
	ring_file_close(&ring);
	ring_file_close(&whole);
}

Test(ring_cut, a_mapping_of_the_old_file_stays_whole)
{
	make(true);
	builder.map[builder.bytes - 1] = 7;
	cut();
	cr_expect_lt(size_now(), builder.bytes);
	cr_expect_eq(builder.map[builder.bytes - 1], 7); /* SIGBUS if the mapped file had been truncated */
	builder.map[builder.bytes - 1] = 8;
}

Test(ring_cut, a_file_is_cut_once)
{
	struct stat first, second;

	make(true);
	cut();
	cr_assert_eq(stat(builder.path, &first), 0);
	cut();
	cr_assert_eq(stat(builder.path, &second), 0);
	cr_expect_eq(first.st_ino, second.st_ino);
	cr_expect_eq(first.st_mode & 07777, 0600);
}

Test(ring_cut, the_file_of_a_living_process_is_not_cut)
{
	make(false);
	cut();
	cr_expect_eq(size_now(), builder.bytes);
}

/* Another process may have replaced the file since it was opened: that one is not ours to replace. */
Test(ring_cut, another_file_under_its_name_is_left_alone)
{
	make(true);
	struct ring_file ring = open_ring();

	cr_assert_eq(unlink(builder.path), 0);
	ring_cut(&ring);
	cr_expect_neq(access(builder.path, F_OK), 0);
	ring_file_close(&ring);
}

/* Offsets and counts of a hostile file lead to a copy that is refused or read, never to a crash. */
Test(ring_cut, damaged_files_never_crash, .timeout = 60)
{
	srandom(1);
	for (int round = 0; round < 60; round++) {
		struct ring_file ring;
		struct error err;

		make(true);
		for (int i = 0; i < 3; i++)
			builder.map[140 + (size_t)random() % 100] ^= (unsigned char)(1 << random() % 8);
		if (ring_file_open(&ring, builder.path, false, &err)) {
			ring_cut(&ring);
			ring_file_close(&ring);
		}
		if (ring_file_open(&ring, builder.path, false, &err)) {
			read_ring(&ring);
			ring_file_close(&ring);
		}
		if (round < 59)
			ring_builder_remove(&builder);
	}
}
