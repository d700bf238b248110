/*
 * A small analysis that keeps only live blocks and threads: all that a leak scan needs from a program's events.
 *
 * A program without a live reader waits at its end until all of its events have been read.  The full analysis would
 * take several times as long; it reads the same events later.
 */
#ifndef RINGTAIL_SCAN_LIVE_H
#define RINGTAIL_SCAN_LIVE_H

#include "tools/analyse/threads/threads.h"
#include "tools/source/event.h"
#include "tools/scan/blocks.h"

struct live;

/* ring must outlive the result. */
struct live *live_new(struct ring_file *ring);
void live_free(struct live *live);
/* A merge_sink: context is the struct live. */
void live_events(void *context, const struct event *events, size_t count);
/* True if no reallocation is known to be under way. */
bool live_is_settled(const struct live *live);
/* The number of children that the process made by fork. */
uint64_t live_forks(const struct live *live);
/* The number of live blocks, excluding blocks that are being reallocated. */
size_t live_count(const struct live *live);
/* The live blocks in no particular order; malloced.  The site of each is its allocation stack. */
struct live_block *live_blocks(const struct live *live, size_t *count);
const struct thread_analysis *live_threads(const struct live *live);

#endif
