#include "shim/ring_header.h"

#include <stdbool.h>
#include <string.h>

#include "shim/allocator.h"
#include "shim/atomics.h"
#include "shim/clock.h"
#include "shim/environment.h"
#include "shim/front.h"
#include "shim/known_allocator.h"
#include "shim/options.h"
#include "shim/proc.h"
#include "shim/stack_table.h"
#include "shim/sys.h"
#include "shim/text.h"

static struct {
	char text[RT_COMMAND_MAX];
	uint32_t bytes, truncated;
} command;

void ring_header_keep_command(void)
{
	long count;
	char **arguments = environment_initial_arguments(&count);
	for (long i = 0; i < count; i++) {
		size_t length = strlen(arguments[i]) + 1;
		if (length > sizeof command.text - command.bytes) {
			command.truncated = 1;
			return;
		}
		memcpy(command.text + command.bytes, arguments[i], length);
		command.bytes += (uint32_t)length;
	}
}

static void write_command(struct rt_header *header)
{
	memcpy(header->command, command.text, command.bytes);
	header->command_bytes = command.bytes;
	header->command_truncated = command.truncated;
}

static uint32_t least(uint64_t a, uint32_t b) { return a < b ? (uint32_t)a : b; }

static void write_layout(struct rt_header *header, const struct ring_layout *layout)
{
	header->file_bytes = layout->bytes;
	header->modules = (struct rt_table){layout->modules, layout->module_count};
	header->pcs = (struct rt_table){layout->pcs, stack_table_pcs(layout->pc_levels)};
	header->nodes = (struct rt_table){layout->nodes, stack_table_nodes(layout->node_levels)};
	header->chunks_offset = layout->chunks;
	header->chunk_bytes = RING_CHUNK_BYTES;
	header->chunk_count = layout->chunk_count;
	header->chunk_live_count = least(options.live_max / RING_CHUNK_BYTES, layout->chunk_count);
	header->chunk_keep_count = least(options.keep / RING_CHUNK_BYTES, header->chunk_live_count);
	if (header->chunk_live_count < RING_CHUNKS_LEAST)
		header->chunk_live_count = RING_CHUNKS_LEAST;
}

static void write_options(struct rt_header *header)
{
	header->depth = (uint32_t)options.depth;
	header->stacks = options.stacks;
	header->on_full = options.on_full;
	header->live = options.live;
	header->watch = (options.heap || front_watched || allocator_unseen ? RT_WATCH_HEAP : 0) |
	                (options.locks ? RT_WATCH_LOCKS : 0) | (options.mmap ? RT_WATCH_MMAP : 0);
	header->heap_unseen = allocator_unseen;
	header->heap_in_front = front_watched;
	header->races_share = options.races & ~RACES_FLOOR;
	header->races_floor_ms = options.races & RACES_FLOOR ? RACES_FLOOR_MS : 0;
	header->races_seed = (uint32_t)options.races_seed;
	header->scan_wait = options.scan ? least(options.scan_wait, UINT32_MAX) : 0;
}

static void write_allocator(struct rt_header *header)
{
	for (unsigned i = 0; i < RT_ALLOCATOR_PARTS; i++) {
		header->allocator[i].start = known_allocator[i].start;
		header->allocator[i].end = known_allocator[i].start + known_allocator[i].bytes;
	}
}

/* True in a forked child, as its parent left it: this is ordinary memory, which fork copies. */
static bool begun_before;

void ring_header_write(struct rt_header *header, const struct ring_layout *layout, uint32_t image, const char *exe)
{
	memcpy(header->magic, RT_MAGIC, sizeof header->magic);
	header->version = RT_FORMAT_VERSION;
	header->header_bytes = RT_HEADER_BYTES;
	header->arch = RT_ARCH_OWN;
	header->page_bytes = 4096;
	header->pid = (uint32_t)sys_getpid();
	header->parent = (uint32_t)sys_getppid();
	header->image = image;
	header->forked = begun_before;
	begun_before = true;
	header->process_start = proc_start_time();
	header->pid_space = proc_pid_namespace("/proc/thread-self/ns/pid");
	header->clock = rt_clock_is_counter ? RT_CLOCK_TSC : RT_CLOCK_MONOTONIC_RAW;
	header->realtime_ns = clock_ns(CLOCK_REALTIME);
	header->clock_start = header->clock_latest = clock_pair();
	size_t id = proc_read("/proc/sys/kernel/random/boot_id", (char *)header->boot_id, sizeof header->boot_id);
	if (id && header->boot_id[id - 1] == '\n')
		header->boot_id[id - 1] = '\0';
	write_layout(header, layout);
	write_options(header);
	write_allocator(header);
	text_append(header->exe, header->exe + sizeof header->exe, exe);
	write_command(header);
	store_release(&header->ready, 1);
}
