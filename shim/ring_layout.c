#include "shim/ring_layout.h"

#include <sys/resource.h>
#include <sys/vfs.h>

#include "shim/format.h"
#include "shim/modules.h"
#include "shim/options.h"
#include "shim/stack_table.h"
#include "shim/sys.h"

#define DISK_SHARE 4u /* the ring takes at most this part of the free space */

static uint64_t round_up(uint64_t n, uint64_t to) { return (n + to - 1) & ~(to - 1); }

/* Each part is mapped by itself, so it begins at a multiple of the largest page size of any machine. */
static struct ring_layout lay_out_tables(uint32_t modules, unsigned pc_levels, unsigned node_levels)
{
	struct ring_layout l = {.module_count = modules, .pc_levels = pc_levels, .node_levels = node_levels};
	l.modules = RT_HEADER_BYTES;
	l.pcs = round_up(l.modules + modules * sizeof(struct rt_module), RING_CHUNK_BYTES);
	l.nodes = round_up(l.pcs + stack_table_pcs(pc_levels) * sizeof(struct rt_pc), RING_CHUNK_BYTES);
	l.chunks = round_up(l.nodes + stack_table_nodes(node_levels) * sizeof(uint64_t), RING_CHUNK_BYTES);
	return l;
}

static uint64_t limit_of(int resource)
{
	struct rlimit limit;
	return sys_getrlimit(resource, &limit) || limit.rlim_cur == RLIM_INFINITY ? UINT64_MAX : limit.rlim_cur;
}

uint64_t ring_layout_bytes_allowed(void)
{
	uint64_t memory = limit_of(RLIMIT_AS), file = limit_of(RLIMIT_FSIZE);
	uint64_t share = memory == UINT64_MAX ? memory : memory / 4;
	return share < file ? share : file;
}

/* Half for the tables at most, the rest for chunks. */
struct ring_layout ring_layout_within(uint64_t allowed)
{
	struct ring_layout l = lay_out_tables(MODULES_MOST, PC_LEVELS, NODE_LEVELS);
	for (unsigned less = 1; l.chunks > allowed / 2 && NODE_LEVELS - less >= LEVELS_LEAST; less++) {
		unsigned pc_levels = PC_LEVELS - less > LEVELS_LEAST ? PC_LEVELS - less : LEVELS_LEAST;
		l = lay_out_tables(MODULES_LEAST, pc_levels, NODE_LEVELS - less);
	}
	uint64_t room = allowed > l.chunks ? (allowed - l.chunks) / RING_CHUNK_BYTES : 0;
	uint64_t wanted = options.max / RING_CHUNK_BYTES;
	if (wanted > UINT32_MAX / 2)
		wanted = UINT32_MAX / 2;
	l.chunk_count = (uint32_t)(wanted < room ? wanted : room);
	l.bytes = l.chunks + (uint64_t)l.chunk_count * RING_CHUNK_BYTES;
	return l;
}

void ring_layout_spare_disk(struct ring_layout *layout, int fd)
{
	struct statfs disk;

	if (sys_call3(SYS_fstatfs, fd, &disk, 0) < 0 || !disk.f_blocks) /* some file systems do not tell their size */
		return;
	uint64_t most = disk.f_bavail * (uint64_t)disk.f_bsize / DISK_SHARE / RING_CHUNK_BYTES;
	if (most < RING_CHUNKS_LEAST)
		most = RING_CHUNKS_LEAST;
	if (layout->chunk_count > most)
		layout->chunk_count = (uint32_t)most;
	layout->bytes = layout->chunks + (uint64_t)layout->chunk_count * RING_CHUNK_BYTES;
}
