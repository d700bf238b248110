#include "tools/store/writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/base/memory.h"
#include "tools/base/text.h"

static const char *const table_names[] = {
#define T(name) #name,
    STORE_TABLES(T)
#undef T
};

void writer_fail(struct writer *writer)
{
	if (!writer->failed) {
		error_set(writer->err, EXIT_BAD_DATA, "%s: cannot write: %s", writer->store->path,
		          sqlite3_errmsg(writer->store->db));
		writer->err->unwritable = store_unwritable(writer->store->db);
	}
	writer->failed = true;
}

static int column_count(struct writer *writer, const char *table)
{
	sqlite3_stmt *statement = NULL;
	int count = 0;

	if (sqlite3_prepare_v2(writer->store->db, "SELECT count(*) FROM pragma_table_info(?)", -1, &statement, NULL) ==
	        SQLITE_OK &&
	    sqlite3_bind_text(statement, 1, table, -1, SQLITE_STATIC) == SQLITE_OK &&
	    sqlite3_step(statement) == SQLITE_ROW)
		count = sqlite3_column_int(statement, 0);
	sqlite3_finalize(statement);
	return count;
}

static void prepare_insert(struct writer *writer, enum store_table table)
{
	char sql[256];
	int columns = column_count(writer, table_names[table]);
	int used = snprintf(sql, sizeof(sql), "INSERT INTO %s VALUES (?", table_names[table]);

	for (int i = 1; i < columns && used < (int)sizeof(sql) - 4; i++)
		used += snprintf(sql + used, sizeof(sql) - (size_t)used, ",?");
	snprintf(sql + used, sizeof(sql) - (size_t)used, ")");
	if (sqlite3_prepare_v3(writer->store->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &writer->store->inserts[table],
	                       NULL) != SQLITE_OK)
		writer_fail(writer);
}

bool writer_open(struct writer *writer)
{
	if (writer->store->inserts)
		return true;
	writer->store->inserts = memory_zeroed(TABLE_COUNT, sizeof *writer->store->inserts);
	for (int table = 0; table < TABLE_COUNT && !writer->failed; table++)
		prepare_insert(writer, (enum store_table)table);
	if (writer->failed)
		writer_forget(writer->store);
	return !writer->failed;
}

void writer_forget(struct store *store)
{
	for (int table = 0; store->inserts && table < TABLE_COUNT; table++)
		sqlite3_finalize(store->inserts[table]);
	free(store->inserts);
	store->inserts = NULL;
}

void writer_clear(struct writer *writer)
{
	for (int table = 0; table < TABLE_COUNT && !writer->failed; table++) {
		const char *column = table == TABLE_process ? "id" : "process";
		char sql[96];

		snprintf(sql, sizeof(sql), "DELETE FROM %s WHERE %s = %lld", table_names[table], column,
		         (long long)writer->process);
		if (sqlite3_exec(writer->store->db, sql, NULL, NULL, NULL) != SQLITE_OK)
			writer_fail(writer);
	}
}

/* ---- rows ------------------------------------------------------------------------ */

struct row row_begin(struct writer *writer, enum store_table table)
{
	struct row row = {writer, writer->store->inserts[table], 0};

	row_int(&row, writer->process);
	return row;
}

static void bound(struct row *row, int result)
{
	if (result != SQLITE_OK)
		writer_fail(row->writer);
}

void row_int(struct row *row, int64_t value)
{
	if (!row->writer->failed)
		bound(row, sqlite3_bind_int64(row->statement, ++row->column, value));
}

void row_real(struct row *row, double value)
{
	if (!row->writer->failed)
		bound(row, sqlite3_bind_double(row->statement, ++row->column, value));
}

void row_null(struct row *row)
{
	if (!row->writer->failed)
		bound(row, sqlite3_bind_null(row->statement, ++row->column));
}

void row_text(struct row *row, const char *text)
{
	char *clean = text ? text_utf8(text, strlen(text)) : NULL;

	if (row->writer->failed)
		free(clean);
	else if (!clean)
		row_null(row);
	else
		bound(row, sqlite3_bind_text(row->statement, ++row->column, clean, -1, free));
}

void row_stamp(struct row *row, uint64_t stamp)
{
	if (stamp)
		row_real(row, ring_file_seconds(row->writer->ring, stamp));
	else
		row_null(row);
}

void row_ticks(struct row *row, uint64_t ticks) { row_real(row, (double)ring_file_ns(row->writer->ring, ticks) / 1e9); }

void row_thread(struct row *row, uint32_t thread)
{
	if (thread)
		row_int(row, thread);
	else
		row_null(row);
}

void row_stack(struct row *row, uint32_t stack)
{
	if (stack_set_use(&row->writer->stacks, stack))
		row_int(row, stack);
	else
		row_null(row);
}

void row_end(struct row *row)
{
	if (row->writer->failed)
		return;
	if (row->column != sqlite3_bind_parameter_count(row->statement)) {
		error_set(row->writer->err, EXIT_INTERNAL, "%d values for the columns of: %s", row->column,
		          sqlite3_sql(row->statement));
		row->writer->failed = true;
		return;
	}
	if (sqlite3_step(row->statement) != SQLITE_DONE)
		writer_fail(row->writer);
	sqlite3_reset(row->statement);
	sqlite3_clear_bindings(row->statement); /* frees the bound values now, and not with the next process */
}
