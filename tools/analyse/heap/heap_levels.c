#include "tools/analyse/heap/heap_levels.h"

#include <stdlib.h>
#include <string.h>

#include "tools/base/memory.h"
#include "tools/base/u64_map.h"

#define FIRST_STRIDE 64 /* events; short processes have few looks */

void levels_init(struct levels *levels)
{
	levels->stride = FIRST_STRIDE;
	levels->next = levels->stride;
}

void levels_free(struct levels *levels) { free(levels->results); }

/* The last of each pair stays, so that the latest look does. */
static void halve(struct levels *levels)
{
	for (unsigned i = 0; i < LEVEL_LOOKS / 2; i++)
		levels->looks[i] = levels->looks[2 * i + 1];
	levels->count = LEVEL_LOOKS / 2;
	levels->stride *= 2;
}

/* Puts the level among the look's largest, if it is one of them. */
static void put(struct level_look *look, struct heap_level level)
{
	unsigned at = look->count;

	if (at == LEVEL_SITES && look->sites[at - 1].live_bytes >= level.live_bytes)
		return;
	if (at == LEVEL_SITES)
		at--;
	else
		look->count++;
	for (; at > 0 && look->sites[at - 1].live_bytes < level.live_bytes; at--)
		look->sites[at] = look->sites[at - 1];
	look->sites[at] = level;
}

void levels_look(struct levels *levels, const struct site_table *sites, struct heap_level whole)
{
	if (levels->count == LEVEL_LOOKS)
		halve(levels);
	struct level_look *look = &levels->looks[levels->count++];

	*look = (struct level_look){.whole = whole};
	for (size_t i = 0; i < sites->count; i++) {
		const struct heap_counts *counts = &sites->items[i].holder.counts;

		if (counts->live_bytes)
			put(look, (struct heap_level){.stamp = whole.stamp,
			                              .site = (uint32_t)i + 1,
			                              .live_bytes = counts->live_bytes,
			                              .live_blocks = counts->live_blocks});
	}
	levels->next = levels->events + (sites->count > levels->stride ? sites->count : levels->stride);
}

static void look_at_peak(struct levels *levels, const struct heap_site *results, size_t count, struct heap_level peak)
{
	unsigned at = levels->count++;

	for (; at > 0 && levels->looks[at - 1].whole.stamp > peak.stamp; at--)
		levels->looks[at] = levels->looks[at - 1];
	levels->looks[at] = (struct level_look){.whole = peak};
	for (size_t i = 0; i < count; i++)
		if (results[i].counts.peak_bytes)
			put(&levels->looks[at], (struct heap_level){.stamp = peak.stamp,
			                                            .site = (uint32_t)i + 1,
			                                            .live_bytes = results[i].counts.peak_bytes,
			                                            .live_blocks = results[i].counts.peak_blocks});
}

/* ---- the result ------------------------------------------------------------------ */

struct most { /* that a site held in any look */
	uint64_t bytes;
	uint32_t site;
};

static int by_bytes(const void *left, const void *right)
{
	const struct most *a = left, *b = right;

	if (a->bytes != b->bytes)
		return a->bytes < b->bytes ? 1 : -1;
	return a->site < b->site ? -1 : a->site > b->site;
}

/* Returns how many sites there are in `all`, which has room for each entry of each look; most bytes first. */
static unsigned rank(const struct levels *levels, struct most *all)
{
	struct u64_map places = {0}; /* site -> index + 1 */
	unsigned count = 0;

	for (unsigned i = 0; i < levels->count; i++)
		for (unsigned k = 0; k < levels->looks[i].count; k++) {
			const struct heap_level *level = &levels->looks[i].sites[k];
			uint64_t place = u64_map_get(&places, level->site);

			if (!place) {
				all[count++] = (struct most){.site = level->site};
				place = count;
				u64_map_put(&places, level->site, place);
			}
			if (level->live_bytes > all[place - 1].bytes)
				all[place - 1].bytes = level->live_bytes;
		}
	u64_map_free(&places);
	qsort(all, count, sizeof *all, by_bytes);
	return count < LEVEL_KEPT ? count : LEVEL_KEPT;
}

static bool is_kept(const struct most *kept, unsigned count, uint32_t site)
{
	for (unsigned i = 0; i < count; i++)
		if (kept[i].site == site)
			return true;
	return false;
}

void levels_finish(struct levels *levels, const struct heap_site *results, size_t count, struct heap_level peak)
{
	struct most *all = memory_zeroed((LEVEL_LOOKS + (size_t)1) * LEVEL_SITES, sizeof *all);
	unsigned kept;

	if (peak.stamp)
		look_at_peak(levels, results, count, peak);
	kept = rank(levels, all);
	levels->results = memory_zeroed((LEVEL_LOOKS + (size_t)1) * (LEVEL_KEPT + 1), sizeof *levels->results);
	for (unsigned i = 0; i < levels->count; i++) {
		const struct level_look *look = &levels->looks[i];

		levels->results[levels->result_count++] = look->whole;
		for (unsigned k = 0; k < look->count; k++)
			if (is_kept(all, kept, look->sites[k].site))
				levels->results[levels->result_count++] = look->sites[k];
	}
	free(all);
}
