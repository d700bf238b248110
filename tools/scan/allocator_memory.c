#include "tools/scan/allocator_memory.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shim/atomics.h"
#include "tools/base/elf_names.h"
#include "tools/base/memory.h"
#include "tools/base/u64_map.h"

/* Functions of an allocator that hand out no block that is not seen, and take no pointer that it keeps: those that are
 * hooked, and a few more. */
static const char *const harmless[] = {
#define HOOK(type, name, ...) #name,
#include "shim/hooks.def"
#undef HOOK
#define NEW(name, ...)    #name,
#define DELETE(name, ...) #name,
#include "shim/operators.def"
#undef NEW
#undef DELETE
    "mallinfo", "mallinfo2", "mallopt", "malloc_info", "malloc_trim", "malloc_stats"};

struct names { /* functions of the allocator that are not harmless */
	char **items;
	size_t count, room;
	bool wanted; /* a module asks for one of them */
};

static bool is_harmless(const char *name)
{
	for (size_t i = 0; i < sizeof harmless / sizeof *harmless; i++)
		if (!strcmp(name, harmless[i]))
			return true;
	return false;
}

static void take_offered(void *context, const char *name, bool defined)
{
	struct names *names = context;

	if (!defined || is_harmless(name))
		return;
	GROW(names->items, names->room, names->count + 1);
	names->items[names->count++] = strdup(name);
}

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static void take_asked(void *context, const char *name, bool defined)
{
	struct names *names = context;

	if (!defined && names->count)
		names->wanted |= bsearch(&name, names->items, names->count, sizeof *names->items, by_name) != NULL;
}

/* Calls take for the names of the module that is mapped there.  False: its file cannot be read. */
static bool read_module(const struct target *target, const struct target_map *map,
                        void (*take)(void *context, const char *name, bool defined), struct names *names)
{
	char path[PATH_MAX + 64];

	snprintf(path, sizeof path, "/proc/%d/root%s", (int)target->pid, map->path);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	bool good = fd >= 0 && elf_names(fd, take, names);
	if (fd >= 0)
		close(fd);
	return good;
}

static bool is_code(const struct target_map *map) { return map->kind == MAP_FILE && map->executable; }

static bool is_part(const struct rt_header *header, uint64_t address)
{
	for (unsigned i = 0; i < RT_ALLOCATOR_PARTS; i++)
		if (address >= header->allocator[i].start && address < header->allocator[i].end)
			return true;
	return false;
}

static bool read_offered(const struct target *target, const struct rt_header *header, struct names *names)
{
	for (size_t i = 0; i < target->map_count; i++)
		if (is_code(&target->maps[i]) && is_part(header, target->maps[i].start) &&
		    !read_module(target, &target->maps[i], take_offered, names))
			return false;
	qsort(names->items, names->count, sizeof *names->items, by_name);
	return names->count != 0;
}

/* Also true where a module's file cannot be read. */
static bool is_asked_for_more(const struct target *target, const struct rt_header *header)
{
	struct names names = {0};
	const char *before = "";
	bool good = read_offered(target, header, &names);

	for (size_t i = 0; i < target->map_count && good && !names.wanted; i++) {
		const struct target_map *map = &target->maps[i];
		if (!is_code(map) || is_part(header, map->start) || !strcmp(map->path, before))
			continue;
		before = map->path;
		good = read_module(target, map, take_asked, &names);
	}
	for (size_t i = 0; i < names.count; i++)
		free(names.items[i]);
	free(names.items);
	return !good || names.wanted;
}

static bool is_its_alone(const struct scan_subject *subject, const struct target *target)
{
	const struct rt_header *header = &subject->ring->header;

	/* With less than whole stacks, it is not known which blocks the allocator itself has. */
	return header->allocator[0].start < header->allocator[0].end && header->stacks == RT_STACKS_FULL &&
	       !load_acquire(&subject->ring->shared->allocator_asked) && !is_asked_for_more(target, header);
}

static void take_ranges(struct allocator_maps *ranges, const struct allocator_maps *mapped,
                        const struct rt_header *header)
{
	GROW(ranges->items, ranges->room, mapped->count + RT_ALLOCATOR_PARTS);
	for (size_t i = 0; i < mapped->count; i++)
		ranges->items[ranges->count++] = mapped->items[i];
	for (unsigned i = 0; i < RT_ALLOCATOR_PARTS; i++)
		ranges->items[ranges->count++] =
		    (struct allocator_map){header->allocator[i].start, header->allocator[i].end};
}

/* ---- blocks of its own ---------------------------------------------------------------------- */

static bool is_called_by_it(const struct ring_file *ring, uint32_t stack)
{
	uint32_t pc_ids[RT_DEPTH_MOST], root;
	unsigned count = ring_file_stack(ring, stack, pc_ids, RT_DEPTH_MOST, &root);

	for (unsigned i = 0; i < count; i++) {
		const struct rt_pc *pc = ring_file_pc(ring, pc_ids[i]);
		const struct rt_module *module = pc && pc->module ? ring_file_module(ring, pc->module - 1) : NULL;
		if (module && is_part(&ring->header, module->start))
			return true;
	}
	return false;
}

enum { ITS_NO = 1, ITS_YES = 2 };

static void take_kept(struct allocator_memory *memory, const struct scan_subject *subject,
                      const struct live_block *blocks, size_t count)
{
	struct u64_map by_site = {0};

	for (size_t i = 0; i < count; i++) {
		uint64_t key = (uint64_t)blocks[i].site + 1, its = u64_map_get(&by_site, key);
		if (!its) {
			uint32_t stack = subject->knowledge->site_stack(subject->context, blocks[i].site);
			its = is_called_by_it(subject->ring, stack) ? ITS_YES : ITS_NO;
			u64_map_put(&by_site, key, its);
		}
		if (its == ITS_NO)
			continue;
		GROW(memory->kept, memory->kept_room, memory->kept_count + 1);
		memory->kept[memory->kept_count++] = blocks[i].address;
	}
	u64_map_free(&by_site);
}

void allocator_memory_find(struct allocator_memory *memory, const struct scan_subject *subject,
                           const struct target *target, const struct live_block *blocks, size_t count)
{
	*memory = (struct allocator_memory){0};
	if (!is_its_alone(subject, target))
		return;
	take_ranges(&memory->ranges, subject->knowledge->allocator_maps(subject->context), &subject->ring->header);
	take_kept(memory, subject, blocks, count);
}

void allocator_memory_free(struct allocator_memory *memory)
{
	allocator_maps_free(&memory->ranges);
	free(memory->kept);
	*memory = (struct allocator_memory){0};
}
