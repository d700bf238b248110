#include "tools/analyse/threads/thread_sites.h"

#include <stdlib.h>

#include "tools/base/u64_map.h"
#include "tools/base/memory.h"

#define GROWN_LEAST 8u /* fewer threads are not reported */

struct change { /* of the number of live threads: one is made, or ends */
	uint64_t stamp;
	size_t site;
	int by;
};

struct search {
	struct u64_map by_stack; /* index + 1 */
	struct thread_site *sites;
	size_t count, room;
	struct change *changes;
	size_t change_count;
	uint64_t end;
};

static bool was_made(const struct thread_result *thread) { return thread->created_by && thread->created_stack; }

static size_t site_of(struct search *search, const struct thread_result *thread)
{
	uint64_t found = u64_map_get(&search->by_stack, thread->created_stack);

	if (found)
		return found - 1;
	GROW(search->sites, search->room, search->count + 1);
	search->sites[search->count] = (struct thread_site){.stack = thread->created_stack, .first = thread->created};
	u64_map_put(&search->by_stack, thread->created_stack, search->count + 1);
	return search->count++;
}

static void add_thread(struct search *search, const struct thread_result *thread)
{
	size_t index = site_of(search, thread);
	struct thread_site *site = &search->sites[index];

	site->made++;
	site->live += !thread->ended;
	if (thread->created < site->first)
		site->first = thread->created;
	search->changes[search->change_count++] = (struct change){thread->created, index, 1};
	if (thread->ended)
		search->changes[search->change_count++] = (struct change){thread->ended, index, -1};
}

/* At equal stamps, ends come before creations. */
static int in_time(const void *left, const void *right)
{
	const struct change *a = left, *b = right;

	if (a->stamp != b->stamp)
		return a->stamp < b->stamp ? -1 : 1;
	return a->by - b->by;
}

/* The quarter of the site's time in which the stamp lies, 0 to THREAD_QUARTERS - 1. */
static unsigned quarter_of(const struct thread_site *site, uint64_t stamp, uint64_t end)
{
	uint64_t length = end > site->first ? end - site->first : 1, at = stamp - site->first;
	unsigned quarter = (unsigned)((double)at / (double)length * THREAD_QUARTERS);

	return quarter < THREAD_QUARTERS ? quarter : THREAD_QUARTERS - 1;
}

/* live_at first holds the changes within each quarter. */
static void follow_changes(struct search *search)
{
	uint32_t *live = memory_zeroed(search->count, sizeof *live);

	qsort(search->changes, search->change_count, sizeof *search->changes, in_time);
	for (size_t i = 0; i < search->change_count; i++) {
		const struct change *change = &search->changes[i];
		struct thread_site *site = &search->sites[change->site];
		unsigned quarter = quarter_of(site, change->stamp, search->end);

		live[change->site] += (uint32_t)change->by;
		for (unsigned q = quarter; q < THREAD_QUARTERS; q++)
			site->live_at[q] += (uint32_t)change->by;
		if (live[change->site] > site->peak) {
			site->peak = live[change->site];
			site->peak_at = change->stamp;
		}
	}
	free(live);
}

static bool grows(const struct thread_site *site)
{
	for (unsigned q = 1; q < THREAD_QUARTERS; q++)
		if (site->live_at[q] <= site->live_at[q - 1])
			return false;
	return site->live_at[THREAD_QUARTERS - 1] >= GROWN_LEAST;
}

struct thread_site *thread_sites_find(const struct thread_result *threads, size_t thread_count, uint64_t end,
                                      size_t *count)
{
	struct search search = {.end = end, .changes = memory_zeroed(2 * thread_count, sizeof *search.changes)};

	for (size_t i = 0; i < thread_count; i++)
		if (was_made(&threads[i]))
			add_thread(&search, &threads[i]);
	follow_changes(&search);
	for (size_t i = 0; i < search.count; i++)
		search.sites[i].grows = grows(&search.sites[i]);
	u64_map_free(&search.by_stack);
	free(search.changes);
	*count = search.count;
	return search.sites;
}

void thread_sites_report(const struct thread_site *sites, size_t count, struct finding_list *findings)
{
	for (size_t i = 0; i < count; i++) {
		struct finding *finding;

		if (!sites[i].grows)
			continue;
		finding = finding_add(findings, FINDING_THREAD_LEAK_GROWING);
		finding_message(finding, "the number of live threads made here kept growing: more are made than end");
		finding_add_stack(finding, "created here", 0, sites[i].first, sites[i].stack);
		finding->times = sites[i].live;
	}
}
