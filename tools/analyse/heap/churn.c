#include "tools/analyse/heap/churn.h"

#include <stdio.h>

#include "tools/analyse/heap/heap.h"
#include "tools/base/format.h"

#define SAVED_LEAST  1000u /* allocations */
#define SAVED_SHARE  100u  /* at least one in so many of the process's allocations */
#define REUSES_LEAST 16u   /* of each block of the free list */
/* of glibc's malloc: chunks are multiples of 16 bytes, and 8 bytes of each are malloc's own */
#define CHUNK_HEADER 8u
#define CHUNK_ALIGN  16u
#define CHUNK_LEAST  32u

static uint64_t chunk_bytes(uint64_t size)
{
	uint64_t chunk = (size + CHUNK_HEADER + CHUNK_ALIGN - 1) & ~(uint64_t)(CHUNK_ALIGN - 1);

	return chunk < CHUNK_LEAST ? CHUNK_LEAST : chunk;
}

/* The number of allocations that a block freed before at the site could have served. */
static uint64_t saved_by_list(const struct churn *churn, const struct heap_counts *counts)
{
	uint64_t most = counts->live_blocks > churn->most_live ? counts->live_blocks : churn->most_live;
	uint64_t served = counts->frees < counts->allocations ? counts->frees : counts->allocations;

	return served > most ? served - most : 0;
}

static bool is_worth_it(const struct churn *churn, const struct heap_counts *counts, const struct heap_counts *totals,
                        uint64_t saved)
{
	return saved >= SAVED_LEAST && saved >= totals->allocations / SAVED_SHARE &&
	       saved / REUSES_LEAST >= churn->most_live && churn->largest < UINT32_MAX &&
	       chunk_bytes(churn->smallest) == chunk_bytes(churn->largest);
}

static void write_sizes(const struct churn *churn, char *text, size_t room)
{
	if (churn->smallest == churn->largest)
		snprintf(text, room, "%u bytes", churn->largest);
	else
		snprintf(text, room, "%u to %u bytes", churn->smallest, churn->largest);
}

void churn_report(const struct churn *churn, const struct heap_site *site, const struct heap_counts *totals,
                  struct finding_list *findings)
{
	uint64_t saved = saved_by_list(churn, &site->counts);
	struct finding *finding;
	char sizes[48];

	if (!is_worth_it(churn, &site->counts, totals, saved))
		return;
	finding = finding_add(findings, FINDING_POOL_CHURN);
	finding->times = saved;
	write_sizes(churn, sizes, sizeof sizes);
	finding_message(
	    finding,
	    "%llu of %llu blocks of %s allocated here could reuse a block freed before: a free list of at most %u %s "
	    "and "
	    "%llu bytes would save as many calls to allocate and to free (%.1f %% of the process's), and %llu bytes",
	    (unsigned long long)saved, (unsigned long long)site->counts.allocations, sizes, churn->most_live,
	    plural(churn->most_live, "block", "blocks"), (unsigned long long)churn->most_live * churn->largest,
	    100.0 * (double)saved / (double)totals->allocations, (unsigned long long)(saved * churn->largest));
	finding_add_stack(finding, "allocated here", 0, 0, site->stack);
}
