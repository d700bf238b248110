/*
 * Newcomers: processes of a run that live and have no ring yet.
 *
 *   - A forked child begins its ring with its first hooked call, which may come at any time.  Until then it has the ring of
 *     its parent mapped, as fork left it.
 *   - An image that exec has entered begins when the loader has brought the library in.  Until then the environment that it
 *     was given names the run.
 *
 * /proc shows both of any process, whoever its parent is by now.  So while nobody reads a ring, and no newcomer is there,
 * nothing more will be recorded.
 */
#ifndef RINGTAIL_NEWCOMERS_H
#define RINGTAIL_NEWCOMERS_H

#include <stdint.h>
#include <sys/types.h>

#include "tools/base/u64_map.h"

struct newcomers {
	char *rings;    /* what the paths of the run's rings begin with */
	char *setting;  /* how RINGTAIL names the run */
	pid_t command;  /* the first process of the run, our child */
	uint64_t since; /* when it started, in ticks since boot: no newcomer is older */
	struct u64_map entered; /* images without a ring: when each was first met */
};

/* run: an absolute path. */
void newcomers_init(struct newcomers *newcomers, const char *run, pid_t command);
void newcomers_free(struct newcomers *newcomers);

/* now: CLOCK_MONOTONIC ns.  An image that has made no ring for ten seconds is none any more: it cannot be watched. */
unsigned newcomers_count(struct newcomers *newcomers, uint64_t now);

#endif
