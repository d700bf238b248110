#include "tools/report/json_value.h"

#include <stdlib.h>
#include <string.h>

#include "tools/base/text.h"
#include "tools/query/query.h"

json_t *json_text(const char *text)
{
	json_t *value;
	char *clean;

	if (!text)
		return json_null();
	value = json_string(text);
	if (value)
		return value;
	clean = text_utf8(text, strlen(text));
	value = json_string(clean ? clean : "");
	free(clean);
	return value;
}

void json_print_text(FILE *out, const char *text)
{
	json_t *value = json_text(text);

	json_dumpf(value, out, JSON_ENCODE_ANY);
	json_decref(value);
}

json_t *json_column(sqlite3_stmt *row, int column)
{
	switch (sqlite3_column_type(row, column)) {
	case SQLITE_INTEGER:
		return json_integer(sqlite3_column_int64(row, column));
	case SQLITE_FLOAT:
		return json_real(sqlite3_column_double(row, column));
	case SQLITE_NULL:
		return json_null();
	default:
		return json_text(query_text_or_null(row, column));
	}
}

json_t *json_address(int64_t address)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%llx", (unsigned long long)address);
	return json_string(text);
}

json_t *json_row(sqlite3_stmt *row)
{
	json_t *object = json_object();

	for (int column = 0; column < sqlite3_column_count(row); column++)
		json_object_set_new(object, sqlite3_column_name(row, column), json_column(row, column));
	return object;
}
