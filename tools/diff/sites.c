#include <stdlib.h>
#include <string.h>

#include "tools/diff/diff.h"
#include "tools/diff/stack_names.h"
#include "tools/base/memory.h"
#include "tools/base/format.h"
#include "tools/query/process_rows.h"

static const char *const site_sql[] = {
    [DIFF_BY_LIVE] = "SELECT stack, live_blocks, live_bytes FROM heap_site WHERE process = ? AND live_blocks > 0",
    [DIFF_BY_PEAK] = "SELECT stack, peak_blocks, peak_bytes FROM heap_site WHERE process = ? AND peak_blocks > 0",
    [DIFF_BY_ALLOCATED] =
        "SELECT stack, allocations, allocated_bytes FROM heap_site WHERE process = ? AND allocations > 0",
};

static struct diff_site *site_of(struct diff *diff, struct u64_map *by_key, const char *exe, uint64_t names)
{
	uint64_t key = u64_mix(diff_hash(exe) ^ names), found = u64_map_get(by_key, key);

	if (!found) {
		GROW(diff->sites, diff->site_room, diff->site_count + 1);
		diff->sites[diff->site_count] = (struct diff_site){.exe = strdup(exe)};
		found = ++diff->site_count;
		u64_map_put(by_key, key, found);
	}
	return &diff->sites[found - 1];
}

static void add(struct diff_amount *amount, uint64_t blocks, uint64_t bytes)
{
	amount->blocks += blocks;
	amount->bytes += bytes;
}

static void load_process(struct diff *diff, enum diff_side side, const struct process *process, struct u64_map *by_key)
{
	struct query *query = diff->queries[side];
	const char *exe = process->exe ? base_name(process->exe) : "?";
	struct stack_names names;
	sqlite3_stmt *row = query_rows(query, site_sql[diff->by], 1, process->id);

	stack_names_load(&names, query, process->id);
	while (query_next(query, row)) {
		int64_t stack = sqlite3_column_int64(row, 0);
		uint64_t blocks = (uint64_t)sqlite3_column_int64(row, 1),
		         bytes = (uint64_t)sqlite3_column_int64(row, 2);
		struct diff_site *site = site_of(diff, by_key, exe, stack_names_of(&names, stack));

		add(&site->amounts[side], blocks, bytes);
		add(&diff->totals[side], blocks, bytes);
		if (!site->place.process || site->place.side != side)
			site->place = (struct diff_place){side, process->id, stack};
	}
	sqlite3_finalize(row);
	stack_names_free(&names);
}

static void load(struct diff *diff, enum diff_side side, struct u64_map *by_key)
{
	sqlite3_stmt *rows = process_query(diff->queries[side]);
	struct process process;

	while (process_next(diff->queries[side], rows, &process))
		load_process(diff, side, &process, by_key);
	sqlite3_finalize(rows);
}

static void keep_changed(struct diff *diff)
{
	size_t kept = 0;

	for (size_t i = 0; i < diff->site_count; i++) {
		struct diff_site *site = &diff->sites[i];

		site->change = diff_change(site->amounts);
		diff->changes[site->change]++;
		if (site->change == DIFF_SAME)
			free(site->exe);
		else
			diff->sites[kept++] = *site;
	}
	diff->site_count = kept;
}

static int compare(int64_t a, int64_t b) { return a > b ? -1 : a < b; }

int diff_by_growth(const struct diff_site *a, const struct diff_site *b)
{
	int bytes = compare(diff_growth(a->amounts[DIFF_OLD].bytes, a->amounts[DIFF_NEW].bytes),
	                    diff_growth(b->amounts[DIFF_OLD].bytes, b->amounts[DIFF_NEW].bytes));
	int blocks = compare(diff_growth(a->amounts[DIFF_OLD].blocks, a->amounts[DIFF_NEW].blocks),
	                     diff_growth(b->amounts[DIFF_OLD].blocks, b->amounts[DIFF_NEW].blocks));

	if (bytes || blocks)
		return bytes ? bytes : blocks;
	return a->place.row < b->place.row ? -1 : a->place.row > b->place.row;
}

static int by_growth(const void *left, const void *right) { return diff_by_growth(left, right); }

bool diff_sites(struct diff *diff)
{
	struct u64_map by_key = {0};

	load(diff, DIFF_OLD, &by_key);
	load(diff, DIFF_NEW, &by_key);
	u64_map_free(&by_key);
	keep_changed(diff);
	if (diff->site_count)
		qsort(diff->sites, diff->site_count, sizeof *diff->sites, by_growth);
	return !diff->queries[DIFF_OLD]->failed && !diff->queries[DIFF_NEW]->failed;
}
