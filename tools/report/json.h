/* The parts of the JSON report, one file each. */
#ifndef RINGTAIL_REPORT_JSON_H
#define RINGTAIL_REPORT_JSON_H

#include "tools/query/frames.h"
#include "tools/query/process_rows.h"
#include "tools/query/where.h"
#include "tools/report/json_value.h"
#include "tools/report/report.h"

/* The versions of ringtail and of the database's schema. */
json_t *json_tool(struct report *report);

json_t *json_heap(struct report *report, const struct process *process);

/* The predictions of an earlier run, and the outcome of each. */
json_t *json_confirmations(struct report *report);

/* An array that may be long is written item by item, so that memory does not grow with it. */
struct json_list {
	struct report *report;
	bool begun;
};
void json_list_add(struct json_list *list, json_t *item);
/* Prints BEFORE VALUE; takes over the value. */
void json_print_item(struct report *report, const char *before, json_t *value);
/* Prints BEFORE "NAME": VALUE; takes over the value. */
void json_print_member(struct report *report, const char *before, const char *name, json_t *value);

void json_findings(struct json_list *list, const struct process *process);
void json_threads(struct json_list *list, const struct process *process);
void json_thread_sites(struct json_list *list, const struct process *process);
void json_locks(struct json_list *list, const struct process *process);
void json_lock_classes(struct json_list *list, const struct process *process);
void json_lock_waits(struct json_list *list, const struct process *process);
void json_lock_holds(struct json_list *list, const struct process *process);
void json_lock_orders(struct json_list *list, const struct process *process);

/* One finding. */
json_t *json_finding(struct report *report, int64_t process, int64_t ordinal);

json_t *json_frame(const struct frame *frame);
/* An array of FRAMEs, empty if there is no stack.  With report->numbers: [process, number], null if there is no
 * stack. */
json_t *json_stack(struct report *report, int64_t process, int64_t stack);
/* A place (query/where.h): a FRAME that has also the name of the wrapper, or null.  Null if there is no stack. */
json_t *json_place_of(const struct where *where);
/* The place of a stack. */
json_t *json_where(struct report *report, int64_t process, int64_t stack);
/* An array of json_row. */
json_t *json_rows(struct report *report, const char *sql, int64_t process);

#endif
