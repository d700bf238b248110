#include "tools/suppress/suppress.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/base/memory.h"
#include "tools/base/own_files.h"
#include "tools/ingest/ingest.h"
#include "tools/runs/run_directory.h"
#include "tools/store/store.h"
#include "tools/suppress/match.h"

#define DEFAULT_FILE "default.supp"

static const char tables_sql[] =
    "PRAGMA temp_store = MEMORY;"
    "CREATE TEMP TABLE suppressed (process INTEGER, finding INTEGER, by TEXT, by_default INTEGER,"
    " PRIMARY KEY (process, finding))"
    " WITHOUT ROWID;"
    "CREATE TEMP TABLE baseline (id TEXT PRIMARY KEY) WITHOUT ROWID";

/* Gives the statement that makes the view: all columns of the table, with `suppressed` replaced, and
 * `suppressed_by` and `suppressed_by_default`. */
static const char view_sql[] =
    "SELECT 'CREATE TEMP VIEW finding AS SELECT '"
    " || group_concat(iif(name = 'suppressed', 's.by IS NOT NULL AS suppressed', 'f.' || name))"
    " || ', s.by AS suppressed_by, coalesce(s.by_default, 0) AS suppressed_by_default FROM main.finding f'"
    " || ' LEFT JOIN temp.suppressed s ON s.process = f.process AND s.finding = f.ordinal'"
    " FROM pragma_table_info('finding', 'main')";

static bool make_view(sqlite3 *db)
{
	sqlite3_stmt *row = NULL;
	bool good = sqlite3_exec(db, tables_sql, NULL, NULL, NULL) == SQLITE_OK &&
	            sqlite3_prepare_v2(db, view_sql, -1, &row, NULL) == SQLITE_OK && sqlite3_step(row) == SQLITE_ROW &&
	            sqlite3_exec(db, (const char *)sqlite3_column_text(row, 0), NULL, NULL, NULL) == SQLITE_OK;

	sqlite3_finalize(row);
	return good;
}

static bool fail(sqlite3 *db, struct error *err)
{
	return error_set(err, EXIT_BAD_DATA, "cannot apply the suppressions: %s", sqlite3_errmsg(db));
}

/* ---- the baseline ------------------------------------------------------------------------- */

static bool read_ids(struct suppress *suppress, struct store *store, struct error *err)
{
	sqlite3_stmt *row = NULL;
	int result = sqlite3_prepare_v2(store->db, "SELECT DISTINCT id FROM finding", -1, &row, NULL);

	while (result == SQLITE_OK && (result = sqlite3_step(row)) == SQLITE_ROW) {
		const char *id = (const char *)sqlite3_column_text(row, 0);

		GROW(suppress->ids, suppress->id_room, suppress->id_count + 1);
		suppress->ids[suppress->id_count++] = strdup(id ? id : "");
		result = SQLITE_OK;
	}
	bool good = result == SQLITE_DONE ||
	            error_set(err, EXIT_BAD_DATA, "%s: cannot read: %s", store->path, sqlite3_errmsg(store->db));
	sqlite3_finalize(row);
	return good;
}

static bool is_file(const char *path)
{
	struct stat stat_buffer;

	return !stat(path, &stat_buffer) && S_ISREG(stat_buffer.st_mode);
}

/* Opens a database without its run, as projects keep it in a repository. */
static bool open_database(struct store *store, const char *path, struct error *err)
{
	sqlite3_stmt *row = NULL;

	*store = (struct store){0};
	if (access(path, R_OK))
		return error_set_unreadable(err, path, errno);
	store->path = strdup(path);
	if (sqlite3_open_v2(path, &store->db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
	    sqlite3_prepare_v2(store->db, "PRAGMA user_version", -1, &row, NULL) == SQLITE_OK &&
	    sqlite3_step(row) == SQLITE_ROW && sqlite3_column_int(row, 0) == STORE_SCHEMA) {
		sqlite3_finalize(row);
		return true;
	}
	sqlite3_finalize(row);
	store_close(store);
	return error_set(err, EXIT_BAD_DATA, "%s is not a database of this ringtail, of schema %d", path, STORE_SCHEMA);
}

static bool open_baseline(struct store *store, const char *path, struct error *err)
{
	if (is_file(path))
		return open_database(store, path, err);
	char *directory = run_directory_find(path, err);
	bool good = directory && ingest_open(directory, store, err);
	free(directory);
	return good;
}

static bool read_baseline(struct suppress *suppress, const char *path, struct error *err)
{
	struct store store;
	struct error why;

	if (!open_baseline(&store, path, &why))
		return error_set(err, why.code, "--baseline: %.900s", why.text);
	suppress->baseline = strdup(path);
	bool good = read_ids(suppress, &store, err);
	store_close(&store);
	return good;
}

static bool put_ids(const struct suppress *suppress, sqlite3 *db)
{
	sqlite3_stmt *insert = NULL;
	bool good =
	    sqlite3_prepare_v2(db, "INSERT OR IGNORE INTO temp.baseline VALUES (?)", -1, &insert, NULL) == SQLITE_OK;

	for (size_t i = 0; good && i < suppress->id_count; i++) {
		sqlite3_bind_text(insert, 1, suppress->ids[i], -1, SQLITE_STATIC);
		good = sqlite3_step(insert) == SQLITE_DONE;
		sqlite3_reset(insert);
	}
	sqlite3_finalize(insert);
	return good;
}

/* Rules were applied before: a finding that a rule matches does not count as one of the baseline. */
static bool apply_baseline(struct suppress *suppress, sqlite3 *db)
{
	static const char sql[] = "INSERT OR IGNORE INTO temp.suppressed"
	                          " SELECT process, ordinal, 'the baseline ' || ?1, 0 FROM main.finding"
	                          " WHERE id IN (SELECT id FROM temp.baseline)";
	sqlite3_stmt *insert = NULL;
	bool good = put_ids(suppress, db) && sqlite3_prepare_v2(db, sql, -1, &insert, NULL) == SQLITE_OK &&
	            sqlite3_bind_text(insert, 1, suppress->baseline, -1, SQLITE_STATIC) == SQLITE_OK &&
	            sqlite3_step(insert) == SQLITE_DONE;

	suppress->in_baseline = good ? (uint64_t)sqlite3_changes64(db) : 0;
	sqlite3_finalize(insert);
	return good;
}

/* ---- parts of findings ----------------------------------------------------------------------- */

/* What is lost with a leak that is suppressed goes with it. */
static bool suppress_parts(sqlite3 *db)
{
	/* CROSS JOIN: each part looks its leak up by the key of the table. */
	static const char sql[] = "INSERT OR IGNORE INTO temp.suppressed"
	                          " SELECT f.process, f.ordinal, s.by, s.by_default"
	                          " FROM main.finding f CROSS JOIN temp.suppressed s ON s.process = f.process"
	                          " AND s.finding = f.lost_with WHERE f.lost_with IS NOT NULL";

	return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK;
}

/* ---- reading all of it ---------------------------------------------------------------------- */

/* A copy of the command alone works, and says what it lacks. */
static bool load_default(struct suppress *suppress, struct error *err)
{
	static const char *const places[] = {"../share/ringtail", NULL};
	char *path = own_file_find(DEFAULT_FILE, places), directory[PATH_MAX];
	bool good = !path || rules_read_default(&suppress->rules, path, err);

	own_directory(directory);
	if (!path)
		fprintf(stderr,
		        "ringtail: no default suppressions: " DEFAULT_FILE
		        " is neither in %s nor in ../share/ringtail beside it\n",
		        directory);
	free(path);
	return good;
}

/* Rules of the user come first: the first rule that matches is named. */
bool suppress_load(struct suppress *suppress, const struct options *options, struct error *err)
{
	const char *baseline = options_text(options, OPTION_baseline);
	char *path = NULL;
	bool good = true;

	for (const char *rest = options_text(options, OPTION_suppressions); good && *rest;) {
		rest = options_list_next(rest, &path);
		good = rules_read(&suppress->rules, path, err);
		free(path);
	}
	if (good && !options_yes(options, OPTION_no_default_suppressions))
		good = load_default(suppress, err);
	return good && (!*baseline || read_baseline(suppress, baseline, err));
}

void suppress_free(struct suppress *suppress)
{
	for (size_t i = 0; i < suppress->id_count; i++)
		free(suppress->ids[i]);
	free(suppress->ids);
	free(suppress->baseline);
	rules_free(&suppress->rules);
	memset(suppress, 0, sizeof(*suppress));
}

bool suppress_apply(struct suppress *suppress, sqlite3 *db, struct error *err)
{
	if (!make_view(db))
		return fail(db, err);
	if (suppress->rules.count && !match_rules(&suppress->rules, db))
		return fail(db, err);
	if (suppress->baseline && !apply_baseline(suppress, db))
		return fail(db, err);
	return suppress_parts(db) || fail(db, err);
}
