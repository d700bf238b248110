#include "tools/render/report.h"

#include <stdarg.h>
#include <string.h>

static void fail(struct report *report)
{
	if (!report->failed)
		error_set(report->err, EXIT_BAD_DATA, "%s/ringtail.db: cannot read: %s", report->directory,
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
	sqlite3_finalize(report->frames_query);
	sqlite3_finalize(report->root_query);
	report->frames_query = report->root_query = NULL;
}

/* ---- which findings ----------------------------------------------------------------- */

#define CLASSES_MOST 6
static const struct {
	const char *name;
	const char *classes[CLASSES_MOST]; /* none: any */
} kinds[] = {
    {"leak", {"definite", "indirect", "possible", "reachable", "live-at-death"}},
    {"deadlock", {"realised", "predicted", "inversion"}},
    {"thread-leak", {"unjoined", "blocked", "running"}},
    {"misuse", {NULL}},
    {"race", {"heap-handoff", "data"}},
    {"contention", {NULL}},
    {"pool", {"churn"}},
    {"loss", {NULL}},
};

static bool is_word(const char *word, const char *text, size_t length)
{
	return strlen(word) == length && !strncmp(word, text, length);
}

static bool known_class(const char *const *classes, const char *class, size_t length)
{
	if (!classes[0])
		return true;
	for (size_t i = 0; i < CLASSES_MOST && classes[i]; i++)
		if (is_word(classes[i], class, length))
			return true;
	return false;
}

/* KIND or KIND:CLASS, up to the next comma. */
static bool known_item(const char *item)
{
	size_t length = strcspn(item, ",:");
	const char *class = item[length] == ':' ? item + length + 1 : NULL;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (is_word(kinds[i].name, item, length))
			return !class || known_class(kinds[i].classes, class, strcspn(class, ","));
	return false;
}

bool report_only_valid(const char *only, const char **bad)
{
	for (const char *item = only; *item; item += strcspn(item, ",") + (item[strcspn(item, ",")] == ',')) {
		*bad = item;
		if (!known_item(item))
			return false;
	}
	return *only != '\0';
}

static bool item_matches(const char *item, size_t length, const char *kind, const char *class)
{
	size_t kind_length = strlen(kind);

	if (length < kind_length || strncmp(item, kind, kind_length))
		return false;
	if (length == kind_length)
		return true;
	item += kind_length + 1;
	length -= kind_length + 1;
	return item[-1] == ':' && class && strlen(class) == length && !strncmp(item, class, length);
}

bool report_wants(const struct report *report, const char *kind, const char *class)
{
	if (!report->only)
		return true;
	for (const char *item = report->only; *item;) {
		size_t length = strcspn(item, ",");

		if (item_matches(item, length, kind, class))
			return true;
		item += length + (item[length] == ',');
	}
	return false;
}
