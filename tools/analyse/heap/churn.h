/*
 * Sites whose blocks come and go: few are live at a time, all are of one size class of malloc's, and most of them could be ones
 * that were freed before.  What a free list of the program's own would save there, exactly: a list that is never
 * trimmed holds as many blocks as were ever live at once, and only those have to be allocated.
 */
#ifndef RINGTAIL_ANALYSE_CHURN_H
#define RINGTAIL_ANALYSE_CHURN_H

#include <stdint.h>

#include "tools/finding/findings.h"

/* Of one site, the blocks that were freed. */
struct churn { /* zeroed: none yet */
	uint32_t most_live; /* of the site's blocks at a time */
	uint32_t smallest, largest; /* bytes; UINT32_MAX: so many or more */
};

static inline uint32_t churn_clamp(uint64_t number) { return number < UINT32_MAX ? (uint32_t)number : UINT32_MAX; }

/* A block is freed; live: the site's, with this one. */
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

/* Where it is worth the trouble; totals: of the process. */
void churn_report(const struct churn *churn, const struct heap_site *site, const struct heap_counts *totals,
                  struct finding_list *findings);

#endif
