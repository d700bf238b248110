#include "tools/report/json.h"

/* The site's best rank in the lists of `heap`.  Sites that are in none of these lists are left out, unless --limit is
 * 0. */
#define RANKED(column)                                                                                                 \
	" OR id IN (SELECT id FROM (SELECT id FROM heap_site WHERE process = ?1 ORDER BY " column " DESC, id LIMIT "   \
	"?2))"
#define IN_A_LIST                                                                                                      \
	"(?2 < 0" RANKED("allocated_bytes") RANKED("allocations") RANKED("peak_bytes") RANKED("live_bytes")            \
	    RANKED("temporary") ")"

/* ---- threads ------------------------------------------------------------------------------ */

static json_t *json_blockers(struct report *report, const struct process *process, int64_t thread)
{
	static const char sql[] = "SELECT blocker, how, since, stack FROM thread_blocker"
	                          " WHERE process = ? AND thread = ? ORDER BY ordinal";
	sqlite3_stmt *row = query_again(&report->query, sql, 2, process->id, thread);
	json_t *array = json_array();

	while (query_next(&report->query, row)) {
		json_t *object = json_object();

		json_object_set_new(object, "thread", json_column(row, 0));
		json_object_set_new(object, "how", json_column(row, 1));
		json_object_set_new(object, "since", json_column(row, 2));
		json_object_set_new(object, "stack", json_stack(report, process->id, sqlite3_column_int64(row, 3)));
		json_array_append_new(array, object);
	}
	query_done(&report->query, row);
	return array;
}

static json_t *json_blocked(struct report *report, const struct process *process, sqlite3_stmt *row, int column)
{
	json_t *object;

	if (sqlite3_column_type(row, column) == SQLITE_NULL)
		return json_null();
	object = json_object();
	json_object_set_new(object, "on", json_column(row, column));
	json_object_set_new(object, "object", json_address(sqlite3_column_int64(row, column + 1)));
	json_object_set_new(object, "name", json_column(row, column + 5));
	json_object_set_new(object, "timed", json_boolean(sqlite3_column_int(row, column + 6)));
	json_object_set_new(object, "since", json_column(row, column + 2));
	json_object_set_new(object, "owner", json_column(row, column + 3));
	json_object_set_new(object, "stack", json_stack(report, process->id, sqlite3_column_int64(row, column + 4)));
	json_object_set_new(object, "by", json_blockers(report, process, sqlite3_column_int64(row, 0)));
	return object;
}

static json_t *json_runs(struct report *report, const struct process *process, sqlite3_stmt *row, int column)
{
	const struct frame *frame = NULL;

	if (sqlite3_column_type(row, column) != SQLITE_NULL)
		frame = frame_at(&report->query, process->id, sqlite3_column_int64(row, column),
		                 (unsigned)sqlite3_column_int(row, column + 1));
	return frame ? json_frame(frame) : json_null();
}

static json_t *json_thread(struct report *report, const struct process *process, sqlite3_stmt *row)
{
	json_t *object = json_object();

	json_object_set_new(object, "id", json_column(row, 0));
	json_object_set_new(object, "tid", json_column(row, 1));
	json_object_set_new(object, "name", json_column(row, 2));
	json_object_set_new(object, "created_at", json_column(row, 3));
	json_object_set_new(object, "ended_at", json_column(row, 4));
	json_object_set_new(object, "created_by", json_column(row, 5));
	json_object_set_new(object, "state_at_end", json_column(row, 6));
	json_object_set_new(object, "joined", json_boolean(sqlite3_column_int(row, 7)));
	json_object_set_new(object, "detached", json_boolean(sqlite3_column_int(row, 8)));
	json_object_set_new(object, "main", json_boolean(sqlite3_column_int(row, 9)));
	json_object_set_new(object, "stack", json_stack(report, process->id, sqlite3_column_int64(row, 10)));
	json_object_set_new(object, "blocked", json_blocked(report, process, row, 11));
	json_object_set_new(object, "events", json_column(row, 18));
	json_object_set_new(object, "runs", json_runs(report, process, row, 19));
	return object;
}

void json_threads(struct json_list *list, const struct process *process)
{
	static const char sql[] =
	    "SELECT id, tid, name, coalesce(created_at, started_at), ended_at, created_by, state_at_end, "
	    "joined,"
	    " detached, main, created_stack, blocked_on, blocked_object, blocked_since, blocked_owner,"
	    " blocked_stack, blocked_name, blocked_timed, events, runs_pc, runs_ordinal FROM thread WHERE process = ? "
	    "ORDER BY id";
	sqlite3_stmt *row = query_again(&list->report->query, sql, 1, process->id);

	while (query_next(&list->report->query, row))
		json_list_add(list, json_thread(list->report, process, row));
	query_done(&list->report->query, row);
}

void json_thread_sites(struct json_list *list, const struct process *process)
{
	static const char sql[] = "SELECT made, live, peak, peak_at, grows, live_1, live_2, live_3, live_4, stack"
	                          " FROM thread_site WHERE process = ? ORDER BY made DESC, ordinal";
	sqlite3_stmt *row = query_again(&list->report->query, sql, 1, process->id);

	while (query_next(&list->report->query, row)) {
		json_t *site = json_object(), *quarters = json_array();

		for (int column = 0; column < 4; column++)
			json_object_set_new(site, sqlite3_column_name(row, column), json_column(row, column));
		json_object_set_new(site, "grows", json_boolean(sqlite3_column_int(row, 4)));
		for (int column = 5; column < 9; column++)
			json_array_append_new(quarters, json_column(row, column));
		json_object_set_new(site, "live_by_quarter", quarters);
		json_object_set_new(site, "stack", json_stack(list->report, process->id, sqlite3_column_int64(row, 9)));
		json_list_add(list, site);
	}
	query_done(&list->report->query, row);
}

/* ---- heap ------------------------------------------------------------------------------------ */

static json_t *json_sites(struct report *report, const struct process *process)
{
	static const char sql[] =
	    "SELECT type, allocations, allocated_bytes, temporary, peak_blocks, peak_bytes, live_blocks,"
	    " live_bytes, frees, reallocations, largest, stack AS stack_id FROM heap_site"
	    " WHERE process = ?1 AND " IN_A_LIST " ORDER BY allocated_bytes DESC, id";
	int64_t limit = report->limit ? (int64_t)report->limit : -1;
	sqlite3_stmt *row = query_again(&report->query, sql, 2, process->id, limit);
	json_t *array = json_array();

	while (query_next(&report->query, row)) {
		json_t *site = json_row(row);

		json_object_set_new(site, "stack", json_stack(report, process->id, sqlite3_column_int64(row, 11)));
		json_object_set_new(site, "where", json_where(report, process->id, sqlite3_column_int64(row, 11)));
		json_array_append_new(array, site);
	}
	query_done(&report->query, row);
	return array;
}

static void add_heap_detail(struct report *report, const struct process *process, json_t *heap)
{
	if (!report->numbers) {
		json_object_set_new(heap, "sites", json_sites(report, process));
		json_object_set_new(heap, "samples",
		                    json_rows(report,
		                              "SELECT at, live_bytes, live_blocks FROM heap_sample"
		                              " WHERE process = ? ORDER BY ordinal",
		                              process->id));
	}
	json_object_set_new(heap, "sizes",
	                    json_rows(report,
	                              "SELECT low, high, allocations, bytes, live_blocks, live_bytes"
	                              " FROM heap_size_class WHERE process = ? ORDER BY low",
	                              process->id));
	json_object_set_new(heap, "threads",
	                    json_rows(report,
	                              "SELECT thread, allocations, allocated_bytes, frees, freed_bytes,"
	                              " temporary, peak_bytes, live_blocks, live_bytes FROM heap_thread"
	                              " WHERE process = ? ORDER BY thread",
	                              process->id));
}

json_t *json_heap(struct report *report, const struct process *process)
{
	static const char sql[] = "SELECT allocations, allocated_bytes, peak_bytes, peak_blocks, peak_at,"
	                          " live_blocks AS live_at_end_blocks, live_bytes AS live_at_end_bytes, "
	                          "temporary, frees, freed_bytes,"
	                          " reallocations, reallocated_in_place, failed, largest, unknown_frees, "
	                          "unseen_frees, double_frees,"
	                          " mismatched FROM heap WHERE process = ?";
	sqlite3_stmt *row = query_again(&report->query, sql, 1, process->id);
	json_t *heap = query_next(&report->query, row) ? json_row(row) : json_null();

	query_done(&report->query, row);
	if (json_is_object(heap) && (report->parts & PART_HEAP) && (report->parts & PART_DETAIL))
		add_heap_detail(report, process, heap);
	return heap;
}
