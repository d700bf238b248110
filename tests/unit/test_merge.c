/* One order over all lanes, gaps where they are, nothing lost while a program hammers the ring. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shim/atomics.h"
#include "tests/harness/ring_builder.h"
#include "tools/source/merge.h"
#include "tools/base/clock.h"

#define KEEP 100000

struct seen {
	struct event events[KEEP];
	size_t count;
};

static void keep(void *context, const struct event *events, size_t count)
{
	struct seen *seen = context;

	for (size_t i = 0; i < count; i++, seen->count++)
		if (seen->count < KEEP)
			seen->events[seen->count] = events[i];
}

static struct ring_builder builder;
static struct seen *seen;
static struct merge_totals totals;

static void start(uint32_t chunk_count)
{
	ring_builder_make(&builder, 4096, chunk_count, true);
	seen = calloc(1, sizeof *seen);
}

static void read_to_end(void)
{
	struct ring_file ring;
	struct error err;

	cr_assert(ring_file_open(&ring, builder.path, false, &err), "%s", err.text);
	struct merge *merge = merge_new(&ring);
	merge_finish(merge, keep, seen);
	totals = merge_totals(merge);
	merge_free(merge);
	ring_file_close(&ring);
}

static void end(void)
{
	free(seen);
	ring_builder_remove(&builder);
}

static void expect_ordered(void)
{
	for (size_t i = 1; i < seen->count; i++)
		cr_assert_geq(seen->events[i].stamp, seen->events[i - 1].stamp, "event %zu", i);
}

static void write_free(struct ring_lane *lane, uint64_t stamp, uint64_t object)
{
	ring_lane_write(lane, stamp, RT_FREE, RT_STACK_NONE, 2, rt_word1(object, 0), 0);
}

Test(merge, orders_two_lanes)
{
	struct ring_lane a, b;

	start(4);
	ring_lane_start(&a, &builder, 1, 10);
	ring_lane_start(&b, &builder, 2, 10);
	for (uint64_t i = 0; i < 20; i++)
		write_free(i % 2 ? &a : &b, 100 + i, i + 1);
	read_to_end();
	cr_assert_eq(seen->count, 20);
	for (uint64_t i = 0; i < 20; i++) {
		cr_expect_eq(seen->events[i].object, i + 1);
		cr_expect_eq(seen->events[i].stamp, 100 + i);
	}
	cr_expect_eq(totals.events, 20);
	end();
}

Test(merge, equal_stamps_go_by_lane_number)
{
	struct ring_lane lanes[5];

	start(8);
	for (uint32_t i = 0; i < 5; i++) {
		ring_lane_start(&lanes[i], &builder, 5 - i, 10);
		write_free(&lanes[i], 50, i + 1);
	}
	read_to_end();
	for (uint32_t i = 0; i < 5; i++)
		cr_expect_eq(seen->events[i].lane, i + 1);
	end();
}

Test(merge, orders_many_lanes_over_many_chunks)
{
	struct ring_lane lanes[37];
	uint64_t stamp = 1000;

	start(400);
	srandom(7);
	for (uint32_t i = 0; i < 37; i++)
		ring_lane_start(&lanes[i], &builder, i + 1, stamp);
	for (uint64_t i = 0; i < 60000; i++)
		write_free(&lanes[random() % 37], stamp += (uint64_t)(random() % 3), i + 1);
	read_to_end();
	cr_expect_eq(seen->count, 60000);
	cr_expect_eq(totals.lost, 0);
	cr_expect_eq(totals.late, 0);
	expect_ordered();
	end();
}

Test(merge, goes_over_the_wrap_of_the_sequence)
{
	struct ring_lane lane;

	start(8); /* the first chunk is 0xfffffffe */
	ring_lane_start(&lane, &builder, 1, 10);
	for (uint64_t i = 0; i < 1500; i++)
		write_free(&lane, 100 + i, i + 1);
	cr_assert_eq(lane.seq, 4);
	read_to_end();
	cr_assert_eq(seen->count, 1500);
	for (uint64_t i = 0; i < 1500; i++)
		cr_assert_eq(seen->events[i].object, i + 1);
	cr_expect_eq(totals.lost, 0);
	end();
}

Test(merge, a_long_pause_is_bridged)
{
	struct ring_lane lane;

	start(2);
	ring_lane_start(&lane, &builder, 1, 10);
	write_free(&lane, 20, 1);
	write_free(&lane, UINT64_C(1) << 50, 2);
	write_free(&lane, (UINT64_C(1) << 50) + 5, 3);
	read_to_end();
	cr_expect_eq(seen->events[1].stamp, UINT64_C(1) << 50);
	cr_expect_eq(seen->events[2].stamp, (UINT64_C(1) << 50) + 5);
	end();
}

Test(merge, an_overwritten_chunk_is_a_loss_in_its_place)
{
	struct ring_lane lane;

	start(8);
	ring_lane_start(&lane, &builder, 1, 10);
	for (uint64_t i = 0; i < 900; i++)
		write_free(&lane, 100 + i, i + 1);
	uint64_t in_second = 251; /* (4096 - 64) / 16, less the room for a time record */
	ring_builder_overwrite(&builder, 1);
	read_to_end();
	cr_expect_eq(totals.lost, in_second);
	cr_expect_eq(totals.events, 900 - in_second);
	cr_expect_eq(seen->events[251].type, RT_LOSS);
	cr_expect_eq(seen->events[251].object, in_second);
	cr_expect_eq(seen->events[252].object, 251 + in_second + 1);
	end();
}

Test(merge, a_beginning_that_is_gone_is_a_loss)
{
	struct ring_lane lane;

	start(8);
	ring_lane_start(&lane, &builder, 1, 10);
	for (uint64_t i = 0; i < 600; i++)
		write_free(&lane, 100 + i, i + 1);
	ring_builder_overwrite(&builder, 0);
	ring_builder_overwrite(&builder, 1);
	read_to_end();
	cr_expect_eq(seen->events[0].type, RT_LOSS);
	cr_expect_eq(totals.lost + totals.events, 600);
	end();
}

Test(merge, a_lane_that_is_gone_is_a_loss_at_the_end)
{
	struct ring_lane a, b;

	start(4);
	ring_lane_start(&a, &builder, 1, 10);
	ring_lane_start(&b, &builder, 2, 10);
	for (uint64_t i = 0; i < 10; i++) {
		write_free(&a, 100 + i, 1);
		write_free(&b, 100 + i, 2);
	}
	ring_lane_seal(&b);
	ring_builder_overwrite(&builder, 1);
	builder.header->lost = 3;
	read_to_end();
	cr_expect_eq(totals.events, 10);
	cr_expect_eq(totals.lost, 13);
	cr_expect_eq(totals.never_written, 3);
	cr_expect_eq(seen->events[10].type, RT_LOSS);
	cr_expect_eq(seen->events[10].thread, 0);
	cr_expect_eq(seen->events[10].arg, UINT64_MAX, "when they were lost is not known");
	end();
}

/* The arg of the last RT_LOSS: the program says how late the missing events are at most, or a later gap does. */
static void expect_missing_until(uint64_t program, uint64_t gap, uint64_t until)
{
	struct ring_lane a, b;

	start(4);
	ring_lane_start(&a, &builder, 1, 10);
	ring_lane_start(&b, &builder, 2, 10);
	write_free(&a, 100, 1);
	write_free(&b, 100, 2);
	if (gap)
		ring_lane_write(&a, gap, RT_LOSS, RT_STACK_NONE, 2, rt_word1(5, RT_LOSS_FULL), 0);
	write_free(&a, 200, 1);
	ring_lane_seal(&b);
	ring_builder_overwrite(&builder, 1);
	builder.header->lost = gap ? 5 : 0;
	builder.header->missing_until = program;
	read_to_end();
	cr_expect_eq(seen->events[seen->count - 1].type, RT_LOSS);
	cr_expect_eq(seen->events[seen->count - 1].arg, until);
	end();
}

Test(merge, missing_until_as_the_program_says) { expect_missing_until(150, 0, 150); }
Test(merge, missing_until_a_gap) { expect_missing_until(150, 160, 160); }
Test(merge, missing_until_after_a_gap) { expect_missing_until(170, 160, 170); }

Test(merge, what_a_dead_reader_took_is_read_again)
{
	struct ring_lane lane;

	start(4);
	ring_lane_start(&lane, &builder, 1, 10);
	for (uint64_t i = 0; i < 300; i++)
		write_free(&lane, 100 + i, i + 1);
	struct rt_chunk *first = (struct rt_chunk *)(builder.map + builder.header->chunks_offset);
	first->state = (first->state & ~RT_CHUNK_STATE_MASK) | RT_CHUNK_DRAINED;
	builder.header->drained_events = first->events;
	read_to_end();
	cr_expect_eq(totals.events, 300);
	cr_expect_eq(totals.lost, 0);
	end();
}

Test(merge, what_the_program_lost_is_where_it_was_lost)
{
	struct ring_lane lane;

	start(2);
	ring_lane_start(&lane, &builder, 1, 10);
	write_free(&lane, 100, 1);
	ring_lane_write(&lane, 101, RT_LOSS, RT_STACK_NONE, 2, rt_word1(5, RT_LOSS_FULL), 0);
	write_free(&lane, 102, 2);
	builder.header->lost = 5;
	read_to_end();
	cr_expect_eq(seen->count, 3);
	cr_expect_eq(seen->events[1].type, RT_LOSS);
	cr_expect_eq(seen->events[1].aux, RT_LOSS_FULL);
	cr_expect_eq(totals.lost, 5);
	end();
}

Test(merge, threads_change_in_a_lane)
{
	struct ring_lane lane;

	start(4);
	ring_lane_start(&lane, &builder, 1, 10);
	ring_lane_thread(&lane, 100, 7);
	write_free(&lane, 101, 1);
	ring_lane_thread(&lane, 102, 9);
	write_free(&lane, 103, 2);
	ring_lane_seal(&lane);
	write_free(&lane, 104, 3);
	read_to_end();
	static const uint32_t threads[] = {7, 7, 9, 9, 9};
	cr_assert_eq(seen->count, 5);
	for (size_t i = 0; i < 5; i++)
		cr_expect_eq(seen->events[i].thread, threads[i]);
	end();
}

Test(merge, sizes_and_flags_are_decoded)
{
	struct ring_lane lane;

	start(2);
	ring_lane_start(&lane, &builder, 1, 10);
	ring_lane_write(&lane, 11, RT_MALLOC, 17, 2, rt_word1(0x7fff12345678, 100), 0);
	ring_lane_write(&lane, 12, RT_MEMALIGN, 17, 3, rt_word1(0x1000, RT_SIZE_BIG),
	                UINT64_C(1) << 40 | UINT64_C(12) << RT_ALIGN_SHIFT);
	ring_lane_write(&lane, 13, RT_ACQUIRE, 17, 2, rt_word1(0x2000, rt_sync_aux(RT_KIND_RWLOCK, RT_SYNC_SHARED, 0)),
	                0);
	ring_lane_write(&lane, 14, RT_FAILED, 17, 2, rt_word1(0x2000, rt_sync_aux(RT_KIND_MUTEX, RT_SYNC_TRY, 16)), 0);
	read_to_end();
	cr_expect_eq(seen->events[0].size, 100);
	cr_expect_eq(seen->events[0].object, 0x7fff12345678);
	cr_expect_eq(seen->events[0].stack, 17);
	cr_expect_eq(seen->events[1].size, UINT64_C(1) << 40);
	cr_expect_eq(seen->events[1].align_log2, 12);
	cr_expect_eq(seen->events[2].kind, RT_KIND_RWLOCK);
	cr_expect_eq(seen->events[2].flags, RT_SYNC_SHARED);
	cr_expect_eq(seen->events[3].result, 16);
	end();
}

Test(merge, unknown_records_are_skipped_by_their_size)
{
	struct ring_lane lane;

	start(2);
	ring_lane_start(&lane, &builder, 1, 10);
	write_free(&lane, 100, 1);
	ring_lane_write(&lane, 101, 200, RT_STACK_NONE, 7, 1, 2);
	write_free(&lane, 102, 2);
	ring_lane_write(&lane, 103, RT_INIT, RT_STACK_NONE, 2, 1, 2); /* one word short */
	write_free(&lane, 104, 3);
	read_to_end();
	cr_expect_eq(totals.events, 3);
	cr_expect_eq(totals.bad_records, 2);
	cr_expect_eq(seen->events[2].object, 3);
	cr_expect_eq(seen->events[2].stamp, 104);
	end();
}

Test(merge, a_broken_chunk_costs_its_rest_only)
{
	struct ring_lane lane;

	start(4);
	ring_lane_start(&lane, &builder, 1, 10);
	for (uint64_t i = 0; i < 400; i++)
		write_free(&lane, 100 + i, i + 1);
	uint64_t *words = (uint64_t *)(builder.map + builder.header->chunks_offset + sizeof(struct rt_chunk));
	words[2 * 100] = 0;
	read_to_end();
	cr_expect_eq(totals.bad_records, 1);
	cr_expect_eq(totals.events, 100 + 400 - 251);
	cr_expect_eq(totals.lost, 151);
	end();
}

Test(merge, stamps_never_go_back)
{
	struct ring_lane lane;

	start(4);
	ring_lane_start(&lane, &builder, 1, 1000);
	write_free(&lane, 5000, 1);
	ring_lane_seal(&lane);
	lane.last = 10; /* as if the file had been tampered with */
	write_free(&lane, 20, 2);
	read_to_end();
	cr_expect_eq(totals.late, 1);
	expect_ordered();
	end();
}

static void expect_counted(size_t count)
{
	cr_assert_eq(seen->count, count, "%zu events", seen->count);
	for (size_t i = 0; i < count; i++)
		cr_assert_eq(seen->events[i].object, i + 1);
	cr_expect_eq(totals.events, count);
	cr_expect_eq(totals.lost, 0);
}

Test(merge, chunks_that_were_moved_out_are_in_their_place)
{
	struct ring_lane lane;

	start(8);
	builder.moves = true;
	ring_lane_start(&lane, &builder, 1, 10);
	for (uint64_t i = 1; i <= 1000; i++)
		write_free(&lane, 100 + i, i);
	read_to_end();
	expect_counted(1000);
	end();
}

Test(merge, a_chunk_that_was_being_moved_out_is_read_once)
{
	struct ring_lane lane;

	start(8);
	builder.moves = true;
	ring_lane_start(&lane, &builder, 1, 10);
	for (uint64_t i = 1; i <= 300; i++)
		write_free(&lane, 100 + i, i);
	ring_lane_copy_out(&lane);
	read_to_end();
	expect_counted(300);
	end();
}

/* ---- live ---------------------------------------------------------------------------------- */

#define WRITERS    3
#define PER_WRITER 200000u

struct writer {
	struct ring_builder *builder;
	pthread_t thread;
	uint32_t number;
};

static void *hammer(void *context)
{
	struct writer *writer = context;
	struct ring_lane lane;

	ring_lane_start(&lane, writer->builder, writer->number, ring_clock_now(RT_CLOCK_TSC));
	for (uint64_t i = 1; i <= PER_WRITER; i++)
		ring_lane_write_now(&lane, RT_FREE, 2, rt_word1(i, 0), 0);
	return NULL;
}

struct checked {
	uint64_t next[WRITERS + 1]; /* object expected from each lane */
	uint64_t last, wrong;
};

static void check_event(struct checked *checked, const struct event *event)
{
	checked->wrong +=
	    event->stamp < checked->last || event->lane > WRITERS || event->object != ++checked->next[event->lane];
	checked->last = event->stamp;
}

static void check(void *context, const struct event *events, size_t count)
{
	for (size_t i = 0; i < count; i++)
		check_event(context, &events[i]);
}

/* follow: merge_poll, or merge_follow, of what it should be that all goes through. */
static void watch_live(struct merge *merge, uint64_t follow(struct merge *, merge_sink *, void *))
{
	struct writer writers[WRITERS];
	struct checked checked = {0};
	uint64_t delivered = 0;

	for (uint32_t i = 0; i < WRITERS; i++) {
		writers[i] = (struct writer){.builder = &builder, .number = i + 1};
		pthread_create(&writers[i].thread, NULL, hammer, &writers[i]);
	}
	while (delivered < WRITERS * PER_WRITER) {
		delivered += follow(merge, check, &checked);
		usleep(100);
	}
	for (uint32_t i = 0; i < WRITERS; i++)
		pthread_join(writers[i].thread, NULL);
	totals = merge_totals(merge);
	cr_expect_eq(totals.events, WRITERS * PER_WRITER);
	cr_expect_eq(totals.lost, 0);
	cr_expect_eq(totals.late, 0);
	cr_expect_eq(totals.bad_records, 0);
	cr_expect_eq(checked.wrong, 0);
}

Test(merge, a_live_ring_loses_nothing_and_keeps_the_order, .timeout = 60)
{
	struct ring_file ring;
	struct error err;

	ring_builder_make(&builder, 4096, 16, false); /* 16 chunks for 2400 of records: all are reused */
	builder.reuse = true;
	cr_assert(ring_file_open(&ring, builder.path, true, &err), "%s", err.text);
	struct merge *merge = merge_new(&ring);
	watch_live(merge, merge_poll);
	cr_expect_eq(builder.header->reader_pid, (uint32_t)getpid());
	cr_expect_gt(builder.header->drained_events, 0);
	merge_free(merge);
	ring_file_close(&ring);
	ring_builder_remove(&builder);
}

/* The reader drains nothing, so the writers move every chunk away while it reads. */
Test(merge, a_ring_that_is_looked_at_is_followed_where_its_chunks_go, .timeout = 60)
{
	struct ring_file ring;
	struct error err;

	ring_builder_make(&builder, 4096, 2500, false);
	builder.moves = true;
	cr_assert(ring_file_open(&ring, builder.path, false, &err), "%s", err.text);
	struct merge *merge = merge_new(&ring);
	watch_live(merge, merge_follow);
	merge_free(merge);
	ring_file_close(&ring);
	ring_builder_remove(&builder);
}

/* Makes a live ring with two lanes and nothing else, and its reader. */
static struct merge *start_two_lanes(struct ring_file *ring, struct ring_lane *a, struct ring_lane *b)
{
	struct error err;

	ring_builder_make(&builder, 4096, 4, false);
	seen = calloc(1, sizeof *seen);
	cr_assert(ring_file_open(ring, builder.path, true, &err));
	ring_lane_start(a, &builder, 1, ring_clock_now(RT_CLOCK_TSC));
	ring_lane_start(b, &builder, 2, ring_clock_now(RT_CLOCK_TSC));
	return merge_new(ring);
}

Test(merge, a_lane_that_was_in_the_middle_of_a_record_from_the_first_does_so_too)
{
	struct ring_file ring;
	struct ring_lane a, b;
	struct merge *merge = start_two_lanes(&ring, &a, &b);

	ring_lane_write_now(&a, RT_FREE, 2, rt_word1(1, 0), 0);
	a.chunk->tail |= RT_TAIL_ACTIVE;
	uint64_t stamp = ring_clock_now(RT_CLOCK_TSC);
	ring_lane_write_now(&b, RT_FREE, 2, rt_word1(2, 0), 0);
	for (int round = 0; round < 3; round++) {
		usleep(3000);
		merge_poll(merge, keep, seen);
		cr_expect_eq(seen->count, 0, "delivered before what may still come");
	}
	ring_lane_write(&a, stamp, RT_FREE, RT_STACK_NONE, 2, rt_word1(3, 0), 0);
	usleep(3000);
	merge_poll(merge, keep, seen);
	cr_expect_eq(seen->count, 3);
	cr_expect_eq(merge_totals(merge).late, 0);
	merge_free(merge);
	ring_file_close(&ring);
	end();
}

Test(merge, a_lane_in_the_middle_of_a_record_holds_later_ones_back)
{
	struct ring_file ring;
	struct ring_lane a, b;
	struct merge *merge = start_two_lanes(&ring, &a, &b);

	ring_lane_write_now(&a, RT_FREE, 2, rt_word1(1, 0), 0);
	usleep(3000);
	merge_poll(merge, keep, seen);
	cr_expect_eq(seen->count, 1);
	a.chunk->tail |= RT_TAIL_ACTIVE; /* a took its stamp here, and was interrupted */
	uint64_t stamp = ring_clock_now(RT_CLOCK_TSC);
	ring_lane_write_now(&b, RT_FREE, 2, rt_word1(2, 0), 0);
	usleep(3000);
	merge_poll(merge, keep, seen);
	cr_expect_eq(seen->count, 1, "delivered before what may still come");
	ring_lane_write(&a, stamp, RT_FREE, RT_STACK_NONE, 2, rt_word1(3, 0), 0);
	usleep(3000);
	merge_poll(merge, keep, seen);
	cr_assert_eq(seen->count, 3);
	cr_expect_eq(seen->events[1].object, 3);
	cr_expect_eq(seen->events[2].object, 2);
	merge_free(merge);
	ring_file_close(&ring);
	end();
}

Test(merge, a_chunk_overwritten_while_it_waits_is_a_loss)
{
	struct ring_file ring;
	struct error err;
	struct ring_lane a;

	ring_builder_make(&builder, 4096, 8, false);
	seen = calloc(1, sizeof *seen);
	cr_assert(ring_file_open(&ring, builder.path, true, &err));
	struct merge *merge = merge_new(&ring);
	ring_lane_start(&a, &builder, 1, ring_clock_now(RT_CLOCK_TSC));
	for (uint64_t i = 1; i <= 600; i++)
		ring_lane_write_now(&a, RT_FREE, 2, rt_word1(i, 0), 0);
	merge_poll(merge, keep, seen); /* published, but within the margin: some or none are delivered */
	ring_builder_overwrite(&builder, 1);
	usleep(3000);
	merge_poll(merge, keep, seen);
	merge_finish(merge, keep, seen);
	totals = merge_totals(merge);
	cr_expect_eq(totals.events + totals.lost, 600, "%llu + %llu", (unsigned long long)totals.events,
	             (unsigned long long)totals.lost);
	expect_ordered();
	merge_free(merge);
	ring_file_close(&ring);
	end();
}

/* A snapshot of a living process, running or not, has every event published before it was requested. */
static void expect_all_at_once(bool live, void (*read)(struct merge *merge))
{
	struct ring_file ring;
	struct error err;
	struct ring_lane a, b;

	ring_builder_make(&builder, 4096, 8, false);
	seen = calloc(1, sizeof *seen);
	cr_assert(ring_file_open(&ring, builder.path, live, &err));
	struct merge *merge = merge_new(&ring);
	ring_lane_start(&a, &builder, 1, ring_clock_now(RT_CLOCK_TSC));
	ring_lane_start(&b, &builder, 2, ring_clock_now(RT_CLOCK_TSC));
	if (live)
		merge_poll(merge, keep, seen);
	for (uint64_t i = 1; i <= 300; i++)
		ring_lane_write_now(i % 2 ? &a : &b, RT_FREE, 2, rt_word1(i, 0), 0);
	read(merge);
	cr_assert_eq(seen->count, 300, "%zu", seen->count);
	cr_expect_eq(seen->events[299].object, 300);
	expect_ordered();
	merge_free(merge);
	ring_file_close(&ring);
	end();
}

static void finish(struct merge *merge) { merge_finish(merge, keep, seen); }

static void read_to_now(struct merge *merge) { cr_expect_eq(merge_to_now(merge, keep, seen), 300); }

static void read_rest(struct merge *merge) { cr_expect_eq(merge_rest(merge, keep, seen), 300); }

Test(merge, a_snapshot_holds_all_that_was_published_before_it) { expect_all_at_once(false, finish); }
Test(merge, the_last_snapshot_of_a_live_reader_too) { expect_all_at_once(true, finish); }
Test(merge, what_is_read_to_now_holds_all_that_was_published_before) { expect_all_at_once(false, read_to_now); }
Test(merge, a_live_reader_reads_to_now_too) { expect_all_at_once(true, read_to_now); }
Test(merge, the_rest_of_a_stopped_process_is_all_of_it) { expect_all_at_once(false, read_rest); }
Test(merge, a_live_reader_reads_the_rest_too) { expect_all_at_once(true, read_rest); }
