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

static json_t *json_race_locks(struct report *report, const struct process *process, int64_t finding, int64_t side)
{
	static const char sql[] = "SELECT what, address, generation, name, created_stack, shared, since, taken_stack"
	                          " FROM race_lock WHERE process = ? AND finding = ? AND side = ? ORDER BY ordinal";
	sqlite3_stmt *row = query_again(&report->query, sql, 3, process->id, finding, side);
	json_t *array = json_array();

	while (query_next(&report->query, row)) {
		json_t *held = json_object();

		json_object_set_new(held, "object", json_object_at(report, process, row, 0));
		json_object_set_new(held, "shared", json_boolean(sqlite3_column_int(row, 5)));
		json_object_set_new(held, "at", json_column(row, 6));
		json_object_set_new(held, "taken", json_stack(report, process->id, sqlite3_column_int64(row, 7)));
		json_array_append_new(array, held);
	}
	query_done(&report->query, row);
	return array;
}

static json_t *json_sides(struct report *report, const struct process *process, int64_t finding)
{
	static const char sql[] = "SELECT side, thread, at, access, does, stack, size FROM race_side"
	                          " WHERE process = ? AND finding = ? ORDER BY side";
	sqlite3_stmt *row = query_again(&report->query, sql, 2, process->id, finding);
	json_t *array = json_array();

	while (query_next(&report->query, row)) {
		json_t *side = json_object();

		json_object_set_new(side, "thread", json_column(row, 1));
		json_object_set_new(side, "at", json_column(row, 2));
		json_object_set_new(side, "access", json_column(row, 3));
		json_object_set_new(side, "size", json_column(row, 6));
		json_object_set_new(side, "does", json_column(row, 4));
		json_object_set_new(side, "stack", json_stack(report, process->id, sqlite3_column_int64(row, 5)));
		json_object_set_new(side, "locks",
		                    json_race_locks(report, process, finding, sqlite3_column_int64(row, 0)));
		json_array_append_new(array, side);
	}
	query_done(&report->query, row);
	return array;
}

/* From the columns 2 to 11 of a race. */
static json_t *json_race_object(struct report *report, const struct process *process, sqlite3_stmt *row)
{
	json_t *about = json_object();
	bool placed = sqlite3_column_type(row, 2) != SQLITE_NULL;

	json_object_set_new(about, "what", json_column(row, 0));
	json_object_set_new(about, "address", placed ? json_address(sqlite3_column_int64(row, 2)) : json_null());
	json_object_set_new(about, "name", json_column(row, 6));
	json_object_set_new(about, "file", json_column(row, 7));
	json_object_set_new(about, "line", json_column(row, 8));
	json_object_set_new(about, "into", json_column(row, 3));
	json_object_set_new(about, "block_bytes", json_column(row, 4));
	json_object_set_new(about, "allocated", json_stack(report, process->id, sqlite3_column_int64(row, 5)));
	json_object_set_new(about, "allocated_by", json_column(row, 9));
	json_object_set_new(about, "stack_of", json_column(row, 10));
	return about;
}

/* Members that only races have.  Those that only a race has that was caught are null for others. */
static void add_race(struct report *report, const struct process *process, int64_t finding, json_t *object)
{
	static const char sql[] =
	    "SELECT about, proof, address, block_into, block_bytes, allocated_stack, name, declared_file, "
	    "declared_line,"
	    " allocated_by, stack_of, reason, value_before, value_after, held,"
	    " iif(reason IS NULL, NULL, (SELECT seed FROM race_search s WHERE s.process = race.process)) FROM race"
	    " WHERE process = ? AND finding = ?";
	sqlite3_stmt *row = query_again(&report->query, sql, 2, process->id, finding);

	if (query_next(&report->query, row)) {
		json_object_set_new(object, "object", json_race_object(report, process, row));
		json_object_set_new(object, "proof", json_column(row, 1));
		json_object_set_new(object, "reason", json_column(row, 11));
		json_object_set_new(object, "sides", json_sides(report, process, finding));
		json_object_set_new(object, "before", json_column(row, 12));
		json_object_set_new(object, "after", json_column(row, 13));
		json_object_set_new(object, "held", json_column(row, 14));
		json_object_set_new(object, "seed", json_column(row, 15));
	}
	query_done(&report->query, row);
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
	if (kind_is(query_text(row, 1), KIND_RACE))
		add_race(report, process, ordinal, object);
	json_object_set_new(object, "kept_blocks", json_column(row, 12));
	json_object_set_new(object, "kept_bytes", json_column(row, 13));
	json_object_set_new(object, "lost_with", json_column(row, 14));
	json_object_set_new(object, "course", json_column(row, 15));
	if (report->numbers)
		json_object_set_new(object, "weight", json_string(weight_name(report, weight_of(row))));
	else
		json_object_set_new(object, "where", json_place(report, process, ordinal));
	return object;
}

#define FINDING_COLUMNS                                                                                                \
	"SELECT ordinal, kind, class, id, message, suppressed, suppressed_by, blocks, bytes, times, seconds, "         \
	"information, kept_blocks, kept_bytes, (SELECT root.id FROM main.finding root WHERE root.process ="            \
	" f.process AND root.ordinal = f.lost_with), course FROM finding f"

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
