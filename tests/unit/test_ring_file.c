/* Ring files are hostile input: inconsistent ones are refused with one line, and none that is accepted causes a
 * crash. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/harness/ring_builder.h"
#include "tools/source/merge.h"

static struct ring_builder builder;

static void setup(void)
{
	struct ring_lane lane;

	ring_builder_make(&builder, 4096, 8, true);
	uint32_t stack = ring_builder_stack(&builder, 10);
	ring_lane_start(&lane, &builder, 1, 100);
	ring_lane_thread(&lane, 100, 1);
	for (uint64_t i = 0; i < 600; i++)
		ring_lane_write(&lane, 200 + i, RT_MALLOC, stack, 2, rt_word1(0x1000 + 16 * i, 16), 0);
}

static void teardown(void) { ring_builder_remove(&builder); }

TestSuite(ring_file, .init = setup, .fini = teardown);

static bool opens(struct error *err)
{
	struct ring_file ring;

	memset(err, 0, sizeof *err);
	if (!ring_file_open(&ring, builder.path, false, err))
		return false;
	ring_file_close(&ring);
	return true;
}

/* Refused with exit code 65 and a line that names the file and says `what`. */
static void expect_refused(const char *what)
{
	struct error err;

	cr_assert_not(opens(&err), "accepted: %s", what);
	cr_expect_eq(err.code, EXIT_BAD_DATA);
	cr_expect_not_null(strstr(err.text, builder.path), "no file name in: %s", err.text);
	cr_expect_not_null(strstr(err.text, what), "no \"%s\" in: %s", what, err.text);
	cr_expect_null(strchr(err.text, '\n'));
}

Test(ring_file, a_whole_one_opens)
{
	struct ring_file ring;
	struct error err;

	cr_assert(ring_file_open(&ring, builder.path, false, &err), "%s", err.text);
	cr_expect_eq(ring_file_chunks(&ring), builder.header->chunks_used);
	cr_expect_null(ring_file_chunk(&ring, ring_file_chunks(&ring)));
	cr_expect_not(ring_file_alive(&ring));
	cr_expect_float_eq(ring_file_seconds(&ring, 2000000000), 2.0, 1e-9);
	ring_file_close(&ring);
}

Test(ring_file, a_missing_file_is_refused)
{
	struct ring_file ring;
	struct error err;

	cr_expect_not(ring_file_open(&ring, "/tmp/no-such-file.ring", false, &err));
	cr_expect_eq(err.code, EXIT_BAD_DATA);
	cr_expect_not(ring_file_open(&ring, "/tmp", false, &err));
	cr_expect_eq(err.code, EXIT_BAD_DATA);
}

Test(ring_file, foreign_content_is_refused)
{
	memcpy(builder.header->magic, "\177ELF\2\1\1", 8);
	expect_refused("not a ring file");
}

Test(ring_file, another_version_is_refused_with_both_versions)
{
	builder.header->version = RT_FORMAT_VERSION + 41;
	expect_refused("version 51");
	builder.header->version = RT_FORMAT_VERSION + 41;
	expect_refused("version 10");
}

Test(ring_file, another_machine_is_refused)
{
	builder.header->arch = 0x1234;
	expect_refused("another kind of machine");
}

Test(ring_file, a_finished_one_of_the_other_machine_is_read_without_its_clock)
{
	struct error err;

	builder.header->arch = RT_ARCH_AARCH64;
	cr_assert(opens(&err), "%s", err.text);
}

Test(ring_file, a_running_one_of_the_other_machine_is_refused)
{
	ring_builder_remove(&builder);
	ring_builder_make(&builder, 4096, 8, false);
	builder.header->arch = RT_ARCH_AARCH64;
	expect_refused("when that has ended");
}

Test(ring_file, zeros_are_refused_and_may_be_tried_again)
{
	struct error err;

	memset(builder.map, 0, RT_HEADER_BYTES);
	expect_refused("never written");
	opens(&err);
	cr_expect(err.retry);
}

/* The process that writes the header may be stopped after any field. */
Test(ring_file, one_that_is_half_written_may_be_tried_again)
{
	struct rt_header whole = *builder.header;
	struct error err;

	for (size_t bytes = 0; bytes < offsetof(struct rt_header, exe); bytes += bytes < sizeof whole.magic ? 1 : 4) {
		struct rt_header half = {0};

		memcpy(&half, &whole, bytes);
		half.ready = 0;
		*builder.header = half;
		cr_expect_not(opens(&err), "%zu bytes", bytes);
		cr_expect(err.retry, "%zu bytes: %s", bytes, err.text);
	}
	*builder.header = whole;
	cr_expect(opens(&err), "%s", err.text);
}

Test(ring_file, one_of_another_version_is_not_tried_again)
{
	struct error err;

	builder.header->ready = 0;
	builder.header->version = RT_FORMAT_VERSION + 1;
	expect_refused("format version");
	opens(&err);
	cr_expect_not(err.retry);
}

Test(ring_file, one_that_is_not_ready_may_be_tried_again)
{
	struct error err;

	builder.header->ready = 0;
	cr_expect_not(opens(&err));
	cr_expect(err.retry);
}

Test(ring_file, truncation_is_refused)
{
	static const off_t sizes[] = {1, 100, 4095, 4096, 20000};

	for (size_t i = sizeof sizes / sizeof *sizes; i-- > 0;) {
		cr_assert_eq(ftruncate(builder.fd, sizes[i]), 0);
		expect_refused("truncated");
	}
	cr_assert_eq(ftruncate(builder.fd, 0), 0);
	expect_refused("truncated");
}

#define DAMAGE(field, value, what)                                                                                     \
	do {                                                                                                           \
		struct rt_header before = *builder.header;                                                             \
		builder.header->field = (value);                                                                       \
		expect_refused(what);                                                                                  \
		*builder.header = before;                                                                              \
	} while (0)

Test(ring_file, sizes_that_cannot_be_are_refused)
{
	DAMAGE(header_bytes, 0, "damaged");
	DAMAGE(header_bytes, 1u << 20, "damaged");
	DAMAGE(page_bytes, 4097, "damaged");
	DAMAGE(page_bytes, 0, "damaged");
	DAMAGE(file_bytes, 17, "damaged");
	DAMAGE(file_bytes, UINT64_MAX, "truncated");
	DAMAGE(chunk_bytes, 0, "damaged");
	DAMAGE(chunk_bytes, 2048, "damaged");
	DAMAGE(chunk_bytes, 4096 + 64, "damaged");
	DAMAGE(chunk_bytes, 1u << 31, "damaged");
	DAMAGE(chunk_count, UINT32_MAX, "damaged");
	DAMAGE(chunks_offset, 0, "damaged");
	DAMAGE(chunks_offset, UINT64_MAX - 63, "damaged");
	DAMAGE(chunks_offset, builder.header->chunks_offset + 8, "damaged");
}

Test(ring_file, tables_outside_of_the_file_are_refused)
{
	DAMAGE(modules.offset, UINT64_MAX - 7, "damaged");
	DAMAGE(modules.count, UINT64_MAX / sizeof(struct rt_module) + 2, "damaged");
	DAMAGE(pcs.offset, 8, "damaged");
	DAMAGE(pcs.count, UINT64_MAX, "damaged");
	DAMAGE(nodes.offset, builder.header->nodes.offset + 1, "damaged");
	DAMAGE(nodes.count, 1u << 25, "damaged");
	DAMAGE(clock, 7, "damaged");
	DAMAGE(stacks, 3, "damaged");
	DAMAGE(on_full, 3, "damaged");
	DAMAGE(pid, 0, "damaged");
}

Test(ring_file, a_stack_that_runs_in_a_circle_ends)
{
	struct ring_file ring;
	struct error err;
	uint32_t pcs[64], root;
	uint64_t *nodes = (uint64_t *)(builder.map + builder.header->nodes.offset);

	nodes[0] = (uint64_t)(RT_NODE_FIRST + 1) << 32 | 1;
	nodes[1] = (uint64_t)RT_NODE_FIRST << 32 | 2;
	cr_assert(ring_file_open(&ring, builder.path, false, &err));
	cr_expect_eq(ring_file_stack(&ring, RT_NODE_FIRST, pcs, 64, &root), 64);
	cr_expect_eq(root, RT_ROOT_DEPTH);
	cr_expect_eq(ring_file_stack(&ring, RT_NODE_FIRST + 3000, pcs, 64, &root), 0);
	cr_expect_eq(root, RT_ROOT_TRUNCATED);
	cr_expect_null(ring_file_pc(&ring, 0));
	cr_expect_null(ring_file_pc(&ring, UINT32_MAX));
	cr_expect_null(ring_file_module(&ring, 0));
	ring_file_close(&ring);
}

Test(ring_file, a_clock_that_stands_still_gives_a_finite_time)
{
	struct ring_file ring;
	struct error err;

	builder.header->clock = RT_CLOCK_TSC;
	builder.header->boot_id[0] = '?';
	builder.header->clock_start = (struct rt_clock_pair){1000, 1000};
	builder.header->clock_latest = (struct rt_clock_pair){500, 5000};
	cr_assert(ring_file_open(&ring, builder.path, false, &err));
	cr_expect_gt(ring.ns_per_tick, 0);
	cr_expect_lt(ring_file_seconds(&ring, UINT64_MAX), 1e12);
	cr_expect_eq(ring_file_ns(&ring, 0), 0);
	ring_file_close(&ring);
}

static void ignore(void *context, const struct event *events, size_t count)
{
	for (size_t i = 0; i < count; i++)
		*(uint64_t *)context += events[i].stamp;
}

/* Does everything with a file that readers do. */
static void read_all(void)
{
	struct ring_file ring;
	struct error err;
	uint64_t sum = 0;
	uint32_t pcs[128], root;

	if (!ring_file_open(&ring, builder.path, false, &err)) {
		cr_expect_eq(err.code, EXIT_BAD_DATA);
		return;
	}
	struct merge *merge = merge_new(&ring);
	merge_finish(merge, ignore, &sum);
	merge_free(merge);
	for (uint32_t id = 0; id < 64; id++)
		ring_file_stack(&ring, id, pcs, 128, &root);
	for (uint32_t i = 0; i < 16; i++)
		ring_file_module(&ring, i);
	ring_file_close(&ring);
}

static void flip_bits(unsigned count, size_t within)
{
	for (unsigned i = 0; i < count; i++)
		builder.map[(size_t)random() % within] ^= (unsigned char)(1 << random() % 8);
}

Test(ring_file, flipped_bits_never_crash, .timeout = 60)
{
	unsigned char *whole = malloc(builder.bytes);

	srandom(1);
	memcpy(whole, builder.map, builder.bytes);
	for (int round = 0; round < 3000; round++) {
		size_t chunks = builder.header->chunks_offset;
		flip_bits(1 + (unsigned)random() % 8, sizeof(struct rt_header) - RT_PATH_MAX - RT_COMMAND_MAX);
		read_all();
		memcpy(builder.map, whole, builder.bytes);
		for (size_t chunk = 0; chunk < 4; chunk++) /* headers and first records */
			builder.map[chunks + chunk * 4096 + (size_t)random() % 128] ^=
			    (unsigned char)(1 << random() % 8);
		read_all();
		memcpy(builder.map, whole, builder.bytes);
		flip_bits(64, builder.bytes);
		read_all();
		memcpy(builder.map, whole, builder.bytes);
	}
	free(whole);
}

Test(ring_file, truncated_while_it_is_read_reads_as_zeros)
{
	struct ring_file ring;
	struct error err;
	uint64_t sum = 0;

	cr_assert(ring_file_open(&ring, builder.path, false, &err));
	cr_expect(ring_file_whole(&ring, &err));
	cr_assert_eq(truncate(builder.path, 4096), 0);
	struct merge *merge = merge_new(&ring);
	merge_finish(merge, ignore, &sum);
	merge_free(merge);
	cr_expect_not(ring_file_whole(&ring, &err));
	cr_expect_not_null(strstr(err.text, "truncated"));
	ring_file_close(&ring);
}
