#include "shim/ring_map.h"

#include "shim/process.h"
#include "shim/stack_table.h"
#include "shim/sys.h"

#define CHUNKS_KEPT 16u /* more than threads can claim while the ring shrinks */

/* Whole at first: [0] alone.  Two with a hole between them, which is the program's, when some was given back. */
static struct part {
	unsigned char *at;
	uint64_t bytes;
} parts[2];

static void unmap_all(void)
{
	for (unsigned i = 0; i < 2; i++) {
		if (parts[i].bytes)
			sys_munmap(parts[i].at, parts[i].bytes);
		parts[i] = (struct part){NULL, 0};
	}
}

/* At the place of the parent's ring after a fork, so that nothing of that stays reachable. */
unsigned char *ring_map(int fd, uint64_t bytes)
{
	if (parts[0].bytes != bytes || parts[1].bytes)
		unmap_all();
	void *base = sys_mmap(parts[0].at, bytes, PROT_READ | PROT_WRITE,
	                      MAP_SHARED | MAP_NORESERVE | (parts[0].at ? MAP_FIXED : 0), fd);
	if (!base)
		return NULL;
	parts[0] = (struct part){base, bytes};
	sys_madvise(base, bytes, MADV_DONTDUMP);
	sys_madvise(base, bytes, MADV_RANDOM); /* no read-ahead: on some file systems its start costs milliseconds */
	return base;
}

struct rt_header *ring_map_header(void) { return (struct rt_header *)parts[0].at; }

/* The program is left nearly all. */
uint64_t ring_map_share(uint64_t address_space) { return address_space == UINT64_MAX ? UINT64_MAX : address_space / 32; }

static unsigned levels_in_use(void)
{
	uint32_t ready = load_relaxed(&process->node_levels_ready);
	unsigned levels = LEVELS_LEAST;
	while (ready >> levels)
		levels++;
	return levels;
}

/* Levels of the stack tree that nobody has needed yet.  A thread that comes to need one now finds no pages there, as on
 * a full disk.  Returns where the hole begins. */
static unsigned char *drop_levels(void)
{
	unsigned levels = levels_in_use();
	if (levels < process->node_levels)
		store_relaxed(&process->node_levels, levels);
	uintptr_t end = (uintptr_t)process->nodes + stack_table_nodes(process->node_levels) * sizeof(uint64_t);
	return (unsigned char *)((end + 4095) & ~UINT64_C(4095));
}

/* Returns where the last chunk that is kept ends. */
static unsigned char *drop_chunks(uint64_t bytes)
{
	struct rt_header *header = process->header;
	uint64_t used = load_relaxed(&header->chunks_used);
	uint64_t count = used + CHUNKS_KEPT + bytes / header->chunk_bytes;
	if (count < header->chunk_count) {
		store_relaxed(&header->chunk_count, (uint32_t)count);
		if (header->chunk_live_count > count)
			header->chunk_live_count = (uint32_t)count;
	}
	return process->base + header->chunks_offset + (uint64_t)header->chunk_count * header->chunk_bytes;
}

static void shrink(uint64_t allowed)
{
	unsigned char *hole = drop_levels(), *chunks = process->base + process->header->chunks_offset;
	unsigned char *old_end = parts[1].bytes ? parts[1].at + parts[1].bytes : parts[0].at + parts[0].bytes;
	unsigned char *end = drop_chunks(allowed);

	if (hole < chunks && !parts[1].bytes) {
		sys_munmap(hole, (size_t)(chunks - hole));
		parts[0].bytes = (uint64_t)(hole - parts[0].at);
		parts[1].at = chunks;
	}
	if (end < old_end)
		sys_munmap(end, (size_t)(old_end - end));
	struct part *last = parts[1].at ? &parts[1] : &parts[0];
	last->bytes = (uint64_t)(end - last->at);
}

void ring_map_give_back(uint64_t address_space)
{
	if (!process || address_space == UINT64_MAX)
		return;
	if (load_acquire(&process->state) == PROCESS_NEW)
		unmap_all(); /* a forked child that has no ring of its own yet: the parent's is of no use */
	else if (process_is_ours())
		shrink(ring_map_share(address_space));
}
