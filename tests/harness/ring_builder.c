#include "tests/harness/ring_builder.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "shim/atomics.h"
#include "tools/base/proc.h"
#include "tools/base/clock.h"

#define MODULES 4u
#define PCS     128u
#define NODES   8192u

static void fail(const char *what)
{
	perror(what);
	abort();
}

static uint64_t aligned(uint64_t bytes) { return (bytes + 4095) & ~UINT64_C(4095); }

static void place_tables(struct rt_header *header, uint32_t chunk_bytes, uint32_t chunk_count)
{
	uint64_t at = RT_HEADER_BYTES;

	header->modules = (struct rt_table){at, MODULES};
	at += aligned(MODULES * sizeof(struct rt_module));
	header->pcs = (struct rt_table){at, PCS};
	at += aligned(PCS * sizeof(struct rt_pc));
	header->nodes = (struct rt_table){at, NODES};
	at += aligned(NODES * sizeof(uint64_t));
	header->chunks_offset = at;
	header->chunk_bytes = chunk_bytes;
	header->chunk_count = header->chunk_live_count = chunk_count;
	header->file_bytes = at + (uint64_t)chunk_bytes * chunk_count;
}

static void name_process(struct rt_header *header, bool dead)
{
	struct process_stat stat = {0};
	FILE *boot = fopen("/proc/sys/kernel/random/boot_id", "r");

	if (boot) {
		if (!fgets((char *)header->boot_id, sizeof header->boot_id, boot))
			header->boot_id[0] = 0;
		fclose(boot);
	}
	process_stat(getpid(), 0, &stat);
	header->pid = dead ? 0x7ffffff0 : (uint32_t)getpid();
	header->process_start = dead ? 1 : stat.start;
	strcpy(header->exe, "/bin/synthetic");
	memcpy(header->command, "synthetic\0-x", 13);
	header->command_bytes = 13;
}

static void fill_header(struct rt_header *header, uint32_t chunk_bytes, uint32_t chunk_count, bool dead)
{
	memcpy(header->magic, RT_MAGIC, sizeof header->magic);
	header->version = RT_FORMAT_VERSION;
	header->header_bytes = RT_HEADER_BYTES;
	header->arch = RT_ARCH_X86_64;
	header->page_bytes = 4096;
	header->clock = dead ? RT_CLOCK_MONOTONIC_RAW : RT_CLOCK_TSC;
	header->clock_start.ticks = dead ? 0 : ring_clock_now(RT_CLOCK_TSC);
	header->clock_start.mono_ns = dead ? 0 : ring_clock_ns(CLOCK_MONOTONIC_RAW);
	header->clock_latest = header->clock_start;
	header->realtime_ns = ring_clock_ns(CLOCK_REALTIME);
	header->depth = 128;
	place_tables(header, chunk_bytes, chunk_count);
	name_process(header, dead);
	header->ready = 1;
}

void ring_builder_make(struct ring_builder *builder, uint32_t chunk_bytes, uint32_t chunk_count, bool dead)
{
	struct rt_header header = {0};

	memset(builder, 0, sizeof *builder);
	fill_header(&header, chunk_bytes, chunk_count, dead);
	strcpy(builder->path, "/tmp/ringtail-test-XXXXXX" RT_RING_SUFFIX);
	builder->fd = mkstemps(builder->path, (int)strlen(RT_RING_SUFFIX));
	builder->bytes = header.file_bytes;
	if (builder->fd < 0 || ftruncate(builder->fd, (off_t)builder->bytes))
		fail(builder->path);
	builder->map = mmap(NULL, builder->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, builder->fd, 0);
	if (builder->map == MAP_FAILED)
		fail("mmap");
	builder->header = (struct rt_header *)builder->map;
	*builder->header = header;
}

void ring_builder_remove(struct ring_builder *builder)
{
	munmap(builder->map, builder->bytes);
	close(builder->fd);
	unlink(builder->path);
}

static struct rt_chunk *chunk_at(struct ring_builder *builder, uint64_t index)
{
	return (struct rt_chunk *)(builder->map + builder->header->chunks_offset +
	                           index * builder->header->chunk_bytes);
}

static struct rt_chunk *claim_drained(struct ring_builder *builder)
{
	for (;;) {
		for (uint32_t i = 0; i < builder->header->chunk_count; i++) {
			struct rt_chunk *chunk = chunk_at(builder, i);
			uint32_t state = load_acquire(&chunk->state);
			uint32_t next = ((state >> RT_CHUNK_GEN_SHIFT) + 1) << RT_CHUNK_GEN_SHIFT;
			if ((state & RT_CHUNK_STATE_MASK) == RT_CHUNK_DRAINED &&
			    cas_acq_rel(&chunk->state, state, next | RT_CHUNK_CLAIMED))
				return chunk;
		}
		usleep(50);
	}
}

static struct rt_chunk *claim(struct ring_builder *builder)
{
	if (load_relaxed(&builder->header->chunks_used) < builder->header->chunk_count) {
		uint64_t index = fetch_add_acq_rel(&builder->header->chunks_used, 1);
		if (index < builder->header->chunk_count) {
			struct rt_chunk *chunk = chunk_at(builder, index);
			store_release(&chunk->state, 1u << RT_CHUNK_GEN_SHIFT | RT_CHUNK_CLAIMED);
			return chunk;
		}
	}
	if (!builder->reuse)
		fail("the ring of this test is too small");
	return claim_drained(builder);
}

static void set_state(struct rt_chunk *chunk, unsigned state)
{
	store_release(&chunk->state, (chunk->state & ~RT_CHUNK_STATE_MASK) | state);
}

static void open_chunk(struct ring_lane *lane, struct rt_chunk *chunk)
{
	chunk->lane = lane->number;
	chunk->seq = lane->seq++;
	chunk->thread = lane->thread;
	chunk->tid = (uint32_t)gettid();
	chunk->depth = 0;
	chunk->base_stamp = lane->last;
	chunk->first_event = lane->events;
	chunk->events = 0;
	chunk->tail = sizeof *chunk;
	lane->chunk = chunk;
	lane->at = (uint64_t *)(chunk + 1);
	lane->end = (uint64_t *)((unsigned char *)chunk + lane->builder->header->chunk_bytes);
	set_state(chunk, RT_CHUNK_OPEN);
}

void ring_lane_start(struct ring_lane *lane, struct ring_builder *builder, uint32_t number, uint64_t stamp)
{
	*lane = (struct ring_lane){.builder = builder, .number = number, .seq = RT_SEQ_FIRST, .last = stamp};
}

void ring_lane_seal(struct ring_lane *lane)
{
	if (!lane->chunk)
		return;
	lane->chunk->events = lane->events - lane->chunk->first_event;
	set_state(lane->chunk, RT_CHUNK_FULL);
	lane->chunk = NULL;
}

void ring_lane_copy_out(struct ring_lane *lane)
{
	struct rt_chunk *from = lane->chunk, *to = claim(lane->builder);
	const size_t head = sizeof from->state;

	from->events = lane->events - from->first_event;
	memcpy((char *)to + head, (char *)from + head, lane->builder->header->chunk_bytes - head);
	store_release(&to->state, (from->state & ~RT_CHUNK_STATE_MASK) | RT_CHUNK_FULL);
}

static void move_out(struct ring_lane *lane)
{
	struct rt_chunk *chunk = lane->chunk;

	ring_lane_copy_out(lane);
	store_release(&chunk->state,
	              ((chunk->state >> RT_CHUNK_GEN_SHIFT) + 1) << RT_CHUNK_GEN_SHIFT | RT_CHUNK_CLAIMED);
	open_chunk(lane, chunk);
}

static void make_room(struct ring_lane *lane, unsigned words)
{
	bool full = lane->chunk && lane->at + words + 2 > lane->end;

	if (full && lane->builder->moves)
		move_out(lane);
	else if (full)
		ring_lane_seal(lane);
	if (!lane->chunk)
		open_chunk(lane, claim(lane->builder));
}

static void put(struct ring_lane *lane, uint64_t stamp, unsigned type, uint32_t stack, unsigned words, uint64_t word1,
                uint64_t word2)
{
	uint64_t dt = stamp - lane->last, *word = lane->at;

	if (dt > RT_DT_MAX) {
		word[0] = rt_word0(RT_TIME, 2, 0, 0);
		word[1] = stamp;
		word += 2;
		dt = 0;
	}
	word[0] = rt_word0(type, words, dt, stack);
	if (words > 1)
		word[1] = word1;
	if (words > 2)
		word[2] = word2;
	for (unsigned i = 3; i < words; i++)
		word[i] = 0;
	lane->at = word + words;
	lane->last = stamp;
	lane->events += type == RT_LOSS ? word1 & RT_OBJECT_MASK : 1;
	store_release(&lane->chunk->tail, (uint64_t)((unsigned char *)lane->at - (unsigned char *)lane->chunk));
}

void ring_lane_write(struct ring_lane *lane, uint64_t stamp, unsigned type, uint32_t stack, unsigned words,
                     uint64_t word1, uint64_t word2)
{
	make_room(lane, words);
	put(lane, stamp, type, stack, words, word1, word2);
}

void ring_lane_write_now(struct ring_lane *lane, unsigned type, unsigned words, uint64_t word1, uint64_t word2)
{
	make_room(lane, words);
	store_relaxed(&lane->chunk->tail, lane->chunk->tail | RT_TAIL_ACTIVE);
	signal_fence();
	put(lane, ring_clock_now(RT_CLOCK_TSC), type, RT_STACK_NONE, words, word1, word2);
}

void ring_lane_thread(struct ring_lane *lane, uint64_t stamp, uint32_t thread)
{
	lane->thread = thread;
	ring_lane_write(lane, stamp, RT_THREAD_BEGIN, RT_STACK_NONE, 3, 0x1000u + thread,
	                thread | (uint64_t)(1000 + thread) << 32);
}

void ring_builder_overwrite(struct ring_builder *builder, uint32_t chunk)
{
	struct rt_chunk *victim = chunk_at(builder, chunk);
	uint32_t generation = (victim->state >> RT_CHUNK_GEN_SHIFT) + 1;

	builder->header->overwritten += victim->events;
	store_release(&victim->state, generation << RT_CHUNK_GEN_SHIFT | RT_CHUNK_CLAIMED);
}

uint32_t ring_builder_stack(struct ring_builder *builder, unsigned depth)
{
	struct rt_pc *pcs = (struct rt_pc *)(builder->map + builder->header->pcs.offset);
	uint64_t *nodes = (uint64_t *)(builder->map + builder->header->nodes.offset);
	uint32_t id = RT_ROOT_COMPLETE;

	for (unsigned i = 0; i < depth; i++) {
		pcs[i] = (struct rt_pc){.key = RT_PC_USED | (0x400000u + i * 16)};
		nodes[i] = (uint64_t)id << 32 | (i + 1);
		id = RT_NODE_FIRST + i;
	}
	return id;
}
