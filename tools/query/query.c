#include "tools/query/query.h"

#include <stdarg.h>
#include <stdlib.h>

#include "tools/base/memory.h"
#include "tools/finding/kinds.h"
#include "tools/query/frames.h"

static void fail(struct query *query)
{
	const char *path = sqlite3_db_filename(query->db, "main");

	if (!query->failed)
		error_set(query->err, EXIT_BAD_DATA, "%s: cannot read: %s", path && *path ? path : query->directory,
		          sqlite3_errmsg(query->db));
	query->failed = true;
}

static sqlite3_stmt *prepare(struct query *query, const char *sql)
{
	sqlite3_stmt *statement = NULL;

	if (!query->failed && sqlite3_prepare_v2(query->db, sql, -1, &statement, NULL) != SQLITE_OK)
		fail(query);
	return statement;
}

static void bind(sqlite3_stmt *statement, int count, va_list values)
{
	for (int i = 1; statement && i <= count; i++)
		sqlite3_bind_int64(statement, i, va_arg(values, int64_t));
}

sqlite3_stmt *query_rows(struct query *query, const char *sql, int count, ...)
{
	sqlite3_stmt *statement = prepare(query, sql);
	va_list values;

	va_start(values, count);
	bind(statement, count, values);
	va_end(values);
	return statement;
}

/* ---- statements that stay prepared ---------------------------------------------------- */

struct kept_statement {
	const char *sql; /* its address is the key */
	sqlite3_stmt *statement;
	bool used; /* between query_again and query_done */
};

struct kept_statements {
	struct kept_statement *items;
	size_t count, room;
};

/* A statement of this text that is not in use; a new one if there is none. */
static struct kept_statement *keep(struct query *query, const char *sql)
{
	if (!query->kept)
		query->kept = memory_zeroed(1, sizeof *query->kept);
	struct kept_statements *kept = query->kept;

	for (size_t i = 0; i < kept->count; i++)
		if (kept->items[i].sql == sql && !kept->items[i].used)
			return &kept->items[i];
	GROW(kept->items, kept->room, kept->count + 1);
	kept->items[kept->count] = (struct kept_statement){.sql = sql, .statement = prepare(query, sql)};
	return &kept->items[kept->count++];
}

sqlite3_stmt *query_again(struct query *query, const char *sql, int count, ...)
{
	struct kept_statement *kept;
	va_list values;

	if (query->failed)
		return NULL;
	kept = keep(query, sql);
	kept->used = true;
	va_start(values, count);
	bind(kept->statement, count, values);
	va_end(values);
	return kept->statement;
}

void query_done(struct query *query, sqlite3_stmt *statement)
{
	for (size_t i = 0; statement && i < query->kept->count; i++) {
		struct kept_statement *kept = &query->kept->items[i];

		if (kept->statement == statement) {
			sqlite3_reset(statement);
			kept->used = false;
		}
	}
}

static void forget_kept(struct query *query)
{
	for (size_t i = 0; query->kept && i < query->kept->count; i++)
		sqlite3_finalize(query->kept->items[i].statement);
	if (query->kept)
		free(query->kept->items);
	free(query->kept);
	query->kept = NULL;
}

bool query_next(struct query *query, sqlite3_stmt *statement)
{
	int result;

	if (query->failed || !statement)
		return false;
	result = sqlite3_step(statement);
	if (result != SQLITE_ROW && result != SQLITE_DONE)
		fail(query);
	return result == SQLITE_ROW;
}

const char *query_text_or_null(sqlite3_stmt *row, int column) { return (const char *)sqlite3_column_text(row, column); }

const char *query_text(sqlite3_stmt *row, int column)
{
	const char *text = query_text_or_null(row, column);

	return text ? text : "?";
}

int64_t query_number(struct query *query, const char *sql, int64_t process, int64_t fallback)
{
	sqlite3_stmt *statement = query_rows(query, sql, 1, process);
	int64_t number = fallback;

	if (query_next(query, statement) && sqlite3_column_type(statement, 0) != SQLITE_NULL)
		number = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return number;
}

int query_schema(struct query *query)
{
	return (int)query_number(query, "SELECT user_version FROM pragma_user_version", 0, 0);
}

void query_close(struct query *query)
{
	frame_cache_free(query->frame_cache);
	query->frame_cache = NULL;
	forget_kept(query);
}

bool query_wants(const struct query *query, const char *kind, const char *class)
{
	return !query->only || kinds_match(query->only, kind, class);
}

unsigned query_rank(const char *kind, const char *class) { return kind_rank(kind, class); }

const char *query_fail_on(const struct query *query) { return query->fail_on ? query->fail_on : KINDS_DEFAULT; }

/* What is for information is in no default. */
static bool matches(const char *list, struct finding_weight weight)
{
	return weight.information ? kinds_name(list, weight.kind, weight.class)
	                          : kinds_match(list, weight.kind, weight.class);
}

bool query_wants_finding(const struct query *query, struct finding_weight weight)
{
	return !query->only || matches(query->only, weight);
}

bool query_fails(const struct query *query, struct finding_weight weight)
{
	return matches(query_fail_on(query), weight);
}

bool query_is_quiet(struct finding_weight weight)
{
	return weight.information || kind_is_quiet(weight.kind, weight.class);
}

bool query_shows(const struct query *query, struct finding_weight weight)
{
	return query->only ? query_wants_finding(query, weight) : !query_is_quiet(weight);
}
