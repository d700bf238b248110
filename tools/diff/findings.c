#include <stdlib.h>
#include <string.h>

#include "tools/base/u64_map.h"
#include "tools/diff/diff.h"
#include "tools/base/memory.h"

static char *copy(const char *text) { return text ? strdup(text) : NULL; }

/* Columns: process, ordinal, id, kind, class. */
static struct diff_finding *finding_of(struct diff *diff, struct u64_map *by_id, sqlite3_stmt *row)
{
	uint64_t key = diff_hash(query_text(row, 2)), found = u64_map_get(by_id, key);

	if (!found) {
		GROW(diff->findings, diff->finding_room, diff->finding_count + 1);
		diff->findings[diff->finding_count] = (struct diff_finding){.id = copy(query_text(row, 2)),
		                                                            .kind = copy(query_text(row, 3)),
		                                                            .class = copy(query_text_or_null(row, 4))};
		found = ++diff->finding_count;
		u64_map_put(by_id, key, found);
	}
	return &diff->findings[found - 1];
}

/* Columns: those of finding_of, and blocks, bytes, times. */
static void take(struct diff *diff, enum diff_side side, struct u64_map *by_id, sqlite3_stmt *row)
{
	struct diff_finding *finding = finding_of(diff, by_id, row);

	if (!finding->place.process)
		finding->place = (struct diff_place){side, sqlite3_column_int64(row, 0), sqlite3_column_int64(row, 1)};
	finding->amounts[side].blocks += (uint64_t)sqlite3_column_int64(row, 5);
	finding->amounts[side].bytes += (uint64_t)sqlite3_column_int64(row, 6);
	finding->times[side] += (uint64_t)sqlite3_column_int64(row, 7);
}

/* Processes in the order in which they started, findings worst first. */
static void load(struct diff *diff, enum diff_side side, struct u64_map *by_id)
{
	static const char sql[] = "SELECT f.process, f.ordinal, f.id, f.kind, f.class, f.blocks + f.kept_blocks,"
	                          " f.bytes + f.kept_bytes, f.times,"
	                          " f.suppressed, f.information FROM finding f JOIN process p ON p.id = f.process"
	                          " ORDER BY p.started_ns, p.pid, p.image, f.ordinal";
	struct query *query = diff->queries[side];
	sqlite3_stmt *row = query_rows(query, sql, 0);

	while (query_next(query, row)) {
		struct finding_weight weight = {query_text(row, 3), query_text_or_null(row, 4),
		                                sqlite3_column_int(row, 9)};

		if (query_shows(query, weight) && !sqlite3_column_int(row, 8))
			take(diff, side, by_id, row);
	}
	sqlite3_finalize(row);
}

static enum diff_change change_of(const struct diff_finding *finding)
{
	if (!finding->times[DIFF_OLD] || !finding->times[DIFF_NEW])
		return finding->times[DIFF_OLD] ? DIFF_GONE : DIFF_APPEARED;
	return finding->amounts[DIFF_OLD].blocks ? diff_change(finding->amounts) : DIFF_SAME;
}

/* 0: new, 1: fixed, 2: still there */
static unsigned rank(enum diff_change change) { return change == DIFF_APPEARED ? 0 : change == DIFF_GONE ? 1 : 2; }

static void put_in_order(struct diff *diff)
{
	struct diff_finding *sorted = memory_zeroed(diff->finding_count, sizeof *sorted);
	size_t count = 0;

	for (unsigned wanted = 0; wanted < 3; wanted++)
		for (size_t i = 0; i < diff->finding_count; i++)
			if (rank(diff->findings[i].change) == wanted)
				sorted[count++] = diff->findings[i];
	free(diff->findings);
	diff->findings = sorted;
}

bool diff_findings(struct diff *diff)
{
	struct u64_map by_id = {0};

	load(diff, DIFF_NEW, &by_id);
	load(diff, DIFF_OLD, &by_id);
	u64_map_free(&by_id);
	for (size_t i = 0; i < diff->finding_count; i++)
		diff->findings[i].change = change_of(&diff->findings[i]);
	put_in_order(diff);
	return !diff->queries[DIFF_OLD]->failed && !diff->queries[DIFF_NEW]->failed;
}
