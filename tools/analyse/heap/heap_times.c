#include "tools/analyse/heap/heap_times.h"

#include <stdlib.h>

#include "tools/base/memory.h"
#include "tools/base/search.h"

#define ENTRIES_MOST 4096u

void heap_times_free(struct heap_times *times)
{
	free(times->entries);
	*times = (struct heap_times){0};
}

static void thin(struct heap_times *times)
{
	for (size_t i = 1; i < times->count; i += 2)
		times->entries[i / 2] = times->entries[i];
	times->count /= 2;
	times->step *= 2;
}

void heap_times_keep(struct heap_times *times, uint64_t stamp)
{
	if (!times->entries) {
		times->entries = memory_zeroed(ENTRIES_MOST, sizeof *times->entries);
		times->step = 1;
	}
	if (times->count == ENTRIES_MOST)
		thin(times);
	times->entries[times->count++] = (struct heap_time){stamp, times->allocations};
	times->next = times->allocations + times->step;
}

bool heap_times_after(const struct heap_times *times, uint64_t stamp, uint64_t *number)
{
	size_t before = count_below(times->entries, times->count, sizeof *times->entries, stamp);

	if (before == times->count || times->allocations > UINT32_MAX) /* blocks keep 32 bits of their numbers */
		return false;
	*number = times->entries[before].number;
	return true;
}
