/*
 * Live bytes over time, in a bounded number of points.  Each point is the maximum over a stride: a number of events
 * that is the same for all points.  When there are too many points, each two neighbours become one and the stride
 * doubles.  So no peak is lost.
 */
#ifndef RINGTAIL_ANALYSE_HEAP_SAMPLES_H
#define RINGTAIL_ANALYSE_HEAP_SAMPLES_H

#include "tools/analyse/heap/heap.h"

#define HEAP_SAMPLES 2048

struct samples {
	struct heap_sample items[HEAP_SAMPLES + 1]; /* the last place is for the end */
	size_t count;
	struct heap_sample current; /* the maximum so far of the present stride */
	uint64_t stride, left;      /* events in a stride; events that are left of the present one */
};

void samples_init(struct samples *samples);
void samples_close_stride(struct samples *samples);
/* Adds the last point: the blocks that are live at the end. */
void samples_finish(struct samples *samples, struct heap_sample end);

static inline void samples_note(struct samples *samples, uint64_t stamp, uint64_t bytes, uint64_t blocks)
{
	if (bytes > samples->current.live_bytes || !samples->current.stamp)
		samples->current = (struct heap_sample){stamp, bytes, blocks};
	if (--samples->left == 0)
		samples_close_stride(samples);
}

#endif
