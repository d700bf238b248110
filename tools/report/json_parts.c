#include "tools/report/json.h"
#include "tools/query/frames.h"
#include "tools/query/stack_numbers.h"

json_t *json_frame(const struct frame *frame)
{
	json_t *object = json_object();

	json_object_set_new(object, "function", json_text(frame->function));
	json_object_set_new(object, "file", json_text(frame->file));
	json_object_set_new(object, "line", frame->line ? json_integer(frame->line) : json_null());
	json_object_set_new(object, "column", frame->column ? json_integer(frame->column) : json_null());
	json_object_set_new(object, "inlined", json_boolean(frame->inlined));
	json_object_set_new(object, "module", json_text(frame->module));
	json_object_set_new(object, "offset", json_address(frame->offset));
	json_object_set_new(object, "build_id", json_text(frame->build_id));
	if (!frame->function && frame->into >= 0)
		json_object_set_new(object, "function_start", json_address(frame_start(frame)));
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

json_t *json_place_of(const struct where *where)
{
	char room[FRAME_NAME_ROOM];
	json_t *object = where->frame ? json_frame(where->frame) : json_null();

	if (where->frame)
		json_object_set_new(object, "wrapper",
		                    where->wrapper ? json_text(frame_name(where->wrapper, room)) : json_null());
	return object;
}

json_t *json_where(struct report *report, int64_t process, int64_t stack)
{
	struct where where = where_of_stack(&report->query, process, stack);

	return json_place_of(&where);
}

json_t *json_rows(struct report *report, const char *sql, int64_t process)
{
	sqlite3_stmt *row = query_again(&report->query, sql, 1, process);
	json_t *array = json_array();

	while (query_next(&report->query, row))
		json_array_append_new(array, json_row(row));
	query_done(&report->query, row);
	return array;
}
