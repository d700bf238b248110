#include "tools/analyse/heap/heap_samples.h"

void samples_init(struct samples *samples)
{
	samples->count = 0;
	samples->current = (struct heap_sample){0};
	samples->stride = samples->left = 1;
}

static void halve(struct samples *samples)
{
	struct heap_sample *items = samples->items;

	for (size_t i = 0; i < HEAP_SAMPLES / 2; i++)
		items[i] = items[2 * i].live_bytes >= items[2 * i + 1].live_bytes ? items[2 * i] : items[2 * i + 1];
	samples->count = HEAP_SAMPLES / 2;
	samples->stride *= 2;
}

void samples_close_stride(struct samples *samples)
{
	if (samples->count == HEAP_SAMPLES)
		halve(samples);
	samples->items[samples->count++] = samples->current;
	samples->current = (struct heap_sample){0};
	samples->left = samples->stride;
}

void samples_finish(struct samples *samples, struct heap_sample end)
{
	if (samples->current.stamp)
		samples_close_stride(samples);
	samples->items[samples->count++] = end;
}
