/*
 * A leak scan of a process whose ring is being read: finds what can reach each of its live blocks.
 *
 * The result is a few numbers for each allocation site, and fits into a small file beside the ring.  A program without
 * a live reader needs that: a separate tool (ringtail-scan) scans it at its end, and the report is made later.
 */
#ifndef RINGTAIL_SCAN_LEAK_SCAN_H
#define RINGTAIL_SCAN_LEAK_SCAN_H

#include "tools/finding/leak_groups.h"
#include "tools/scan/graph.h"
#include "tools/scan/subject.h"

/* A scan has two steps, so that the program need not wait for the second. */
struct leak_snapshot { /* result of the first step: all that the second needs from the process's memory */
	struct graph graph;
	struct live_block *blocks;
	uint64_t since; /* when the scan began, CLOCK_MONOTONIC ns */
	bool complete;
};

/* First step: stops the process, delivers the rest of its events to the subject, reads its memory, and lets it go on.
 * False: scan->why_not tells why.  The caller frees *snapshot in either case. */
bool leak_scan_snapshot(struct leak_snapshot *snapshot, struct leak_scan *scan, const struct scan_subject *subject,
                        const struct scan_tick *tick);
/* Second step: finds the class of each block.  The result is in *scan, also after a first step that failed. */
void leak_scan_conclude(struct leak_snapshot *snapshot, struct leak_scan *scan, const struct scan_subject *subject,
                        const struct scan_tick *tick);
void leak_snapshot_free(struct leak_snapshot *snapshot);

/* Both steps. */
void leak_scan_run(struct leak_scan *scan, const struct scan_subject *subject, const struct scan_tick *tick);

/* The path of a ring's scan file: .scan in place of .ring.  Malloced. */
char *leak_scan_path(const char *ring_path);
/* 0, or the errno of why it could not be written. */
int leak_scan_write(const struct leak_scan *scan, const char *path);
/* False: there is no such file, or its content is not valid. */
bool leak_scan_read(struct leak_scan *scan, const char *path);

#endif
