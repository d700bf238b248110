/*
 * A scan of a process whose ring is being read: what can reach each of its live blocks.
 *
 * What it found are numbers for each allocation site, so that it can be kept in a small file beside the ring: a program
 * without a live reader has its last memory looked at by a tool of its own, and the report is made later.
 */
#ifndef RINGTAIL_SCAN_LEAK_SCAN_H
#define RINGTAIL_SCAN_LEAK_SCAN_H

#include "tools/analyse/leak_groups.h"
#include "tools/recording.h"
#include "tools/scan/graph.h"

/* Stops the process, delivers the rest of its events to its analysis, reads its memory, lets it go on, and classes its
 * blocks.  The result is in *scan in any case. */
void leak_scan_run(struct leak_scan *scan, struct recording *recording, const struct scan_tick *tick);

/* RING without .ring, with .scan.  Malloced. */
char *leak_scan_path(const char *ring_path);
bool leak_scan_write(const struct leak_scan *scan, const char *path);
/* False: there is none, or it makes no sense. */
bool leak_scan_read(struct leak_scan *scan, const char *path);

#endif
