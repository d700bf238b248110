#include "tools/target/pages.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tools/base/memory.h"
#include "tools/base/proc.h"
#include "tools/target/target.h"

#define PAGE  UINT64_C(4096)
#define PIECE 4096u                 /* entries of the pagemap read at a time */
#define VAST  (UINT64_C(256) << 20) /* bytes of a mapping; a larger one that may be empty is not read entry by entry */

/* ---- reading ------------------------------------------------------------------------------- */

size_t pages_fetch(const struct pages *pages, uint64_t address, void *to, size_t bytes)
{
	struct iovec local = {to, bytes}, remote = {(void *)(uintptr_t)address, bytes};
	ssize_t got = pages->memory >= 0 ? pread(pages->memory, to, bytes, (off_t)address)
	                                 : process_vm_readv(pages->pid, &local, 1, &remote, 1, 0);

	return got > 0 ? (size_t)got : 0;
}

/* Reads one range.  A page that cannot be read does not end it. */
static void read_range(struct pages *pages, const struct page_range *range, uint64_t address, unsigned char *to,
                       size_t bytes)
{
	while (bytes) {
		size_t got = pages_fetch(pages, address, to, bytes);
		address += got;
		to += got;
		bytes -= got;
		size_t bad = PAGE - address % PAGE;
		if (!bytes)
			return;
		bad = bad < bytes ? bad : bytes;
		memset(to, 0, bad);
		pages->unread += range->certain ? bad : 0;
		address += bad;
		to += bad;
		bytes -= bad;
	}
}

size_t pages_find(const struct pages *pages, uint64_t address)
{
	size_t low = 0, high = pages->count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		if (pages->ranges[middle].end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void pages_read(struct pages *pages, uint64_t address, void *to, size_t bytes)
{
	unsigned char *at = to;
	uint64_t end = address + bytes;

	for (size_t i = pages_find(pages, address); i < pages->count && pages->ranges[i].start < end; i++) {
		const struct page_range *range = &pages->ranges[i];
		uint64_t start = range->start > address ? range->start : address;
		uint64_t stop = range->end < end ? range->end : end;
		memset(at, 0, start - address);
		at += start - address;
		read_range(pages, range, start, at, stop - start);
		at += stop - start;
		address = stop;
	}
	memset(at, 0, end - address);
}

/* ---- which pages there are ----------------------------------------------------------------- */

static void add(struct pages *pages, uint64_t start, uint64_t end, bool certain)
{
	struct page_range *last = pages->count ? &pages->ranges[pages->count - 1] : NULL;

	if (last && last->end == start && last->certain == certain) {
		last->end = end;
		return;
	}
	GROW(pages->ranges, pages->room, pages->count + 1);
	pages->ranges[pages->count++] = (struct page_range){start, end, certain};
}

/* A page of a private file mapping that was never written is still the file's, and has no data of the program. */
static bool may_be_the_files(const struct target_map *map) { return map->kind == MAP_FILE && !map->shared; }

/* PAGEMAP_SCAN of linux/fs.h, which older headers lack. */
struct scan_region {
	uint64_t start, end, categories;
};

struct scan_request {
	uint64_t size, flags, start, end, walk_end, regions, region_count, pages_most;
	uint64_t inverted, all_of, any_of, told;
};

#define SCAN_PAGES   _IOWR('f', 16, struct scan_request)
#define SCAN_FILE    (UINT64_C(1) << 2)
#define SCAN_PRESENT (UINT64_C(1) << 3)
#define SCAN_SWAPPED (UINT64_C(1) << 4)
/* the kernel's zero page, which stands for all anonymous pages that were only read */
#define SCAN_ZERO (UINT64_C(1) << 5)

/* Returns the address up to which it came. */
static uint64_t scan_map(struct pages *pages, const struct target_map *map)
{
	struct scan_region regions[128];
	uint64_t not = SCAN_ZERO | (may_be_the_files(map) ? SCAN_FILE : 0);
	struct scan_request request = {
	    .size = sizeof request,
	    .start = map->start,
	    .end = map->end,
	    .regions = (uintptr_t)regions,
	    .region_count = sizeof regions / sizeof *regions,
	    .inverted = not,
	    .all_of = not,
	    .any_of = SCAN_PRESENT | SCAN_SWAPPED,
	    .told = SCAN_PRESENT,
	};

	while (request.start < request.end) {
		int found = ioctl(pages->pagemap, SCAN_PAGES, &request);
		if (found < 0 || request.walk_end <= request.start)
			break;
		for (int i = 0; i < found; i++)
			add(pages, regions[i].start, regions[i].end, regions[i].categories & SCAN_PRESENT);
		request.start = request.walk_end;
	}
	return request.start;
}

#define ENTRY_PRESENT (UINT64_C(1) << 63)
#define ENTRY_SWAPPED (UINT64_C(1) << 62)
#define ENTRY_FILE    (UINT64_C(1) << 61)
#define ENTRY_ALONE   (UINT64_C(1) << 56) /* mapped once */

static bool is_wanted(const struct pages *pages, const struct target_map *map, uint64_t entry)
{
	if (pages->own_alone && !map->shared && !(entry & (ENTRY_ALONE | ENTRY_SWAPPED)))
		return false;
	return (entry & (ENTRY_PRESENT | ENTRY_SWAPPED)) && !(may_be_the_files(map) && entry & ENTRY_FILE);
}

static void read_map(struct pages *pages, const struct target_map *map, uint64_t from)
{
	uint64_t entries[PIECE], page = from / PAGE, last = map->end / PAGE;

	while (page < last) {
		size_t wanted = last - page < PIECE ? last - page : PIECE;
		ssize_t got = pread(pages->pagemap, entries, wanted * sizeof *entries, (off_t)(page * sizeof *entries));
		if (got < (ssize_t)sizeof *entries)
			return;
		for (size_t i = 0; i < (size_t)got / sizeof *entries; i++, page++)
			if (is_wanted(pages, map, entries[i]))
				add(pages, page * PAGE, (page + 1) * PAGE, entries[i] & ENTRY_PRESENT);
	}
}

/* Programs reserve terabytes of address space without access rights.  Where the kernel only lets the pagemap be read
 * entry by entry, the sums in smaps tell which of these mappings are empty.  False: this one is empty. */
static bool holds_something(pid_t pid, const struct target_map *map)
{
	char path[64], *line = NULL;
	unsigned long long start, end, kib;
	size_t room = 0;
	bool here = false, found = false;

	snprintf(path, sizeof path, "/proc/%d/smaps", (int)process_number(pid));
	FILE *sums = fopen(path, "re");
	while (sums && !found && getline(&line, &room, sums) > 0) {
		if (sscanf(line, "%llx-%llx ", &start, &end) == 2) {
			if (start >= map->end)
				break;
			here = map->start < end;
		}
		if (here && (sscanf(line, "Rss: %llu", &kib) == 1 || sscanf(line, "Swap: %llu", &kib) == 1))
			found = kib > 0;
	}
	if (sums)
		fclose(sums);
	free(line);
	return found;
}

static void add_map(struct pages *pages, const struct target_map *map)
{
	if (pages->pagemap < 0) {
		if (map->readable && (map->writable || map->kind != MAP_FILE))
			add(pages, map->start, map->end, false);
		return;
	}
	bool entries = pages->no_scan || (pages->own_alone && !map->shared);
	uint64_t from = entries ? map->start : scan_map(pages, map);
	pages->no_scan |= !entries && from < map->end;
	if (from < map->end && (map->readable || map->end - map->start < VAST || holds_something(pages->pid, map)))
		read_map(pages, map, from);
}

/* Program code, and files that are mapped read-only, contain neither blocks nor pointers to blocks. */
static bool may_matter(const struct target_map *map)
{
	if (map->kind != MAP_FILE || map->writable)
		return map->kind != MAP_NO_MEMORY;
	return !map->executable && (!map->shared || !map->readable);
}

static int open_of(pid_t pid, const char *name)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/%d/%s", (int)process_number(pid), name);
	return open(path, O_RDONLY | O_CLOEXEC);
}

void pages_open(struct pages *pages, pid_t pid)
{
	*pages = (struct pages){.pid = pid, .memory = open_of(pid, "mem"), .pagemap = open_of(pid, "pagemap")};
}

void pages_list(struct pages *pages, const struct target_map *maps, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (may_matter(&maps[i]))
			add_map(pages, &maps[i]);
}

void pages_close(struct pages *pages)
{
	if (pages->memory >= 0)
		close(pages->memory);
	if (pages->pagemap >= 0)
		close(pages->pagemap);
	free(pages->ranges);
	*pages = (struct pages){.memory = -1, .pagemap = -1};
}
