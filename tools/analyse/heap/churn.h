/*
 * Churn: allocation sites whose blocks come and go.  Few blocks are live at a time, all are of one size class of
 * malloc, and most of them could reuse a block that was freed before.
 *
 * The finding says exactly how many allocations a free list of the program would save there.  A list that is never
 * trimmed holds as many blocks as were ever live at once, and only that many have to be allocated.
 */
#ifndef RINGTAIL_ANALYSE_CHURN_H
#define RINGTAIL_ANALYSE_CHURN_H

#include <stdint.h>

#include "tools/finding/findings.h"

/* Numbers about the freed blocks of one site. */
struct churn {                      /* zeroed: none yet */
	uint32_t most_live;         /* the most blocks of the site that were live at a time */
	uint32_t smallest, largest; /* bytes; UINT32_MAX: that many or more */
};

static inline uint32_t churn_clamp(uint64_t number) { return number < UINT32_MAX ? (uint32_t)number : UINT32_MAX; }

/* A block of the site is freed.  live: the number of the site's live blocks, this one included. */
static inline void churn_freed(struct churn *churn, uint64_t size, uint64_t live)
{
	uint32_t bytes = churn_clamp(size), blocks = churn_clamp(live);

	if (blocks > churn->most_live)
		churn->most_live = blocks;
	if (bytes > churn->largest)
		churn->largest = bytes;
	if (bytes < churn->smallest || !churn->smallest)
		churn->smallest = bytes;
}

struct heap_site;
struct heap_counts;

/* Adds a finding if the site's churn is large enough.  totals: of the process. */
void churn_report(const struct churn *churn, const struct heap_site *site, const struct heap_counts *totals,
                  struct finding_list *findings);

#endif
