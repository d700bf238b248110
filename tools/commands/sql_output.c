#include "tools/commands/sql_output.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tools/report/json_value.h"

/* Columns of a table are as wide as these first rows need. */
#define MEASURED_ROWS 1000
#define WIDEST        60

/* ---- text --------------------------------------------------------------------------- */

struct table {
	int columns;
	unsigned *widths;
	char **cells; /* rows not yet printed, one after the other */
	size_t rows;
};

static unsigned width_of(const char *text)
{
	unsigned width = 0;

	for (; *text; text++)
		width += ((unsigned char)*text & 0xc0) != 0x80;
	return width;
}

/* The cell as one line, without control characters that a terminal would obey. */
static char *clean_cell(const char *text)
{
	char *copy = strdup(text ? text : "");

	for (char *c = copy; c && *c; c++) {
		if ((unsigned char)*c < ' ' || *c == 127)
			*c = ' ';
	}
	return copy;
}

static bool keep_row(struct table *table, sqlite3_stmt *statement)
{
	char **cells = reallocarray(table->cells, (table->rows + 1) * (size_t)table->columns, sizeof(*cells));

	if (!cells)
		return false;
	table->cells = cells;
	for (int i = 0; i < table->columns; i++) {
		char *cell = clean_cell((const char *)sqlite3_column_text(statement, i));
		unsigned width = cell ? width_of(cell) : 0;

		cells[table->rows * (size_t)table->columns + (size_t)i] = cell;
		if (width > table->widths[i])
			table->widths[i] = width < WIDEST ? width : WIDEST;
	}
	table->rows++;
	return true;
}

static void print_cell(FILE *out, const char *text, unsigned width, bool last)
{
	unsigned used = width_of(text);

	fputs(text, out);
	if (!last)
		fprintf(out, "%*s", (int)(used < width ? width - used : 0) + 2, "");
}

static void print_header(const struct table *table, sqlite3_stmt *statement, FILE *out)
{
	for (int i = 0; i < table->columns; i++)
		print_cell(out, sqlite3_column_name(statement, i), table->widths[i], i + 1 == table->columns);
	fputc('\n', out);
	for (int i = 0; i < table->columns; i++) {
		for (unsigned dash = 0; dash < table->widths[i]; dash++)
			fputc('-', out);
		fputs(i + 1 == table->columns ? "\n" : "  ", out);
	}
}

static void print_rows(struct table *table, FILE *out)
{
	for (size_t row = 0; row < table->rows; row++) {
		for (int i = 0; i < table->columns; i++) {
			char **cell = &table->cells[row * (size_t)table->columns + (size_t)i];

			print_cell(out, *cell ? *cell : "", table->widths[i], i + 1 == table->columns);
			free(*cell);
		}
		fputc('\n', out);
	}
	table->rows = 0;
}

static bool table_begin(struct table *table, sqlite3_stmt *statement)
{
	memset(table, 0, sizeof(*table));
	table->columns = sqlite3_column_count(statement);
	table->widths = calloc((size_t)table->columns + 1, sizeof(*table->widths));
	for (int i = 0; table->widths && i < table->columns; i++)
		table->widths[i] = width_of(sqlite3_column_name(statement, i));
	return table->widths != NULL;
}

int sql_output_text(sqlite3_stmt *statement, FILE *out)
{
	struct table table;
	int result = SQLITE_NOMEM;
	bool more = table_begin(&table, statement), begun = false;

	while (more && (result = sqlite3_step(statement)) == SQLITE_ROW) {
		more = keep_row(&table, statement);
		if (more && !begun && table.rows < MEASURED_ROWS)
			continue;
		if (!begun)
			print_header(&table, statement, out);
		begun = true;
		print_rows(&table, out);
	}
	if (!begun && table.columns && result == SQLITE_DONE)
		print_header(&table, statement, out);
	print_rows(&table, out);
	free(table.cells);
	free(table.widths);
	return result;
}

/* ---- CSV --------------------------------------------------------------------------------- */

static void print_csv(FILE *out, const char *text)
{
	if (!text)
		return;
	if (!strpbrk(text, ",\"\r\n")) {
		fputs(text, out);
		return;
	}
	fputc('"', out);
	for (; *text; text++) {
		if (*text == '"')
			fputc('"', out);
		fputc(*text, out);
	}
	fputc('"', out);
}

int sql_output_csv(sqlite3_stmt *statement, FILE *out)
{
	int columns = sqlite3_column_count(statement), result;

	for (int i = 0; i < columns; i++) {
		print_csv(out, sqlite3_column_name(statement, i));
		fputs(i + 1 == columns ? "\r\n" : ",", out);
	}
	while ((result = sqlite3_step(statement)) == SQLITE_ROW) {
		for (int i = 0; i < columns; i++) {
			print_csv(out, (const char *)sqlite3_column_text(statement, i));
			fputs(i + 1 == columns ? "\r\n" : ",", out);
		}
	}
	return result;
}

/* ---- JSON ---------------------------------------------------------------------------------- */

int sql_output_json(sqlite3_stmt *statement, FILE *out)
{
	const char *before = "\n  ";
	int result;

	fputc('[', out);
	while ((result = sqlite3_step(statement)) == SQLITE_ROW) {
		json_t *row = json_row(statement);

		fputs(before, out);
		json_dumpf(row, out, JSON_REAL_PRECISION(15));
		json_decref(row);
		before = ",\n  ";
	}
	fputs("\n]\n", out);
	return result;
}
