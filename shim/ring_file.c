#include "shim/ring_file.h"

#include <errno.h>
#include <fcntl.h>

#include "shim/atomics.h"
#include "shim/message.h"
#include "shim/proc.h"
#include "shim/process.h"
#include "shim/ring_copy.h"
#include "shim/ring_header.h"
#include "shim/ring_layout.h"
#include "shim/ring_map.h"
#include "shim/run_directory.h"
#include "shim/stack_table.h"
#include "shim/sys.h"
#include "shim/text.h"

/* RUN/PID.IMAGE, and the suffix. */
static void name_ring(char *to, size_t room, uint32_t pid, uint32_t image)
{
	char *end = to + room;
	char *at = text_append(text_append(to, end, options.run), end, "/");
	at = text_append(text_append_number(at, end, pid), end, ".");
	text_append(text_append_number(at, end, image), end, RT_RING_SUFFIX);
}

void ring_file_path(char *to, size_t room) { name_ring(to, room, process->header->pid, process->header->image); }

static int create_file(char *path, size_t room, uint32_t *image)
{
	for (*image = 0; *image < 100000; ++*image) {
		name_ring(path, room, (uint32_t)sys_getpid(), *image);
		long fd = sys_open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (fd != -EEXIST)
			return (int)fd;
	}
	return -EEXIST;
}

static uint64_t page_up(uint64_t n) { return (n + 4095) & ~UINT64_C(4095); }

/* Maps the largest ring that the process's limits allow.  NULL: not even RING_CHUNKS_LEAST chunks fit. */
static unsigned char *map_ring(int fd, struct ring_layout *layout)
{
	for (*layout = ring_layout_within(ring_layout_bytes_allowed()); layout->chunk_count >= RING_CHUNKS_LEAST;
	     *layout = ring_layout_within(layout->bytes / 2)) {
		ring_layout_spare_disk(layout, fd);
		if (sys_ftruncate(fd, layout->bytes) < 0)
			continue;
		unsigned char *base = ring_map(
		    fd,
		    (const struct ring_part[RING_PARTS]){
		        {0, RING_CHUNK_BYTES, layout->pcs},
		        {layout->pcs, page_up(stack_table_pcs(1) * sizeof(struct rt_pc)), layout->nodes - layout->pcs},
		        {layout->nodes, page_up(stack_table_nodes(1) * sizeof(uint64_t)),
		         layout->chunks - layout->nodes},
		        {layout->chunks, RING_CHUNK_BYTES, layout->bytes - layout->chunks}});
		if (base)
			return base;
	}
	return NULL;
}

static void use_mapping(unsigned char *base, const struct ring_layout *layout)
{
	process->pid = sys_getpid();
	process->base = base;
	process->header = (struct rt_header *)base;
	process->modules = (struct rt_module *)(base + layout->modules);
	process->pcs = (struct rt_pc *)(base + layout->pcs);
	process->nodes = (uint64_t *)(base + layout->nodes);
	process->pc_levels = layout->pc_levels;
	process->node_levels = layout->node_levels;
	process->chunks_there = layout->chunk_count;
	process->hand = UINT32_MAX - 2; /* just below the overflow, so that every long run wraps */
}

bool ring_file_create(void)
{
	char exe[RT_PATH_MAX], path[RING_PATH_BYTES];
	struct ring_layout layout;
	uint32_t image;

	proc_executable(exe, sizeof exe);
	if (!run_directory_open(exe))
		return false;
	int fd = create_file(path, sizeof path, &image);
	if (fd < 0) {
		message_once("this program is not watched: cannot create a file in", options.run);
		return false;
	}
	unsigned char *base = map_ring(fd, &layout);
	ring_copy_start(fd);
	sys_close(fd);
	if (!base || !sys_populate(base, RT_HEADER_BYTES)) {
		sys_unlink(path);
		message_once(
		    "this program is not watched: no room (memory or file size limit, or full disk) for a ring in",
		    options.run);
		return false;
	}
	use_mapping(base, &layout);
	ring_header_write(process->header, &layout, image, exe);
	if (options.live && options.locked && !run_directory_has_reader())
		store_release(&process->header->reader_left, 1u);
	return true;
}
