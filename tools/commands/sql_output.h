/* Rows of a query as a table for people, as CSV (RFC 4180) or as a JSON array of objects. */
#ifndef RINGTAIL_COMMANDS_SQL_OUTPUT_H
#define RINGTAIL_COMMANDS_SQL_OUTPUT_H

#include <sqlite3.h>
#include <stdio.h>

/* Steps the statement to its end; returns SQLITE_DONE or the error. */
typedef int sql_output(sqlite3_stmt *statement, FILE *out);

sql_output sql_output_text;
sql_output sql_output_csv;
sql_output sql_output_json;

#endif
