/* What an allocator has mapped, by the events of its calls and the program's. */
#include <criterion/criterion.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tools/analyse/heap/allocator_maps.h"

#define PAGE  UINT64_C(4096)
#define BASE  UINT64_C(0x7f0000000000)
#define PAGES 64u

static void tell(struct allocator_maps *maps, unsigned type, unsigned aux, uint64_t at, uint64_t bytes)
{
	allocator_maps_event(maps,
	                     &(struct event){.type = (uint8_t)type, .aux = (uint16_t)aux, .object = at, .size = bytes});
}

static bool has(const struct allocator_maps *maps, uint64_t address)
{
	for (size_t i = 0; i < maps->count; i++)
		if (address >= maps->items[i].start && address < maps->items[i].end)
			return true;
	return false;
}

static void expect_in_order(const struct allocator_maps *maps)
{
	for (size_t i = 0; i < maps->count; i++) {
		cr_assert_lt(maps->items[i].start, maps->items[i].end);
		cr_assert(!i || maps->items[i - 1].end < maps->items[i].start, "maps %zu and %zu touch", i - 1, i);
	}
}

/* Page by page, against an array with a mark for each page. */
Test(allocator_maps, are_what_the_calls_leave)
{
	struct allocator_maps maps = {0};
	bool expected[PAGES] = {false};

	srand(1);
	for (unsigned round = 0; round < 20000; round++) {
		unsigned from = (unsigned)rand() % PAGES, count = 1 + (unsigned)rand() % (PAGES - from);
		unsigned what = (unsigned)rand() % 4;
		bool its = what < 2; /* else the program maps there, or some thread unmaps */

		tell(&maps, what == 3 ? RT_UNMAP : RT_MAP, its ? RT_MAP_BY_ALLOCATOR : 0, BASE + from * PAGE,
		     count * PAGE - (unsigned)rand() % PAGE);
		memset(expected + from, its, count);
		expect_in_order(&maps);
		for (unsigned i = 0; i < PAGES; i++)
			cr_assert_eq(has(&maps, BASE + i * PAGE), expected[i], "round %u, page %u", round, i);
	}
	allocator_maps_free(&maps);
}

Test(allocator_maps, hold_nothing_of_no_bytes)
{
	struct allocator_maps maps = {0};

	tell(&maps, RT_MAP, RT_MAP_BY_ALLOCATOR, BASE, 0);
	tell(&maps, RT_MAP, RT_MAP_BY_ALLOCATOR, BASE, UINT64_MAX);
	tell(&maps, RT_MALLOC, 1, BASE, 4096);
	cr_expect_eq(maps.count, 0);
	allocator_maps_free(&maps);
}
