/*
 * A scan of a process whose ring is being read: what can reach each of its live blocks.
 *
 * What it found are numbers for each allocation site, so that it can be kept in a small file beside the ring: a program
 * without a live reader has its last memory looked at by a tool of its own, and the report is made later.
 */
#ifndef RINGTAIL_SCAN_LEAK_SCAN_H
#define RINGTAIL_SCAN_LEAK_SCAN_H

#include "tools/finding/leak_groups.h"
#include "tools/recording/recording.h"
#include "tools/scan/graph.h"

/* A scan in two steps, as the program need not wait for the second. */
struct leak_look { /* at a process's memory: all that is needed of it */
	struct graph graph;
	struct live_block *blocks;
	uint64_t since; /* CLOCK_MONOTONIC ns of the beginning */
	bool complete;
};

/* Stops the process, delivers the rest of its events to its analysis, reads its memory, and lets it go on.  False:
 * scan->why_not tells.  *look is to be freed in any case. */
bool leak_scan_look(struct leak_look *look, struct leak_scan *scan, struct recording *recording,
                    const struct scan_tick *tick);
/* Classes the blocks that were seen.  The result is in *scan in any case. */
void leak_scan_conclude(struct leak_look *look, struct leak_scan *scan, const struct recording *recording,
                        const struct scan_tick *tick);
void leak_look_free(struct leak_look *look);

/* Both. */
void leak_scan_run(struct leak_scan *scan, struct recording *recording, const struct scan_tick *tick);

/* RING without .ring, with .scan.  Malloced. */
char *leak_scan_path(const char *ring_path);
bool leak_scan_write(const struct leak_scan *scan, const char *path);
/* False: there is none, or it makes no sense. */
bool leak_scan_read(struct leak_scan *scan, const char *path);

#endif
