/*
 * Live bytes over time by site, in a bounded number of looks: each notes what the largest sites hold at that moment.
 *
 * A look goes through all sites.  So there is one only after as many events as there are sites, and the cost for each
 * event is bounded.  When there are too many looks, every second one is dropped and they come half as
 * often.
 */
#ifndef RINGTAIL_ANALYSE_HEAP_LEVELS_H
#define RINGTAIL_ANALYSE_HEAP_LEVELS_H

#include "tools/analyse/heap/heap.h"
#include "tools/analyse/heap/heap_sites.h"

#define LEVEL_LOOKS 64 /* at most */
#define LEVEL_SITES 48 /* the most sites of a look */
#define LEVEL_KEPT  32 /* the most sites of the result */

struct level_look {
	struct heap_level whole;              /* of the process */
	struct heap_level sites[LEVEL_SITES]; /* most bytes first */
	unsigned count;
};

struct levels {
	struct level_look looks[LEVEL_LOOKS + 1]; /* the last place is for the peak */
	unsigned count;
	uint64_t events, next, stride; /* events so far; their number at the next look; events between looks */
	struct heap_level *results;    /* set by levels_finish */
	size_t result_count;
};

void levels_init(struct levels *levels);
void levels_free(struct levels *levels);
/* whole: what the process holds now. */
void levels_look(struct levels *levels, const struct site_table *sites, struct heap_level whole);
/* Adds a look at the peak, of which the results know every site's share.  Then chooses the sites of the result: those
 * that held most in any look.  peak: of the process; stamp 0: it never had a live block. */
void levels_finish(struct levels *levels, const struct heap_site *results, size_t count, struct heap_level peak);

static inline bool levels_due(struct levels *levels) { return ++levels->events >= levels->next; }

#endif
