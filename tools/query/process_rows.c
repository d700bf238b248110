#include "tools/query/process_rows.h"

#include <stdlib.h>
#include <string.h>

#define COLUMNS                                                                                                        \
	"SELECT id, pid, image, parent, exe, command, started, seconds, end_how, end_signal, end_status,"              \
	" command_truncated, final, events_recorded, events_lost, depth, watch_heap, watch_locks, leak_scan_done,"     \
	" stacks, leak_scan_why_not, (SELECT count(*) FROM finding f WHERE f.process = p.id),"                         \
	" leak_scan_pause, leak_scan_seconds, seconds_at_least FROM process p"

sqlite3_stmt *process_query(struct query *query)
{
	return query_rows(query, COLUMNS " ORDER BY started_ns, pid, image", 0);
}

sqlite3_stmt *process_query_one(struct query *query, int64_t process)
{
	return query_rows(query, COLUMNS " WHERE id = ?", 1, process);
}

bool process_next(struct query *query, sqlite3_stmt *row, struct process *process)
{
	if (!query_next(query, row))
		return false;
	*process = (struct process){
	    .id = sqlite3_column_int64(row, 0),
	    .pid = sqlite3_column_int64(row, 1),
	    .image = sqlite3_column_int64(row, 2),
	    .parent = sqlite3_column_int64(row, 3),
	    .exe = query_text_or_null(row, 4),
	    .command = query_text_or_null(row, 5),
	    .started = query_text_or_null(row, 6),
	    .seconds = sqlite3_column_double(row, 7),
	    .end_how = query_text(row, 8),
	    .end_signal = query_text_or_null(row, 9),
	    .has_status = sqlite3_column_type(row, 10) != SQLITE_NULL,
	    .end_status = sqlite3_column_int(row, 10),
	    .command_truncated = sqlite3_column_int(row, 11),
	    .final = sqlite3_column_int(row, 12),
	    .events_recorded = sqlite3_column_int64(row, 13),
	    .events_lost = sqlite3_column_int64(row, 14),
	    .depth = sqlite3_column_int64(row, 15),
	    .watch_heap = sqlite3_column_int(row, 16),
	    .watch_locks = sqlite3_column_int(row, 17),
	    .leak_scan_done = sqlite3_column_int(row, 18),
	    .stacks = query_text(row, 19),
	    .why_not = query_text_or_null(row, 20),
	    .findings = sqlite3_column_int64(row, 21),
	    .leak_scan_pause = sqlite3_column_double(row, 22),
	    .leak_scan_seconds = sqlite3_column_double(row, 23),
	    .at_least = sqlite3_column_int(row, 24),
	};
	return true;
}

static char *text_query(struct query *query, const char *sql)
{
	sqlite3_stmt *statement = query_rows(query, sql, 0);
	const char *found = query_next(query, statement) ? query_text_or_null(statement, 0) : NULL;
	char *copy = found ? strdup(found) : NULL;

	sqlite3_finalize(statement);
	return copy;
}

#define META_OR(key, fallback) "SELECT coalesce((SELECT value FROM meta WHERE key = '" key "'), (" fallback "))"
#define FIRST(column)          "SELECT " column " FROM process ORDER BY started_ns, image LIMIT 1"
#define SPAN                   "SELECT (max(started_ns + seconds * 1e9) - min(started_ns)) / 1e9 FROM process"

/* The database has 0 until the run has ended. */
#define SECONDS "SELECT coalesce(nullif((SELECT CAST(value AS REAL) FROM meta WHERE key = 'seconds'), 0), (" SPAN "))"

struct run run_load(struct query *query)
{
	char *seconds = text_query(query, SECONDS);
	struct run run = {
	    .directory = text_query(query, META_OR("directory", "SELECT NULL")),
	    .started = text_query(query, META_OR("started", FIRST("started"))),
	    .command = text_query(query, META_OR("command", FIRST("command"))),
	    .seconds = seconds ? strtod(seconds, NULL) : 0,
	    .at_least = query_number(query, "SELECT max(seconds_at_least) FROM process", 0, 0) != 0,
	};

	if (!run.directory)
		run.directory = strdup(query->directory);
	free(seconds);
	return run;
}

void run_free(struct run *run)
{
	free(run->directory);
	free(run->started);
	free(run->command);
}
