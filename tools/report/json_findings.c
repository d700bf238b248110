#include "tools/report/json.h"

#include "tools/finding/kinds.h"
#include "tools/query/listing.h"

static json_t *json_stacks(struct report *report, const struct process *process, int64_t finding)
{
	sqlite3_stmt *row = listing_stacks(&report->query, process->id, finding);
	json_t *array = json_array();

	while (query_next(&report->query, row)) {
		json_t *object = json_object();

		json_object_set_new(object, "label", json_column(row, 0));
		json_object_set_new(object, "thread", json_column(row, 1));
		json_object_set_new(object, "pid", json_column(row, 7));
		json_object_set_new(object, "at", json_column(row, 2));
		json_object_set_new(object, "frames",
		                    json_stack(report, sqlite3_column_int64(row, 6), sqlite3_column_int64(row, 3)));
		json_array_append_new(array, object);
	}
	query_done(&report->query, row);
	return array;
}

/* From five columns: what, address, generation, name, created_stack. */
static json_t *json_object_at(struct report *report, const struct process *process, sqlite3_stmt *row, int column)
{
	json_t *object = json_object();

	json_object_set_new(object, "what", json_column(row, column));
	json_object_set_new(object, "address", json_address(sqlite3_column_int64(row, column + 1)));
	json_object_set_new(object, "generation", json_column(row, column + 2));
	json_object_set_new(object, "name", json_column(row, column + 3));
	json_object_set_new(object, "created", json_stack(report, process->id, sqlite3_column_int64(row, column + 4)));
	return object;
}

static json_t *json_objects(struct report *report, const struct process *process, int64_t finding)
{
	static const char sql[] = "SELECT what, address, generation, name, created_stack FROM finding_object"
	                          " WHERE process = ? AND finding = ? ORDER BY ordinal";
	sqlite3_stmt *row = query_again(&report->query, sql, 2, process->id, finding);
	json_t *array = json_array();

	while (query_next(&report->query, row))
		json_array_append_new(array, json_object_at(report, process, row, 0));
	query_done(&report->query, row);
	return array;
}

/* From eight columns: the object's five, shared, stamp, stack of the process `home`. */
static json_t *json_edge_side(struct report *report, const struct process *process, sqlite3_stmt *row, int column,
                              int64_t home)
{
	json_t *side = json_object_at(report, process, row, column);

	json_object_set_new(side, "shared", json_boolean(sqlite3_column_int(row, column + 5)));
	json_object_set_new(side, "at", json_column(row, column + 6));
	json_object_set_new(side, "stack", json_stack(report, home, sqlite3_column_int64(row, column + 7)));
	return side;
}

static json_t *json_edges(struct report *report, const struct process *process, int64_t finding)
{
	static const char sql[] =
	    "SELECT thread, inferred, held, held_address, held_generation, held_name, held_created_stack, held_shared,"
	    " held_since, held_stack, wanted, wanted_address, wanted_generation, wanted_name, wanted_created_stack,"
	    " wanted_shared, wanted_at, wanted_stack, pid, " EDGE_HOME ", ahead FROM finding_edge"
	    " WHERE process = ? AND finding = ? ORDER BY ordinal";
	sqlite3_stmt *row = query_again(&report->query, sql, 2, process->id, finding);
	json_t *array = json_array();

	while (query_next(&report->query, row)) {
		json_t *edge = json_object();
		int64_t home = sqlite3_column_int64(row, 19);

		json_object_set_new(edge, "thread", json_column(row, 0));
		json_object_set_new(edge, "pid", json_column(row, 18));
		json_object_set_new(edge, "inferred", json_boolean(sqlite3_column_int(row, 1)));
		json_object_set_new(edge, "ahead", json_boolean(sqlite3_column_int(row, 20)));
		json_object_set_new(edge, "held", json_edge_side(report, process, row, 2, home));
		json_object_set_new(edge, "wanted", json_edge_side(report, process, row, 10, home));
		json_array_append_new(array, edge);
	}
	query_done(&report->query, row);
	return array;
}

static json_t *json_kept(struct report *report, const struct process *process, int64_t finding)
{
	static const char sql[] = "SELECT blocks, bytes, stack FROM finding_kept"
	                          " WHERE process = ? AND finding = ? ORDER BY ordinal";
	sqlite3_stmt *row = query_again(&report->query, sql, 2, process->id, finding);
	json_t *array = json_array();

	while (query_next(&report->query, row)) {
		json_t *kept = json_object();

		json_object_set_new(kept, "blocks", json_column(row, 0));
		json_object_set_new(kept, "bytes", json_column(row, 1));
		json_object_set_new(kept, "frames", json_stack(report, process->id, sqlite3_column_int64(row, 2)));
		json_array_append_new(array, kept);
	}
	query_done(&report->query, row);
	return array;
}

static json_t *json_thread_ids(struct report *report, const struct process *process, int64_t finding)
{
	static const char sql[] = "SELECT thread FROM finding_thread WHERE process = ? AND finding = ? ORDER BY thread";
	sqlite3_stmt *row = query_again(&report->query, sql, 2, process->id, finding);
	json_t *array = json_array();

	while (query_next(&report->query, row))
		json_array_append_new(array, json_column(row, 0));
	query_done(&report->query, row);
	return array;
}

static json_t *json_place(struct report *report, const struct process *process, int64_t finding)
{
	struct place place = listing_place(&report->query, &(struct listed){.process = process, .ordinal = finding});
	json_t *object = json_place_of(&place.where);

	listing_place_free(&place);
	return object;
}

static struct finding_weight weight_of(sqlite3_stmt *row)
{
	return (struct finding_weight){query_text(row, 1), query_text_or_null(row, 2), sqlite3_column_int(row, 11)};
}

/* How much the finding matters, for readers that do not know the kinds. */
static const char *weight_name(const struct report *report, struct finding_weight weight)
{
	if (query_fails(&report->query, weight))
		return "error";
	return query_is_quiet(weight) ? "note" : "warning";
}

static json_t *finding_of(struct report *report, const struct process *process, sqlite3_stmt *row)
{
	int64_t ordinal = sqlite3_column_int64(row, 0);
	json_t *object = json_object();

	json_object_set_new(object, "kind", json_column(row, 1));
	json_object_set_new(object, "class", json_column(row, 2));
	json_object_set_new(object, "id", json_column(row, 3));
	json_object_set_new(object, "message", json_column(row, 4));
	json_object_set_new(object, "information", json_boolean(query_is_quiet(weight_of(row))));
	json_object_set_new(object, "suppressed", json_boolean(sqlite3_column_int(row, 5)));
	json_object_set_new(object, "suppressed_by", json_column(row, 6));
	json_object_set_new(object, "blocks", json_column(row, 7));
	json_object_set_new(object, "bytes", json_column(row, 8));
	json_object_set_new(object, "times", json_column(row, 9));
	json_object_set_new(object, "seconds", json_column(row, 10));
	json_object_set_new(object, "objects", json_objects(report, process, ordinal));
	json_object_set_new(object, "threads", json_thread_ids(report, process, ordinal));
	json_object_set_new(object, "stacks", json_stacks(report, process, ordinal));
	json_object_set_new(object, "edges", json_edges(report, process, ordinal));
	json_object_set_new(object, "kept", json_kept(report, process, ordinal));
	json_object_set_new(object, "kept_blocks", json_column(row, 12));
	json_object_set_new(object, "kept_bytes", json_column(row, 13));
	json_object_set_new(object, "lost_with", json_column(row, 14));
	if (report->numbers)
		json_object_set_new(object, "weight", json_string(weight_name(report, weight_of(row))));
	else
		json_object_set_new(object, "where", json_place(report, process, ordinal));
	return object;
}

#define FINDING_COLUMNS                                                                                                \
	"SELECT ordinal, kind, class, id, message, suppressed, suppressed_by, blocks, bytes, times, seconds, "         \
	"information, kept_blocks, kept_bytes, (SELECT root.id FROM main.finding root WHERE root.process ="            \
	" f.process AND root.ordinal = f.lost_with) FROM finding f"

json_t *json_finding(struct report *report, int64_t process, int64_t ordinal)
{
	sqlite3_stmt *row =
	    query_again(&report->query, FINDING_COLUMNS " WHERE process = ? AND ordinal = ?", 2, process, ordinal);
	json_t *finding =
	    query_next(&report->query, row) ? finding_of(report, &(struct process){.id = process}, row) : json_null();

	query_done(&report->query, row);
	return finding;
}

void json_findings(struct json_list *list, const struct process *process)
{
	struct report *report = list->report;
	sqlite3_stmt *row =
	    query_again(&report->query, FINDING_COLUMNS " WHERE process = ? ORDER BY ordinal", 1, process->id);

	while (query_next(&report->query, row)) {
		if (query_wants_finding(&report->query, weight_of(row)))
			json_list_add(list, finding_of(report, process, row));
	}
	query_done(&report->query, row);
}
