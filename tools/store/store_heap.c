#include "tools/store/writer.h"

static void row_counts(struct row *row, const struct heap_counts *counts)
{
	const uint64_t columns[] = {
	    counts->allocations,  counts->allocated_bytes, counts->reallocations, counts->reallocated_in_place,
	    counts->frees,        counts->freed_bytes,     counts->failed,        counts->temporary,
	    counts->live_blocks,  counts->live_bytes,      counts->peak_blocks,   counts->peak_bytes,
	    counts->largest,      counts->unknown_frees,   counts->double_frees,  counts->mismatched,
	    counts->unseen_frees,
	};

	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
		row_int(row, (int64_t)columns[i]);
}

static void store_totals(struct writer *writer)
{
	struct row row = row_begin(writer, TABLE_heap);

	row_counts(&row, heap_totals(writer->analysis->heap));
	row_stamp(&row, heap_peak_stamp(writer->analysis->heap));
	row_end(&row);
}

/* For the user realloc is one call, however many records it takes. */
static const char *site_type_name(unsigned type)
{
	return type == RT_REALLOC_END || type == RT_REALLOC_BEGIN ? "realloc" : event_type_name(type);
}

/* NULL in the row: several groups, or not known. */
static void row_group(struct row *row, uint32_t group)
{
	if (group)
		row_int(row, group);
	else
		row_null(row);
}

static void store_sites(struct writer *writer)
{
	size_t count;
	const struct heap_site *sites = heap_sites(writer->analysis->heap, &count);

	for (size_t i = 0; i < count && !writer->failed; i++) {
		struct row row = row_begin(writer, TABLE_heap_site);

		row_int(&row, (int64_t)i + 1);
		row_stack(&row, sites[i].stack);
		row_text(&row, site_type_name(sites[i].type));
		row_counts(&row, &sites[i].counts);
		row_group(&row, sites[i].group);
		row_end(&row);
	}
}

static void store_shares(struct writer *writer)
{
	size_t count;
	const struct heap_share *shares = heap_shares(writer->analysis->heap, &count);

	for (size_t i = 0; i < count && !writer->failed; i++) {
		struct row row = row_begin(writer, TABLE_heap_share);

		row_int(&row, (int64_t)shares[i].site + 1);
		row_int(&row, shares[i].group);
		row_int(&row, (int64_t)shares[i].counts.allocations);
		row_int(&row, (int64_t)shares[i].counts.allocated_bytes);
		row_int(&row, (int64_t)shares[i].counts.peak_blocks);
		row_int(&row, (int64_t)shares[i].counts.peak_bytes);
		row_int(&row, (int64_t)shares[i].counts.live_blocks);
		row_int(&row, (int64_t)shares[i].counts.live_bytes);
		row_end(&row);
	}
}

static void store_heap_threads(struct writer *writer)
{
	size_t count;
	const struct heap_thread *threads = heap_threads(writer->analysis->heap, &count);

	for (size_t i = 0; i < count && !writer->failed; i++) {
		struct row row = row_begin(writer, TABLE_heap_thread);

		row_int(&row, threads[i].thread);
		row_counts(&row, &threads[i].counts);
		row_end(&row);
	}
}

static void store_size_classes(struct writer *writer)
{
	const struct heap_size_class *classes = heap_size_classes(writer->analysis->heap);

	for (int k = 0; k < HEAP_SIZE_CLASSES && !writer->failed; k++) {
		struct row row;

		if (!classes[k].allocations)
			continue;
		row = row_begin(writer, TABLE_heap_size_class);
		row_int(&row, k ? INT64_C(1) << (k - 1) : 0);
		row_int(&row, k ? (INT64_C(1) << k) - 1 : 0);
		row_int(&row, (int64_t)classes[k].allocations);
		row_int(&row, (int64_t)classes[k].bytes);
		row_int(&row, (int64_t)classes[k].live_blocks);
		row_int(&row, (int64_t)classes[k].live_bytes);
		row_end(&row);
	}
}

static void store_samples(struct writer *writer)
{
	size_t count;
	const struct heap_sample *samples = heap_samples(writer->analysis->heap, &count);

	for (size_t i = 0; i < count && !writer->failed; i++) {
		struct row row = row_begin(writer, TABLE_heap_sample);

		row_int(&row, (int64_t)i);
		row_real(&row, ring_file_seconds(writer->ring, samples[i].stamp));
		row_int(&row, (int64_t)samples[i].live_bytes);
		row_int(&row, (int64_t)samples[i].live_blocks);
		row_end(&row);
	}
}

static void store_levels(struct writer *writer)
{
	size_t count;
	const struct heap_level *levels = heap_levels(writer->analysis->heap, &count);

	for (size_t i = 0; i < count && !writer->failed; i++) {
		struct row row = row_begin(writer, TABLE_heap_level);

		row_int(&row, (int64_t)i);
		row_real(&row, ring_file_seconds(writer->ring, levels[i].stamp));
		if (levels[i].site)
			row_int(&row, levels[i].site);
		else
			row_null(&row);
		row_int(&row, (int64_t)levels[i].live_bytes);
		row_int(&row, (int64_t)levels[i].live_blocks);
		row_end(&row);
	}
}

void store_heap(struct writer *writer)
{
	store_totals(writer);
	store_sites(writer);
	store_shares(writer);
	store_heap_threads(writer);
	store_size_classes(writer);
	store_samples(writer);
	store_levels(writer);
}
