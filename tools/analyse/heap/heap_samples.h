/*
 * Live bytes over time, in a bounded number of points.  Each point is the
 * maximum of as many events as every other point; when there are too many, two
 * neighbours become one and the stride doubles: peaks are never lost.
 */
#ifndef RINGTAIL_ANALYSE_HEAP_SAMPLES_H
#define RINGTAIL_ANALYSE_HEAP_SAMPLES_H

#include "tools/analyse/heap/heap.h"

#define HEAP_SAMPLES 2048

struct samples {
	struct heap_sample items[HEAP_SAMPLES + 1]; /* the last place is for the end */
	size_t count;
	struct heap_sample current; /* highest of the stride under way */
	uint64_t stride, left;
};

void samples_init(struct samples *samples);
void samples_close_stride(struct samples *samples);
/* The last word: what is live at the end. */
void samples_finish(struct samples *samples, struct heap_sample end);

static inline void samples_note(struct samples *samples, uint64_t stamp, uint64_t bytes, uint64_t blocks)
{
	if (bytes > samples->current.live_bytes || !samples->current.stamp)
		samples->current = (struct heap_sample){stamp, bytes, blocks};
	if (--samples->left == 0)
		samples_close_stride(samples);
}

#endif
