#include "tools/scan/subject.h"

#include "tools/analyse/analyse.h"
#include "tools/analyse/heap/heap.h"
#include "tools/recording/recording.h"

/* ---- what the full analysis knows ------------------------------------------------------------ */

static const struct heap_analysis *heap_of(const void *context) { return ((const struct analysis *)context)->heap; }

static bool is_settled(const void *context) { return heap_is_settled(heap_of(context)); }

static size_t live_count(const void *context) { return heap_live_count(heap_of(context)); }

static struct live_block *live_blocks(const void *context, uint64_t missing_until, size_t *count)
{
	return heap_live_blocks(heap_of(context), missing_until, count);
}

static uint32_t site_stack(const void *context, uint32_t site) { return heap_site_stack(heap_of(context), site); }

static const struct thread_result *threads(const void *context, size_t *count)
{
	return threads_results(((const struct analysis *)context)->threads, count);
}

static const struct allocator_maps *allocator_maps(const void *context)
{
	return &((const struct analysis *)context)->allocator_maps;
}

static uint64_t forks(const void *context) { return ((const struct analysis *)context)->forks; }

static const struct scan_knowledge analysis_knowledge = {
    .deliver = analysis_events,
    .is_settled = is_settled,
    .live_count = live_count,
    .live_blocks = live_blocks,
    .site_stack = site_stack,
    .threads = threads,
    .allocator_maps = allocator_maps,
    .forks = forks,
};

struct scan_subject scan_subject_of(struct recording *recording)
{
	return (struct scan_subject){.ring = &recording->ring,
	                             .merge = recording->merge,
	                             .knowledge = &analysis_knowledge,
	                             .context = recording->analysis};
}
