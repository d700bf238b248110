#include "tools/scan/roots.h"

#include <stdlib.h>
#include <string.h>

#include "shim/format.h"
#include "tools/base/compare.h"
#include "tools/base/memory.h"

#define PAGE        UINT64_C(4096)
#define RED_ZONE    128u
#define ARENA_BYTES (UINT64_C(64) << 20) /* HEAP_MAX_SIZE of glibc: its arenas are aligned to this */
/* blocks no further apart are left out together: only chunk headers lie between them */
#define NEAR UINT64_C(64)

/* Most entries of a list in the program's memory: a damaged list may have no end. */
#define OWN_MOST       (1u << 20)
#define OWN_BYTES_MOST (UINT64_C(64) << 20)

/* On x86-64, glibc's struct pthread begins with its own address, the dtv, and its own address again. */
#define PTHREAD_DTV   8u
#define PTHREAD_SELF  16u
#define PTHREAD_BYTES UINT64_C(2304)
#define DTV_HEADER    16u /* the pointer to the dtv leads this far into the dtv's block */

struct holes { /* address ranges that are not roots */
	struct root_range *items;
	size_t count, room;
};

static void add_range(struct roots *roots, uint64_t start, uint64_t end, const struct root_range *kind)
{
	if (start >= end)
		return;
	GROW(roots->ranges, roots->room, roots->count + 1);
	roots->ranges[roots->count++] = (struct root_range){start, end, kind->allocator, kind->loader};
}

static void add_word(struct roots *roots, uint64_t word)
{
	GROW(roots->words, roots->word_room, roots->word_count + 1);
	roots->words[roots->word_count++] = word;
}

static void add_hole(struct holes *holes, uint64_t start, uint64_t end)
{
	if (start >= end)
		return;
	GROW(holes->items, holes->room, holes->count + 1);
	holes->items[holes->count++] = (struct root_range){.start = start, .end = end};
}

/* ---- the heap ---------------------------------------------------------------------------- */

static void add_block_holes(struct holes *holes, const struct root_request *request)
{
	for (size_t i = 0; i < request->block_count;) {
		uint64_t start = request->blocks[i].address, end = start + request->blocks[i].size;
		for (i++; i < request->block_count && request->blocks[i].address <= end + NEAR; i++)
			if (request->blocks[i].address + request->blocks[i].size > end)
				end = request->blocks[i].address + request->blocks[i].size;
		add_hole(holes, start, end);
	}
}

/* struct heap_info of glibc: the arena, the previous heap, the heap's size, and how much of it is accessible. */
static uint64_t arena_heap_end(const struct target *target, uint64_t at, const struct target_map *map)
{
	uint64_t info[4];

	target_read(target, at, info, sizeof info);
	uint64_t arena = info[0] & ~(ARENA_BYTES - 1), size = info[2], usable = info[3];
	bool first = arena == at && info[0] - at <= PAGE && !info[1];
	bool later = arena != at && info[1] && !(info[1] & (ARENA_BYTES - 1)) && target_map_at(target, info[0]);
	if ((!first && !later) || !size || size > usable || usable > ARENA_BYTES || size % PAGE || usable % PAGE)
		return 0;
	return at + usable < map->end ? at + usable : map->end;
}

static void add_arena_holes(struct holes *holes, const struct target *target, const struct target_map *map)
{
	uint64_t at = (map->start + ARENA_BYTES - 1) & ~(ARENA_BYTES - 1);

	for (; at < map->end && at >= map->start; at += ARENA_BYTES) {
		uint64_t end = arena_heap_end(target, at, map);
		if (end)
			add_hole(holes, at, end);
	}
}

/* [heap] belongs to malloc, except for memory that the program itself took with brk. */
static void add_brk_holes(struct holes *holes, const struct root_request *request, const struct target_map *map)
{
	uint64_t start = request->brk_start, end = request->brk_end;

	if (start >= end)
		return;
	add_hole(holes, map->start, start < map->end ? start : map->end);
	add_hole(holes, end > map->start ? end : map->start, map->end);
}

/* ---- stacks ------------------------------------------------------------------------------- */

static void add_live_stack(struct holes *holes, const struct root_request *request, const struct target_thread *thread)
{
	const struct target_map *map = target_map_at(request->target, thread->sp);
	bool own = map && (map->kind == MAP_MAIN_STACK ||
	                   (thread->thread_pointer >= thread->sp && thread->thread_pointer < map->end));

	if (!own)
		return; /* the thread runs on a stack that the program made: both stacks are scanned whole */
	uint64_t low = map->start;
	/* Stacks without a guard page between them lie in one mapping: this one ends at the next thread's
	 * descriptor. */
	for (size_t i = 0; i < request->thread_count; i++) {
		uint64_t other = request->threads[i].pthread;
		if (other >= low && other < thread->sp)
			low = (other + PTHREAD_BYTES + PAGE - 1) & ~(PAGE - 1);
	}
	uint64_t red_zone = thread->own_frames ? 0 : RED_ZONE;
	add_hole(holes, low, thread->sp > red_zone ? thread->sp - red_zone : 0);
}

static bool is_descriptor(const struct target *target, uint64_t pthread, uint64_t *dtv)
{
#if defined(__x86_64__)
	uint64_t words[3];

	target_read(target, pthread, words, sizeof words);
	*dtv = words[PTHREAD_DTV / 8];
	return pthread && words[0] == pthread && words[PTHREAD_SELF / 8] == pthread;
#else
	(void)target, (void)pthread, (void)dtv;
	return false;
#endif
}

static bool has_live_thread(const struct root_request *request, uint64_t pthread)
{
	for (size_t i = 0; i < request->target->thread_count; i++)
		if (request->target->threads[i].thread_pointer == pthread)
			return true;
	return false;
}

/* A stack that glibc keeps for the next thread.  Its thread-local variables end below the descriptor. */
static void add_dead_stack(struct holes *holes, struct roots *roots, const struct root_request *request,
                           const struct root_thread *thread)
{
	const struct target_map *map = target_map_at(request->target, thread->pthread);
	uint64_t dtv, low;

	if (!map || map->kind != MAP_ANONYMOUS_MEMORY || !is_descriptor(request->target, thread->pthread, &dtv))
		return;
	low = map->start;
	for (size_t i = 0; i < request->thread_count; i++) {
		uint64_t other = request->threads[i].pthread;
		if (other >= low && other < thread->pthread)
			low = (other + PTHREAD_BYTES + PAGE - 1) & ~(PAGE - 1);
	}
	add_hole(holes, low, thread->gone ? thread->pthread + PTHREAD_BYTES : thread->pthread);
	add_word(roots, dtv - DTV_HEADER);
}

static void add_main_stack_left(struct holes *holes, const struct target *target)
{
	for (size_t i = 0; i < target->thread_count; i++)
		if (target->threads[i].tid == target->pid)
			return;
	for (size_t i = 0; i < target->map_count; i++)
		if (target->maps[i].kind == MAP_MAIN_STACK)
			add_hole(holes, target->maps[i].start, target->maps[i].end);
}

static void add_threads(struct holes *holes, struct roots *roots, const struct root_request *request)
{
	const struct target *target = request->target;

	for (size_t i = 0; i < target->thread_count; i++) {
		const struct target_thread *thread = &target->threads[i];
		uint64_t dtv;
		if (!thread->tid)
			continue;
		for (unsigned k = 0; k < thread->register_count; k++)
			add_word(roots, thread->registers[k]);
		add_live_stack(holes, request, thread);
		if (is_descriptor(target, thread->thread_pointer, &dtv))
			add_word(roots, dtv - DTV_HEADER);
	}
	for (size_t i = 0; i < request->thread_count; i++)
		if (request->threads[i].ended && !has_live_thread(request, request->threads[i].pthread))
			add_dead_stack(holes, roots, request, &request->threads[i]);
	if (target->thread_count)
		add_main_stack_left(holes, target);
}

/* ---- the shim --------------------------------------------------------------------------------- */

static void add_own(struct holes *holes, struct roots *roots, const struct root_request *request)
{
	struct rt_own own;
	uint64_t at = request->own;

	for (unsigned i = 0; at && i < OWN_MOST; i++, at = own.next) {
		target_read(request->target, at, &own, sizeof own);
		if (!own.bytes || own.bytes > OWN_BYTES_MOST)
			return;
		add_hole(holes, at, at + own.bytes);
		add_word(roots, own.argument);
	}
}

/* ---- another allocator than glibc's ------------------------------------------------------------ */

static void add_allocator(struct holes *holes, struct roots *roots, const struct allocator_memory *memory)
{
	for (size_t i = 0; i < memory->ranges.count; i++)
		add_hole(holes, memory->ranges.items[i].start, memory->ranges.items[i].end);
	for (size_t i = 0; i < memory->kept_count; i++)
		add_word(roots, memory->kept[i]);
}

/* ---- mappings, less the holes ---------------------------------------------------------------- */

static int by_start(const void *a, const void *b)
{
	const struct root_range *x = a, *y = b;

	return compare_numbers(x->start, y->start);
}

static bool is_module(const struct target_map *map, const char *begins, const char * or)
{
	const char *slash = map->kind == MAP_FILE ? strrchr(map->path, '/') : NULL;

	return slash && (!strncmp(slash + 1, begins, strlen(begins)) || !strncmp(slash + 1, or, strlen(or)));
}

static bool is_libc(const struct target_map *map) { return is_module(map, "libc.so", "libc-"); }
static bool is_loader(const struct target_map *map) { return is_module(map, "ld-linux", "ld-2."); }

static bool may_hold_roots(const struct target_map *map, const struct root_request *request)
{
	if (map->kind == MAP_NO_MEMORY)
		return false;
	if (map->kind == MAP_BRK_HEAP)
		return request->heap_is_root || request->brk_start < request->brk_end;
	if (map->kind == MAP_FILE && strstr(map->path, request->ring_name))
		return false;
	/* A mapping without access rights may have had some before.  Only pages that exist are read. */
	return !map->executable || map->writable;
}

/* Holes and maps are both sorted: *next is the first hole that may overlap this map. */
static void add_map(struct roots *roots, const struct target_map *map, const struct holes *holes, size_t *next,
                    const struct root_range *kind)
{
	uint64_t at = map->start;

	while (*next < holes->count && holes->items[*next].end <= at)
		++*next;
	for (size_t i = *next; i < holes->count && holes->items[i].start < map->end; i++) {
		if (holes->items[i].start > at)
			add_range(roots, at, holes->items[i].start, kind);
		if (holes->items[i].end > at)
			at = holes->items[i].end;
	}
	add_range(roots, at, map->end, kind);
}

/* Merges overlapping holes, so that one pass along them is enough. */
static void merge_holes(struct holes *holes)
{
	size_t kept = 0;

	if (!holes->count)
		return;
	qsort(holes->items, holes->count, sizeof *holes->items, by_start);
	for (size_t i = 1; i < holes->count; i++) {
		if (holes->items[i].start > holes->items[kept].end)
			holes->items[++kept] = holes->items[i];
		else if (holes->items[i].end > holes->items[kept].end)
			holes->items[kept].end = holes->items[i].end;
	}
	holes->count = kept + 1;
}

void roots_find(struct roots *roots, const struct root_request *request)
{
	const struct target *target = request->target;
	struct holes holes = {0};
	size_t next = 0;

	*roots = (struct roots){0};
	add_block_holes(&holes, request);
	add_threads(&holes, roots, request);
	add_own(&holes, roots, request);
	for (size_t i = 0; i < target->map_count && !request->heap_is_root; i++)
		if (target->maps[i].kind == MAP_ANONYMOUS_MEMORY && target->maps[i].writable)
			add_arena_holes(&holes, target, &target->maps[i]);
		else if (target->maps[i].kind == MAP_BRK_HEAP)
			add_brk_holes(&holes, request, &target->maps[i]);
	if (request->allocator)
		add_allocator(&holes, roots, request->allocator);
	merge_holes(&holes);
	for (size_t i = 0; i < target->map_count; i++) {
		const struct target_map *map = &target->maps[i];
		struct root_range kind = {.allocator = request->heap_is_root || is_libc(map), .loader = is_loader(map)};
		if (may_hold_roots(map, request))
			add_map(roots, map, &holes, &next, &kind);
	}
	free(holes.items);
}

void roots_free(struct roots *roots)
{
	free(roots->ranges);
	free(roots->words);
	*roots = (struct roots){0};
}
