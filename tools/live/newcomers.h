/*
 * Newcomers: living processes of a run that have no ring yet.
 *
 *   - A forked child makes its ring with its first hooked call, which may come at any time.  Until then it has
 *     the ring of its parent mapped, as fork left it.
 *   - A new image after exec makes its ring when the loader has loaded the library.  Until then its environment names
 *     the run.
 *
 * /proc shows the mappings and the environment of any process, even if its parent has ended.  So when no ring is being
 * read any more and there are no newcomers, the run will record nothing more.
 */
#ifndef RINGTAIL_NEWCOMERS_H
#define RINGTAIL_NEWCOMERS_H

#include <stdint.h>
#include <sys/types.h>

#include "tools/base/u64_map.h"

struct newcomers {
	char *rings;            /* the prefix of the paths of the run's rings */
	char *setting;          /* the text by which RINGTAIL in an environment names the run */
	pid_t command;          /* the first process of the run, a child of this one */
	uint64_t since;         /* its start, in ticks since boot: no newcomer is older */
	struct u64_map entered; /* images without a ring: when each was first seen */
};

/* run: an absolute path. */
void newcomers_init(struct newcomers *newcomers, const char *run, pid_t command);
void newcomers_free(struct newcomers *newcomers);

/* The number of newcomers.  now: CLOCK_MONOTONIC ns.  An image that has made no ring within ten seconds no longer
 * counts: it cannot be watched. */
unsigned newcomers_count(struct newcomers *newcomers, uint64_t now);

#endif
