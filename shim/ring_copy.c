#include "shim/ring_copy.h"

#include <linux/magic.h>
#include <sys/vfs.h>

#include "shim/options.h"
#include "shim/process.h"
#include "shim/ring.h"
#include "shim/ring_file.h"
#include "shim/ring_map.h"
#include "shim/sys.h"

#define STATE_BYTES sizeof(((struct rt_chunk *)0)->state)

#ifndef XFS_SUPER_MAGIC
#define XFS_SUPER_MAGIC 0x58465342
#endif

/* True for file systems on which pwrite and mappings share one page cache, and closing a file costs nothing. */
static bool is_local(int fd)
{
	static const uint32_t local[] = {EXT4_SUPER_MAGIC, XFS_SUPER_MAGIC, BTRFS_SUPER_MAGIC,
	                                 F2FS_SUPER_MAGIC, TMPFS_MAGIC,     OVERLAYFS_SUPER_MAGIC};
	struct statfs status;

	if (sys_call3(SYS_fstatfs, fd, &status, 0) < 0)
		return false;
	for (unsigned i = 0; i < sizeof local / sizeof *local; i++)
		if ((uint32_t)status.f_type == local[i])
			return true;
	return false;
}

void ring_copy_start(int fd) { process->no_file_writes = !is_local(fd) || !sys_identify(fd, &process->ring); }

/* ---- by the file --------------------------------------------------------------------- */

/* Opens the ring file; -1: the file of that name is gone, is another file, or may not be opened. */
static int open_ring(void)
{
	char path[RING_PATH_BYTES];

	ring_file_path(path, sizeof path);
	int fd = (int)sys_open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0);
	if (fd < 0)
		return -1;
	if (sys_is_file(fd, &process->ring))
		return fd;
	sys_close(fd);
	return -1;
}

static bool below_file_limit(uint64_t end)
{
	struct rlimit limit;
	return sys_getrlimit(RLIMIT_FSIZE, &limit) == 0 && (limit.rlim_cur == RLIM_INFINITY || end <= limit.rlim_cur);
}

/* Writes the chunk in one call, so that the file system knows the size.  The copy has no state yet. */
static bool write_chunk(int fd, const struct rt_chunk *chunk, uint64_t offset, size_t bytes, uint32_t state)
{
	uint32_t unused = 0;
	struct iovec parts[] = {{&unused, STATE_BYTES}, {(char *)chunk + STATE_BYTES, bytes - STATE_BYTES}};

	return sys_pwritev(fd, parts, 2, offset) == (long)bytes &&
	       sys_pwrite(fd, &state, STATE_BYTES, offset) == (long)STATE_BYTES;
}

/* Signals are held back: a handler might close descriptors, or leave with the file open. */
static bool copy_by_file(const struct rt_chunk *chunk, const struct rt_chunk *to, uint32_t state)
{
	size_t bytes = process->header->chunk_bytes;
	uint64_t offset = (uint64_t)((const unsigned char *)to - process->base), before;

	if (!below_file_limit(offset + bytes)) /* SIGXFSZ */
		return false;
	sys_hold_signals(&before);
	int fd = open_ring();
	bool done = fd >= 0 && write_chunk(fd, chunk, offset, bytes, state);
	if (fd >= 0)
		sys_close(fd);
	sys_let_signals(&before);
	return done;
}

/* ---- by the mapping -------------------------------------------------------------------- */

static bool copy_by_mapping(int tid, const struct rt_chunk *chunk, struct rt_chunk *to, uint32_t state)
{
	size_t bytes = process->header->chunk_bytes;
	struct iovec from[] = {{(char *)chunk + STATE_BYTES, bytes - STATE_BYTES}, {&state, STATE_BYTES}};
	struct iovec there[] = {{(char *)to + STATE_BYTES, bytes - STATE_BYTES}, {&to->state, STATE_BYTES}};

	return ring_map_reach(to, bytes) && sys_copy(tid, from, there, 2) == (long)bytes;
}

bool ring_copy_chunk(int tid, const struct rt_chunk *chunk, struct rt_chunk *to)
{
	uint32_t state = (load_relaxed(&chunk->state) & ~RT_CHUNK_STATE_MASK) | RT_CHUNK_FULL;

	if (!ring_threaded && !process->no_file_writes) {
		if (copy_by_file(chunk, to, state))
			return true;
		process->no_file_writes = 1;
	}
	return copy_by_mapping(tid, chunk, to, state);
}
