#include "tools/source/ring_file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "shim/atomics.h"
#include "tools/base/proc.h"
#include "tools/source/added_stacks.h"
#include "tools/source/map_guard.h"
#include "tools/base/clock.h"

#define CHUNK_BYTES_MIN 4096u
#define CHUNK_BYTES_MAX (1u << 30)
#define DAMAGED         "is damaged (%s): remove it to go on without it"

static bool is_power_of_two(uint64_t n) { return n && !(n & (n - 1)); }

static bool damaged(const char *path, struct error *err, const char *what)
{
	return error_set(err, EXIT_BAD_DATA, "%s " DAMAGED, path, what);
}

static bool all_zero(const void *bytes, size_t count)
{
	const unsigned char *c = bytes;

	for (size_t i = 0; i < count; i++)
		if (c[i])
			return false;
	return true;
}

/* ---- what a header must hold ---------------------------------------------- */

/* True if the magic is there, or may still be written: the reader may have opened the file between two of its bytes. */
static bool may_become_magic(const struct rt_header *header)
{
	for (size_t i = 0; i < sizeof header->magic; i++)
		if (header->magic[i] && header->magic[i] != RT_MAGIC[i])
			return false;
	return true;
}

/* The process writes the header field by field, and `ready` last: until then, a missing field may still be written. */
static bool check_ready(const char *path, const struct rt_header *header, struct error *err)
{
	bool other_version = header->version && header->version != RT_FORMAT_VERSION;

	if (header->ready || other_version || !may_become_magic(header))
		return true;
	if (all_zero(header->magic, sizeof header->magic))
		error_set(err, EXIT_BAD_DATA, "%s holds no ring: its header was never written", path);
	else
		error_set(err, EXIT_BAD_DATA, "%s was never completed: its process ended while it started", path);
	err->retry = true;
	return false;
}

static bool check_identity(const char *path, const struct rt_header *header, struct error *err)
{
	if (memcmp(header->magic, RT_MAGIC, sizeof header->magic))
		return error_set(err, EXIT_BAD_DATA, "%s is not a ring file (it does not begin with \"%s\")", path,
		                 RT_MAGIC);
	if (header->version != RT_FORMAT_VERSION)
		return error_set(err, EXIT_BAD_DATA,
		                 "%s has format version %u, this ringtail reads version %u: use the ringtail it "
		                 "was recorded with",
		                 path, header->version, RT_FORMAT_VERSION);
	if (header->arch != RT_ARCH_X86_64 && header->arch != RT_ARCH_AARCH64)
		return error_set(err, EXIT_BAD_DATA,
		                 "%s was recorded on another kind of machine (%u, this is %u): read it there", path,
		                 header->arch, RT_ARCH_OWN);
	return true;
}

/* Both machines have the same byte order and layout, so each can read the other's files.  But a process of the other
 * machine that runs here is under an emulator, and its tick counter is not this machine's. */
static bool check_comparable(struct ring_file *ring, struct error *err)
{
	if (ring->header.arch == RT_ARCH_OWN)
		return true;
	if (ring_file_alive(ring))
		return error_set(
		    err, EXIT_BAD_DATA,
		    "%s is being recorded by a program of another kind of machine: read it when that has ended",
		    ring->path);
	ring->same_boot = false;
	return true;
}

static bool check_sizes(const char *path, const struct rt_header *header, uint64_t real_bytes, struct error *err)
{
	if (header->header_bytes < sizeof *header || header->header_bytes > RT_HEADER_BYTES)
		return damaged(path, err, "size of its header");
	if (!is_power_of_two(header->page_bytes) || header->page_bytes < RT_HEADER_BYTES ||
	    header->page_bytes > 1u << 20)
		return damaged(path, err, "size of a page");
	if (header->file_bytes < RT_HEADER_BYTES)
		return damaged(path, err, "size of the file");
	if (header->file_bytes > real_bytes)
		return error_set(err, EXIT_BAD_DATA,
		                 "%s is truncated (%llu bytes of %llu): remove it to go on without it", path,
		                 (unsigned long long)real_bytes, (unsigned long long)header->file_bytes);
	return true;
}

static bool table_fits(const struct rt_table *table, size_t entry, uint64_t limit, uint64_t file_bytes)
{
	return table->offset >= RT_HEADER_BYTES && table->offset % 8 == 0 && table->offset <= file_bytes &&
	       table->count <= limit && table->count <= (file_bytes - table->offset) / entry;
}

static bool check_tables(const char *path, const struct rt_header *header, struct error *err)
{
	if (!table_fits(&header->modules, sizeof(struct rt_module), UINT32_MAX - 1, header->file_bytes))
		return damaged(path, err, "table of modules");
	if (!table_fits(&header->pcs, sizeof(struct rt_pc), UINT32_MAX - 1, header->file_bytes))
		return damaged(path, err, "table of addresses");
	if (!table_fits(&header->nodes, sizeof(uint64_t), RT_STACK_MAX + 1u - RT_NODE_FIRST, header->file_bytes))
		return damaged(path, err, "table of stacks");
	return true;
}

static bool check_chunks(const char *path, const struct rt_header *header, struct error *err)
{
	if (!is_power_of_two(header->chunk_bytes) || header->chunk_bytes < CHUNK_BYTES_MIN ||
	    header->chunk_bytes > CHUNK_BYTES_MAX)
		return damaged(path, err, "size of a chunk");
	if (header->chunks_offset < RT_HEADER_BYTES || header->chunks_offset % sizeof(struct rt_chunk) ||
	    header->chunks_offset > header->file_bytes)
		return damaged(path, err, "place of its chunks");
	if (header->chunk_count > (header->file_bytes - header->chunks_offset) / header->chunk_bytes)
		return damaged(path, err, "number of its chunks");
	return true;
}

static bool check_choices(const char *path, const struct rt_header *header, struct error *err)
{
	if (header->clock != RT_CLOCK_TSC && header->clock != RT_CLOCK_MONOTONIC_RAW)
		return damaged(path, err, "kind of clock");
	if (header->stacks > RT_STACKS_NONE)
		return damaged(path, err, "kind of stacks");
	if (header->on_full > RT_ON_FULL_OVERWRITE)
		return damaged(path, err, "what to do when it is full");
	if (header->pid == 0 || header->pid > INT32_MAX)
		return damaged(path, err, "process id");
	return true;
}

static bool check_header(const char *path, const struct rt_header *header, uint64_t real_bytes, struct error *err)
{
	return check_identity(path, header, err) && check_sizes(path, header, real_bytes, err) &&
	       check_tables(path, header, err) && check_chunks(path, header, err) && check_choices(path, header, err);
}

/* ---- opening ---------------------------------------------------------------- */

static bool open_regular(struct ring_file *ring, uint64_t *bytes, struct error *err)
{
	struct stat stat;
	int flags = O_CLOEXEC | O_NONBLOCK | O_NOCTTY; /* O_NONBLOCK: a FIFO of that name must not block the open */

	ring->fd = open(ring->path, flags | (ring->writable ? O_RDWR | O_NOFOLLOW : O_RDONLY));
	if (ring->fd < 0)
		return error_set_unreadable(err, ring->path, errno);
	if (fstat(ring->fd, &stat) || !S_ISREG(stat.st_mode))
		return error_set(err, EXIT_BAD_DATA, "%s is not a file", ring->path);
	*bytes = (uint64_t)stat.st_size;
	if (*bytes >= RT_HEADER_BYTES)
		return true;
	error_set(err, EXIT_BAD_DATA, "%s is truncated: %llu bytes are no ring", ring->path,
	          (unsigned long long)*bytes);
	err->retry = *bytes == 0;
	return false;
}

static bool read_header(struct ring_file *ring, uint64_t real_bytes, struct error *err)
{
	struct rt_header *header = &ring->header;

	/* Reads twice: only a header that is read after `ready` was seen is complete. */
	for (int round = 0; round < 2; round++) {
		if (pread(ring->fd, header, sizeof *header, 0) != (ssize_t)sizeof *header)
			return error_set(err, EXIT_BAD_DATA, "cannot read %s: %s", ring->path, strerror(errno));
		if (!check_ready(ring->path, header, err))
			return false;
	}
	if (!check_header(ring->path, header, real_bytes, err))
		return false;
	header->exe[RT_PATH_MAX - 1] = '\0';
	header->command[RT_COMMAND_MAX - 1] = '\0';
	if (header->command_bytes > RT_COMMAND_MAX)
		header->command_bytes = RT_COMMAND_MAX;
	return true;
}

static bool map(struct ring_file *ring, struct error *err)
{
	int protection = PROT_READ | (ring->writable ? PROT_WRITE : 0);

	ring->map_bytes = ring->header.file_bytes;
	ring->map = mmap(NULL, ring->map_bytes, protection, MAP_SHARED, ring->fd, 0);
	if (ring->map == MAP_FAILED) {
		ring->map = NULL;
		return error_set(err, EXIT_BAD_DATA, "cannot map %s: %s", ring->path, strerror(errno));
	}
	ring->shared = (struct rt_header *)ring->map;
	/* The tables are hash tables: reading ahead would fill the page cache with their holes, and with chunks that a
	 * live program has not written yet. */
	madvise(ring->map, ring->writable ? ring->map_bytes : ring->header.chunks_offset, MADV_RANDOM);
	map_guard_add(ring->map, ring->map_bytes);
	return true;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* True if another process, in any namespace, has the file open or mapped for writing: the kernel then refuses a lease.
 * False also if the file system or missing rights do not allow leases. */
static bool is_written_to(const struct ring_file *ring)
{
	bool refused = fcntl(ring->fd, F_SETLEASE, ring->writable ? F_WRLCK : F_RDLCK) && errno == EAGAIN;

	fcntl(ring->fd, F_SETLEASE, F_UNLCK);
	return refused;
}

bool ring_file_sees_heap(const struct ring_file *ring)
{
	return (ring->header.watch & RT_WATCH_HEAP) && !load_relaxed(&ring->shared->heap_unseen);
}

bool ring_file_has_early_blocks(const struct ring_file *ring)
{
	return ring->header.forked || (ring->shared && load_relaxed(&ring->shared->heap_in_front));
}

bool ring_file_is_elsewhere(const struct ring_file *ring)
{
	return ring->header.pid_space && ring->header.pid_space != process_namespace();
}

/* The search is made only if a process still writes to the file.  A search goes through all processes of the machine,
 * and a report may open thousands of rings of ended processes from a sandbox. */
static void find_process(struct ring_file *ring)
{
	const struct rt_header *header = &ring->header;
	struct process_sought sought = {header->pid_space, (pid_t)header->pid, header->process_start, ring->fd};

	if (!ring->same_boot || (ring_file_is_elsewhere(ring) && !ring->writable && !is_written_to(ring)))
		return;
	ring->pid = process_find(&sought, &ring->process_start);
}

char *ring_file_beside(const char *ring_path, const char *suffix)
{
	char *path = NULL;
	int stem = (int)strlen(ring_path) - (int)strlen(RT_RING_SUFFIX);

	return stem > 0 && asprintf(&path, "%.*s%s", stem, ring_path, suffix) > 0 ? path : NULL;
}

bool ring_file_open(struct ring_file *ring, const char *path, bool writable, struct error *err)
{
	uint64_t real_bytes = 0;

	memset(ring, 0, sizeof *ring);
	ring->fd = -1;
	ring->writable = writable;
	ring->path = strdup(path);
	if (!ring->path)
		return error_set(err, EXIT_INTERNAL, "no memory");
	if (!open_regular(ring, &real_bytes, err) || !read_header(ring, real_bytes, err) || !map(ring, err)) {
		ring_file_close(ring);
		return false;
	}
	ring->same_boot = ring_clock_same_boot(&ring->header);
	find_process(ring);
	if (!check_comparable(ring, err)) {
		ring_file_close(ring);
		return false;
	}
	ring_file_calibrate(ring);
	return true;
}

void ring_file_close(struct ring_file *ring)
{
	if (ring->map) {
		map_guard_remove(ring->map);
		munmap(ring->map, ring->map_bytes);
	}
	if (ring->fd >= 0)
		close(ring->fd);
	added_stacks_free(ring->added);
	free(ring->path);
	memset(ring, 0, sizeof *ring);
	ring->fd = -1;
}

bool ring_file_whole(const struct ring_file *ring, struct error *err)
{
	struct stat stat;

	if (!fstat(ring->fd, &stat) && (uint64_t)stat.st_size >= ring->map_bytes)
		return true;
	return error_set(err, EXIT_BAD_DATA, "%s was truncated while it was being read", ring->path);
}

/* ---- what is in it ------------------------------------------------------------ */

struct rt_chunk *ring_file_chunk(const struct ring_file *ring, uint32_t i)
{
	if (i >= ring_file_chunks(ring))
		return NULL;
	return (struct rt_chunk *)(ring->map + ring->header.chunks_offset + (uint64_t)i * ring->header.chunk_bytes);
}

uint32_t ring_file_chunks(const struct ring_file *ring)
{
	uint64_t used = load_acquire(&ring->shared->chunks_used);

	return used < ring->header.chunk_count ? (uint32_t)used : ring->header.chunk_count;
}

enum { MODULE_LOADED = 2 };

uint32_t ring_file_modules(const struct ring_file *ring)
{
	uint64_t used = load_acquire(&ring->shared->modules_used);

	return (uint32_t)(used < ring->header.modules.count ? used : ring->header.modules.count);
}

const struct rt_module *ring_file_module(const struct ring_file *ring, uint32_t index)
{
	if (index >= ring_file_modules(ring))
		return NULL;
	const struct rt_module *module = (const struct rt_module *)(ring->map + ring->header.modules.offset) + index;
	if (load_acquire(&module->state) < MODULE_LOADED || !memchr(module->path, '\0', RT_MODULE_PATH) ||
	    module->build_id_bytes > RT_BUILD_ID_MAX)
		return NULL;
	return module;
}

const struct rt_module *ring_file_module_at(const struct ring_file *ring, uint64_t address, uint64_t stamp)
{
	for (uint32_t i = 0; ring->map && i < ring_file_modules(ring); i++) {
		const struct rt_module *module = ring_file_module(ring, i);
		uint64_t unloaded = module ? load_relaxed(&module->unloaded) : 0;

		if (module && address - module->start < module->end - module->start && module->seen <= stamp &&
		    (!unloaded || unloaded > stamp))
			return module;
	}
	return NULL;
}

static bool contains(const struct rt_module *module, uint64_t address)
{
	return module && address - module->start < module->end - module->start;
}

const struct rt_module *ring_file_module_around(const struct ring_file *ring, uint64_t address, uint64_t stamp,
                                                uint32_t *number)
{
	const struct rt_module *exact = ring_file_module_at(ring, address, stamp), *only = NULL;
	unsigned known = 0;

	*number = 0;
	for (uint32_t i = 0; ring->map && i < ring_file_modules(ring); i++) {
		const struct rt_module *module = ring_file_module(ring, i);

		if (!contains(module, address))
			continue;
		known++;
		if (module == exact || (!exact && module->seen > stamp)) {
			only = module;
			*number = i + 1;
		}
	}
	if (exact || known == 1)
		return only;
	*number = 0;
	return NULL;
}

uint32_t ring_file_pc_limit(const struct ring_file *ring)
{
	uint64_t limit = ring->header.pcs.count + added_stacks_pcs(ring->added);

	return limit < UINT32_MAX ? (uint32_t)limit : UINT32_MAX - 1;
}

const struct rt_pc *ring_file_pc(const struct ring_file *ring, uint32_t pc_id)
{
	if (pc_id > ring->header.pcs.count)
		return added_stacks_pc(ring->added, pc_id - ring->header.pcs.count - 1);
	if (pc_id == 0)
		return NULL;
	const struct rt_pc *pc = (const struct rt_pc *)(ring->map + ring->header.pcs.offset) + (pc_id - 1);
	return load_acquire(&pc->key) & RT_PC_USED ? pc : NULL;
}

bool ring_file_node(const struct ring_file *ring, uint32_t id, uint32_t *parent, uint32_t *pc_id)
{
	uint64_t count = ring->header.nodes.count;
	const uint64_t *at;

	if (id < RT_NODE_FIRST)
		return false;
	id -= RT_NODE_FIRST;
	at = id < count ? (const uint64_t *)(ring->map + ring->header.nodes.offset) + id
	                : added_stacks_node(ring->added, id - count);
	uint64_t node = at ? load_acquire(at) : 0;
	*parent = (uint32_t)(node >> 32);
	*pc_id = (uint32_t)node;
	return node != 0;
}

const char *ring_file_caller(const struct ring_file *ring, uint32_t stack)
{
	uint32_t parent, pc_id;
	const struct rt_pc *pc =
	    ring->map && ring_file_node(ring, stack, &parent, &pc_id) ? ring_file_pc(ring, pc_id) : NULL;
	const struct rt_module *module = pc && pc->module ? ring_file_module(ring, pc->module - 1) : NULL;

	if (!module || !memchr(module->path, '\0', sizeof module->path))
		return "";
	const char *slash = strrchr(module->path, '/');
	return slash ? slash + 1 : module->path;
}

unsigned ring_file_stack(const struct ring_file *ring, uint32_t id, uint32_t *pc_ids, unsigned max, uint32_t *root)
{
	unsigned count = 0;

	while (id >= RT_NODE_FIRST) {
		uint32_t parent, pc_id;
		if (!ring_file_node(ring, id, &parent, &pc_id)) {
			*root = RT_ROOT_TRUNCATED;
			return count;
		}
		if (count == max) { /* deeper than asked for, or a cycle */
			*root = RT_ROOT_DEPTH;
			return count;
		}
		pc_ids[count++] = pc_id;
		id = parent;
	}
	*root = id <= RT_ROOT_DEPTH ? id : RT_ROOT_TRUNCATED;
	return count;
}

/* ---- time and life --------------------------------------------------------------- */

void ring_file_calibrate(struct ring_file *ring)
{
	struct rt_clock_pair latest = {load_relaxed(&ring->shared->clock_latest.ticks),
	                               load_relaxed(&ring->shared->clock_latest.mono_ns)};

	ring->ns_per_tick = ring_clock_rate(&ring->header, latest, ring->same_boot);
}

double ring_file_seconds(const struct ring_file *ring, uint64_t stamp)
{
	uint64_t start = ring->header.clock_start.ticks;
	double ticks = stamp >= start ? (double)(stamp - start) : -(double)(start - stamp);

	return ticks * ring->ns_per_tick / 1e9;
}

uint64_t ring_file_ns(const struct ring_file *ring, uint64_t ticks)
{
	double ns = (double)ticks * ring->ns_per_tick;

	return ns < 1.8e19 ? (uint64_t)ns : UINT64_MAX;
}

uint64_t ring_file_now(const struct ring_file *ring) { return ring_clock_now(ring->header.clock); }

#define READER_STALE_NS UINT64_C(5000000000)

uint32_t ring_file_reader(const struct ring_file *ring)
{
	uint32_t reader = load_acquire(&ring->shared->reader_pid);
	uint64_t beat = load_relaxed(&ring->shared->reader_heartbeat), now = ring_clock_ns(CLOCK_MONOTONIC);

	if (!ring->same_boot || !reader || (now > beat && now - beat > READER_STALE_NS))
		return 0;
	if (load_relaxed(&ring->shared->reader_space) != process_namespace())
		return reader; /* no process has that id here, or another process has it */
	return kill((pid_t)reader, 0) && errno == ESRCH ? 0 : reader;
}

/* An image that began exec is gone if the process no longer maps its ring file. */
static bool exec_replaced(const struct ring_file *ring)
{
	return load_relaxed(&ring->shared->end_how) == RT_END_EXEC && !process_maps(ring->pid, base_name(ring->path));
}

bool ring_file_alive(const struct ring_file *ring)
{
	if (!ring->same_boot)
		return false;
	if (!ring->pid) /* the process has ended, or runs in a namespace of which only the file is visible */
		return is_written_to(ring);
	return process_alive(ring->pid, ring->process_start) && !exec_replaced(ring);
}
