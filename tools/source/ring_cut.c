#include "tools/source/ring_cut.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define PAGE       UINT64_C(4096)
#define GAIN_LEAST (UINT64_C(64) << 10)
#define DISK_SHARE 4u /* the copy takes at most this part of the free space: programs may be writing to the disk */

enum { MODULES, PCS, NODES, CHUNKS, PARTS };

struct part {
	uint64_t from, to; /* in the file, what is used of it */
	uint64_t at;       /* in the copy */
};

static uint64_t page_up(uint64_t n) { return (n + PAGE - 1) & ~(PAGE - 1); }

/* ---- what is used ------------------------------------------------------------------------------ */

/* The end of the last data in the range: holes behind it need not be kept.  Where the file system does not tell its
 * holes, that is the end of the range. */
static uint64_t data_end(int fd, uint64_t from, uint64_t to)
{
	uint64_t end = from;
	off_t at = lseek(fd, (off_t)from, SEEK_DATA);

	while (at >= 0 && (uint64_t)at < to) {
		off_t hole = lseek(fd, at, SEEK_HOLE);
		if (hole <= at || (uint64_t)hole >= to)
			return to;
		end = (uint64_t)hole;
		at = lseek(fd, hole, SEEK_DATA);
	}
	return at >= 0 || errno == ENXIO ? end : to;
}

/* A table's entries are found by hashing, in levels of which later ones are larger and mostly unused. */
static struct part used_of_table(const struct ring_file *ring, const struct rt_table *table, size_t entry)
{
	uint64_t to = table->offset + table->count * entry;

	return (struct part){.from = table->offset, .to = data_end(ring->fd, table->offset, to)};
}

/* Returns the size of the copy. */
static uint64_t plan(const struct ring_file *ring, struct part parts[PARTS])
{
	const struct rt_header *header = &ring->header;
	uint64_t modules = header->modules.offset, chunks = header->chunks_offset, at = RT_HEADER_BYTES;

	parts[MODULES] =
	    (struct part){.from = modules, .to = modules + ring_file_modules(ring) * sizeof(struct rt_module)};
	parts[PCS] = used_of_table(ring, &header->pcs, sizeof(struct rt_pc));
	parts[NODES] = used_of_table(ring, &header->nodes, sizeof(uint64_t));
	parts[CHUNKS] =
	    (struct part){.from = chunks, .to = chunks + (uint64_t)ring_file_chunks(ring) * header->chunk_bytes};
	for (unsigned i = 0; i < PARTS; i++) {
		parts[i].at = at;
		at = page_up(at + parts[i].to - parts[i].from);
	}
	return at;
}

/* ---- the copy ---------------------------------------------------------------------------------- */

static bool write_all(int fd, const unsigned char *bytes, uint64_t count, uint64_t at)
{
	while (count) {
		ssize_t wrote = pwrite(fd, bytes, count, (off_t)at);

		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote <= 0)
			return false;
		bytes += wrote;
		at += (uint64_t)wrote;
		count -= (uint64_t)wrote;
	}
	return true;
}

static bool is_zero(const unsigned char *bytes, uint64_t count)
{
	return !bytes[0] && !memcmp(bytes, bytes + 1, count - 1);
}

static uint64_t step(uint64_t at, uint64_t end) { return end - at < PAGE ? end - at : PAGE; }

/* Copies [from, to), and leaves holes where the pages are zero. */
static bool copy_range(const struct ring_file *ring, int fd, uint64_t from, uint64_t to, uint64_t copy_at)
{
	const unsigned char *map = ring->map;
	uint64_t at = from, start;

	while (at < to) {
		if (is_zero(map + at, step(at, to))) {
			at += step(at, to);
			continue;
		}
		start = at;
		while (at < to && !is_zero(map + at, step(at, to)))
			at += step(at, to);
		if (!write_all(fd, map + start, at - start, copy_at + (start - from)))
			return false;
	}
	return true;
}

/* Only the data of a part is looked at: reading a hole would fill the page cache with zeros. */
static bool copy_part(const struct ring_file *ring, int fd, const struct part *part)
{
	off_t at = lseek(ring->fd, (off_t)part->from, SEEK_DATA);

	while (at >= 0 && (uint64_t)at < part->to) {
		off_t hole = lseek(ring->fd, at, SEEK_HOLE);
		uint64_t from = (uint64_t)at, to = hole <= at || (uint64_t)hole > part->to ? part->to : (uint64_t)hole;

		if (!copy_range(ring, fd, from, to, part->at + (from - part->from)))
			return false;
		at = lseek(ring->fd, (off_t)to, SEEK_DATA);
	}
	return at >= 0 || errno == ENXIO;
}

static struct rt_table table_of(const struct part *part, size_t entry)
{
	struct rt_table table = {.offset = part->at};

	table.count = (part->to - part->from) / entry;
	return table;
}

static bool copy_header(const struct ring_file *ring, int fd, const struct part parts[PARTS], uint64_t bytes)
{
	union {
		unsigned char bytes[RT_HEADER_BYTES];
		struct rt_header header;
	} copy;

	memcpy(copy.bytes, ring->map, sizeof copy.bytes);
	copy.header.modules = table_of(&parts[MODULES], sizeof(struct rt_module));
	copy.header.pcs = table_of(&parts[PCS], sizeof(struct rt_pc));
	copy.header.nodes = table_of(&parts[NODES], sizeof(uint64_t));
	copy.header.chunks_offset = parts[CHUNKS].at;
	copy.header.chunk_count = ring_file_chunks(ring);
	copy.header.file_bytes = bytes;
	return write_all(fd, copy.bytes, sizeof copy.bytes, 0);
}

static bool copy_all(const struct ring_file *ring, int fd, const struct part parts[PARTS], uint64_t bytes)
{
	for (unsigned i = 0; i < PARTS; i++)
		if (!copy_part(ring, fd, &parts[i]))
			return false;
	return !ftruncate(fd, (off_t)bytes) && copy_header(ring, fd, parts, bytes);
}

/* ---- the exchange ------------------------------------------------------------------------------ */

/* The file is replaced by rename, so that another process sees the old one or the copy, and both are whole. */
static void exchange(const struct ring_file *ring, const struct stat *old, const struct part parts[PARTS],
                     uint64_t bytes)
{
	char *path = NULL;
	int fd = asprintf(&path, "%s.cut.%d", ring->path, (int)getpid()) < 0
	             ? -1
	             : open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd >= 0) {
		bool good = (geteuid() == old->st_uid || !fchown(fd, old->st_uid, old->st_gid)) &&
		            !fchmod(fd, old->st_mode & 07777) && copy_all(ring, fd, parts, bytes) &&
		            ring_file_whole(ring, &(struct error){0});

		if (close(fd) || !good || rename(path, ring->path))
			unlink(path);
	}
	free(path);
}

static bool has_room(const struct ring_file *ring, const struct stat *old)
{
	struct statvfs disk;

	return !fstatvfs(ring->fd, &disk) &&
	       (uint64_t)old->st_blocks * 512 <= (uint64_t)disk.f_bavail * disk.f_frsize / DISK_SHARE;
}

/* True if the path still names the file that is open. */
static bool is_named(const struct ring_file *ring, const struct stat *open)
{
	struct stat named;

	return !lstat(ring->path, &named) && named.st_dev == open->st_dev && named.st_ino == open->st_ino;
}

void ring_cut(const struct ring_file *ring)
{
	struct part parts[PARTS];
	struct stat old;

	if (ring_file_alive(ring) || fstat(ring->fd, &old) || !is_named(ring, &old) || !has_room(ring, &old))
		return;
	uint64_t bytes = plan(ring, parts);
	if (bytes + GAIN_LEAST <= (uint64_t)old.st_size)
		exchange(ring, &old, parts, bytes);
}
