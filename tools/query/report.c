#include "tools/query/report.h"

#include <stdarg.h>

#include "tools/finding/kinds.h"

static void fail(struct report *report)
{
	const char *path = sqlite3_db_filename(report->db, "main");

	if (!report->failed)
		error_set(report->err, EXIT_BAD_DATA, "%s: cannot read: %s", path && *path ? path : report->directory,
		          sqlite3_errmsg(report->db));
	report->failed = true;
}

sqlite3_stmt *report_query(struct report *report, const char *sql, int count, ...)
{
	sqlite3_stmt *statement = NULL;
	va_list values;

	if (report->failed)
		return NULL;
	if (sqlite3_prepare_v2(report->db, sql, -1, &statement, NULL) != SQLITE_OK) {
		fail(report);
		return NULL;
	}
	va_start(values, count);
	for (int i = 1; i <= count; i++)
		sqlite3_bind_int64(statement, i, va_arg(values, int64_t));
	va_end(values);
	return statement;
}

bool report_row(struct report *report, sqlite3_stmt *statement)
{
	int result;

	if (report->failed || !statement)
		return false;
	result = sqlite3_step(statement);
	if (result != SQLITE_ROW && result != SQLITE_DONE)
		fail(report);
	return result == SQLITE_ROW;
}

const char *report_text_or_null(sqlite3_stmt *row, int column)
{
	return (const char *)sqlite3_column_text(row, column);
}

const char *report_text(sqlite3_stmt *row, int column)
{
	const char *text = report_text_or_null(row, column);

	return text ? text : "?";
}

int64_t report_number(struct report *report, const char *sql, int64_t process, int64_t fallback)
{
	sqlite3_stmt *statement = report_query(report, sql, 1, process);
	int64_t number = fallback;

	if (report_row(report, statement) && sqlite3_column_type(statement, 0) != SQLITE_NULL)
		number = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return number;
}

void report_close(struct report *report)
{
	frame_cache_free(report->frame_cache);
	report->frame_cache = NULL;
}

bool report_wants(const struct report *report, const char *kind, const char *class)
{
	return !report->only || kinds_match(report->only, kind, class);
}

const char *report_fail_on(const struct report *report)
{
	return report->fail_on ? report->fail_on : KINDS_DEFAULT;
}

bool report_fails(const struct report *report, const char *kind, const char *class)
{
	return kinds_match(report_fail_on(report), kind, class);
}

bool report_shows(const struct report *report, const char *kind, const char *class)
{
	return report->only ? report_wants(report, kind, class) : !kind_is_quiet(kind, class);
}
