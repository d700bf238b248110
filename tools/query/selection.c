#include "tools/query/selection.h"

#include <stdio.h>
#include <string.h>

static const char selected_sql[] =
    "INSERT INTO temp.selected SELECT id FROM main.process"
    " WHERE (?1 = 0 OR pid = ?1) AND (?2 = 0 OR id = ?2)"
    " AND (?3 IS NULL OR exe = ?3 OR substr(exe, -length(?3) - 1) = '/' || ?3)"; /* as selection_names */

bool selection_names(const char *name, const char *exe)
{
	size_t all = strlen(exe), end = strlen(name);

	return !strcmp(exe, name) || (all > end && exe[all - end - 1] == '/' && !strcmp(exe + all - end, name));
}

/* Statements that make the views.  A view of the database is made again as a temporary one, which then reads the other
 * temporary views.  `finding` is a temporary view already, where suppressions were applied: whoever reads it starts
 * from the processes. */
static const char views_sql[] =
    "SELECT 'CREATE TEMP VIEW ' || t.name || ' AS SELECT * FROM main.' || t.name || ' WHERE ' ||"
    " iif(t.name = 'process', 'id', 'process') || ' IN (SELECT id FROM temp.selected)'"
    " FROM main.sqlite_schema t WHERE t.type = 'table' AND t.name NOT IN ('stack', 'frame', 'module')"
    " AND NOT EXISTS (SELECT 1 FROM temp.sqlite_schema WHERE name = t.name)"
    " AND (t.name = 'process' OR EXISTS (SELECT 1 FROM pragma_table_info(t.name, 'main') WHERE name = 'process'))"
    " UNION ALL SELECT replace(sql, 'CREATE VIEW', 'CREATE TEMP VIEW') FROM main.sqlite_schema WHERE type = 'view'";

static bool fail(sqlite3 *db, struct error *err)
{
	return error_set(err, EXIT_BAD_DATA, "cannot select processes: %s", sqlite3_errmsg(db));
}

/* Returns the number of processes that are selected; -1: an error. */
static int fill(const struct selection *selection, sqlite3 *db)
{
	sqlite3_stmt *insert = NULL;
	bool good =
	    sqlite3_exec(db, "CREATE TEMP TABLE selected (id INTEGER PRIMARY KEY)", NULL, NULL, NULL) == SQLITE_OK &&
	    sqlite3_prepare_v2(db, selected_sql, -1, &insert, NULL) == SQLITE_OK &&
	    sqlite3_bind_int64(insert, 1, selection->pid) == SQLITE_OK &&
	    sqlite3_bind_int64(insert, 2, selection->process) == SQLITE_OK &&
	    sqlite3_bind_text(insert, 3, selection->exe, -1, SQLITE_STATIC) == SQLITE_OK &&
	    sqlite3_step(insert) == SQLITE_DONE;
	int count = good ? sqlite3_changes(db) : -1;

	sqlite3_finalize(insert);
	return count;
}

/* The statements are read before the first is run: that changes what the query reads. */
static bool make_views(sqlite3 *db)
{
	char *script = NULL;
	sqlite3_stmt *row = NULL;
	int result = sqlite3_prepare_v2(db, views_sql, -1, &row, NULL);

	while (result == SQLITE_OK && sqlite3_step(row) == SQLITE_ROW) {
		char *longer =
		    sqlite3_mprintf("%s%s;\n", script ? script : "", (const char *)sqlite3_column_text(row, 0));
		sqlite3_free(script);
		script = longer;
	}
	sqlite3_finalize(row);
	if (result == SQLITE_OK && script)
		result = sqlite3_exec(db, script, NULL, NULL, NULL);
	sqlite3_free(script);
	return result == SQLITE_OK;
}

static bool none(const struct selection *selection, const char *directory, struct error *err)
{
	char which[300] = "";
	size_t used = 0;

	if (selection->pid)
		used +=
		    (size_t)snprintf(which + used, sizeof which - used, " with pid %lld", (long long)selection->pid);
	if (selection->process)
		used +=
		    (size_t)snprintf(which + used, sizeof which - used, " with id %lld", (long long)selection->process);
	if (selection->exe)
		snprintf(which + used, sizeof which - used, " of a program %.200s", selection->exe);
	return error_set(err, EXIT_USAGE,
	                 "%s holds no process%s: `ringtail sql 'select id, pid, exe from process'` lists them",
	                 directory, which);
}

bool selection_apply(const struct selection *selection, sqlite3 *db, const char *directory, struct error *err)
{
	int count;

	if (!selection->pid && !selection->exe && !selection->process)
		return true;
	count = fill(selection, db);
	if (count == 0)
		return none(selection, directory, err);
	return (count > 0 && make_views(db)) || fail(db, err);
}
