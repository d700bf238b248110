#include "tools/render/json/json.h"
#include "tools/query/frames.h"
#include "tools/query/stack_numbers.h"

#include <stdlib.h>
#include <string.h>

#include "tools/base/text.h"

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

static json_t *json_frame(const struct frame *frame)
{
	json_t *object = json_object();

	json_object_set_new(object, "function", json_text(frame->function));
	json_object_set_new(object, "file", json_text(frame->file));
	json_object_set_new(object, "line", frame->line ? json_integer(frame->line) : json_null());
	json_object_set_new(object, "inlined", json_boolean(frame->inlined));
	json_object_set_new(object, "module", json_text(frame->module));
	json_object_set_new(object, "offset", json_address(frame->offset));
	json_object_set_new(object, "build_id", json_text(frame->build_id));
	return object;
}

static json_t *json_number_of_stack(struct report *report, int64_t process, int64_t stack)
{
	uint32_t number = stack_number(report->numbers, process, stack);

	return number == NO_STACK_NUMBER ? json_null() : json_pack("[I, I]", (json_int_t)process, (json_int_t)number);
}

json_t *json_stack(struct report *report, int64_t process, int64_t stack)
{
	struct frames frames;
	json_t *array;

	if (report->numbers)
		return json_number_of_stack(report, process, stack);
	frames = frames_load(&report->query, process, stack);
	array = json_array();
	for (unsigned i = 0; i < frames.count; i++)
		json_array_append_new(array, json_frame(&frames.items[i]));
	frames_free(&frames);
	return array;
}

json_t *json_row(sqlite3_stmt *row)
{
	json_t *object = json_object();

	for (int column = 0; column < sqlite3_column_count(row); column++)
		json_object_set_new(object, sqlite3_column_name(row, column), json_column(row, column));
	return object;
}

json_t *json_rows(struct report *report, const char *sql, int64_t process)
{
	sqlite3_stmt *row = query_rows(&report->query, sql, 1, process);
	json_t *array = json_array();

	while (query_next(&report->query, row))
		json_array_append_new(array, json_row(row));
	sqlite3_finalize(row);
	return array;
}
