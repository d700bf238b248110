/*
 * A small analysis that keeps only live blocks and threads: all that a leak scan needs from a program's events.
 *
 * A program without a live reader waits at its end until all of its events have been read.  The full analysis would
 * take several times as long; it reads the same events later.
 */
#ifndef RINGTAIL_SCAN_LIVE_H
#define RINGTAIL_SCAN_LIVE_H

#include "tools/scan/subject.h"

struct live;

struct live *live_new(void);
void live_free(struct live *live);

/* The ring, the merge and the table must outlive the subject.  The site number of a block is its allocation stack. */
struct scan_subject live_subject(struct live *live, struct ring_file *ring, struct merge *merge);

#endif
