#include "tools/query/merged.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "tools/base/compare.h"
#include "tools/base/memory.h"
#include "tools/finding/kinds.h"

struct entry { /* where the finding with an id is */
	UT_hash_handle hh;
	char *id;
	size_t index;
};

struct merging {
	struct merged_findings merged;
	struct entry *entries;
	int64_t process; /* the last that had a finding */
};

static struct merged_finding *find(struct merging *merging, const char *id)
{
	struct entry *entry;

	HASH_FIND_STR(merging->entries, id, entry);
	return entry ? &merging->merged.items[entry->index] : NULL;
}

static struct merged_finding *add(struct merging *merging, sqlite3_stmt *row)
{
	struct merged_findings *merged = &merging->merged;
	struct entry *entry = memory_zeroed(1, sizeof *entry);
	const char *exe = query_text_or_null(row, 8);

	GROW(merged->items, merged->room, merged->count + 1);
	struct merged_finding *finding = &merged->items[merged->count];
	*finding = (struct merged_finding){.process = sqlite3_column_int64(row, 0),
	                                   .ordinal = sqlite3_column_int64(row, 1),
	                                   .id = strdup(query_text(row, 4)),
	                                   .exe = strdup(exe ? exe : "?"),
	                                   .rank = kind_rank(query_text(row, 2), query_text_or_null(row, 3))};
	entry->id = finding->id;
	entry->index = merged->count++;
	HASH_ADD_KEYPTR(hh, merging->entries, entry->id, strlen(entry->id), entry);
	return finding;
}

static void take(struct merging *merging, sqlite3_stmt *row)
{
	struct merged_finding *finding = find(merging, query_text(row, 4));
	const char *exe = query_text_or_null(row, 8);

	if (!finding)
		finding = add(merging, row);
	if (finding->exe && strcmp(finding->exe, exe ? exe : "?")) {
		free(finding->exe);
		finding->exe = NULL;
	}
	finding->processes++;
	finding->blocks += (uint64_t)sqlite3_column_int64(row, 5);
	finding->bytes += (uint64_t)sqlite3_column_int64(row, 6);
	finding->times += (uint64_t)sqlite3_column_int64(row, 7);
	finding->kept_blocks += (uint64_t)sqlite3_column_int64(row, 10);
	finding->kept_bytes += (uint64_t)sqlite3_column_int64(row, 11);
	merging->merged.processes += merging->process != sqlite3_column_int64(row, 0);
	merging->process = sqlite3_column_int64(row, 0);
}

static int by_rank(const void *a, const void *b)
{
	const struct merged_finding *x = a, *y = b;
	int order = compare_numbers(x->rank, y->rank);

	order = compare_next(order, y->bytes + y->kept_bytes, x->bytes + x->kept_bytes);
	order = compare_next(order, y->times, x->times);
	order = compare_next(order, (uint64_t)x->process, (uint64_t)y->process);
	return compare_next(order, (uint64_t)x->ordinal, (uint64_t)y->ordinal);
}

/* Adds the processes of a program to the findings of this program, and to those of several programs. */
static void add_processes(struct merged_findings *merged, const char *exe, uint64_t processes)
{
	for (size_t i = 0; i < merged->count; i++)
		if (!merged->items[i].exe || !strcmp(merged->items[i].exe, exe))
			merged->items[i].of += processes;
}

static void count_processes(struct query *query, struct merged_findings *merged)
{
	sqlite3_stmt *row = query_rows(query, "SELECT coalesce(exe, '?'), count(*) FROM process GROUP BY 1", 0);

	while (query_next(query, row))
		add_processes(merged, query_text(row, 0), (uint64_t)sqlite3_column_int64(row, 1));
	sqlite3_finalize(row);
}

struct merged_findings merged_load(struct query *query)
{
	static const char sql[] =
	    "SELECT f.process, f.ordinal, f.kind, f.class, f.id, f.blocks, f.bytes, f.times, p.exe, f.information,"
	    " f.kept_blocks, f.kept_bytes"
	    " FROM process p JOIN finding f ON f.process = p.id WHERE NOT f.suppressed"
	    " ORDER BY p.started_ns, p.pid, p.image, f.ordinal";
	struct merging merging = {.process = -1};
	struct entry *entry, *next;
	sqlite3_stmt *row = query_rows(query, sql, 0);

	while (query_next(query, row))
		if (query_shows(query, (struct finding_weight){query_text(row, 2), query_text_or_null(row, 3),
		                                               sqlite3_column_int(row, 9)}))
			take(&merging, row);
	sqlite3_finalize(row);
	HASH_ITER(hh, merging.entries, entry, next)
	{
		HASH_DEL(merging.entries, entry);
		free(entry);
	}
	if (merging.merged.count)
		qsort(merging.merged.items, merging.merged.count, sizeof *merging.merged.items, by_rank);
	count_processes(query, &merging.merged);
	return merging.merged;
}

void merged_free(struct merged_findings *merged)
{
	for (size_t i = 0; i < merged->count; i++) {
		free(merged->items[i].id);
		free(merged->items[i].exe);
	}
	free(merged->items);
	*merged = (struct merged_findings){0};
}
