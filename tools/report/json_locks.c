#include "tools/report/json.h"

#include <string.h>

/* Replaces the id of a stack by its frames. */
static void expand_stack(struct report *report, const struct process *process, json_t *object, const char *column,
                         const char *name)
{
	int64_t stack = json_integer_value(json_object_get(object, column));

	json_object_del(object, column);
	if (!report->numbers && !strcmp(name, "stack"))
		json_object_set_new(object, "where", json_where(report, process->id, stack));
	json_object_set_new(object, name, json_stack(report, process->id, stack));
}

static void expand_address(json_t *object)
{
	json_object_set_new(object, "address", json_address(json_integer_value(json_object_get(object, "address"))));
}

/* Adds what to_json makes of each row of a query about the process. */
static void add_rows(struct json_list *list, const struct process *process, const char *sql,
                     json_t *to_json(struct report *, const struct process *, sqlite3_stmt *))
{
	sqlite3_stmt *row = query_again(&list->report->query, sql, 1, process->id);

	while (query_next(&list->report->query, row))
		json_list_add(list, to_json(list->report, process, row));
	query_done(&list->report->query, row);
}

/* ---- each lock ------------------------------------------------------------------------- */

static json_t *json_lock(struct report *report, const struct process *process, sqlite3_stmt *row)
{
	json_t *lock = json_row(row);

	expand_address(lock);
	expand_stack(report, process, lock, "init_stack", "created");
	expand_stack(report, process, lock, "first_stack", "first_used");
	expand_stack(report, process, lock, "worst_wait_stack", "worst_wait");
	return lock;
}

void json_locks(struct json_list *list, const struct process *process)
{
	static const char sql[] =
	    "SELECT id, kind, name, class, address, generation, acquisitions, contended, failed, wait_seconds,"
	    " wait_longest, hold_seconds, hold_longest, owner, folded, init_stack, first_stack, "
	    "worst_wait_stack"
	    " FROM lock WHERE process = ? ORDER BY wait_seconds DESC, contended DESC, acquisitions DESC, id";

	add_rows(list, process, sql, json_lock);
}

/* ---- classes, waits, holds --------------------------------------------------------------- */

static json_t *json_lock_class(struct report *report, const struct process *process, sqlite3_stmt *row)
{
	json_t *class = json_row(row);

	json_object_set_new(class, "initialised",
	                    json_boolean(json_integer_value(json_object_get(class, "initialised"))));
	expand_stack(report, process, class, "stack_id", "stack");
	return class;
}

void json_lock_classes(struct json_list *list, const struct process *process)
{
	static const char sql[] =
	    "SELECT id, kind, name, locks, acquisitions, contended, failed, wait_seconds, wait_longest, "
	    "hold_seconds,"
	    " hold_longest, initialised, stack AS stack_id FROM lock_class WHERE process = ?"
	    " ORDER BY wait_seconds DESC, contended DESC, acquisitions DESC, id";

	add_rows(list, process, sql, json_lock_class);
}

static json_t *json_lock_wait(struct report *report, const struct process *process, sqlite3_stmt *row)
{
	json_t *wait = json_row(row);

	expand_address(wait);
	expand_stack(report, process, wait, "stack_id", "stack");
	expand_stack(report, process, wait, "holder_stack_id", "holder_stack");
	return wait;
}

void json_lock_waits(struct json_list *list, const struct process *process)
{
	static const char sql[] =
	    "SELECT class, waits, wait_seconds, wait_longest, longest_at, thread, holder, address,"
	    " stack AS stack_id, holder_stack AS holder_stack_id"
	    " FROM lock_wait WHERE process = ? ORDER BY ordinal";

	add_rows(list, process, sql, json_lock_wait);
}

static json_t *json_lock_hold(struct report *report, const struct process *process, sqlite3_stmt *row)
{
	json_t *hold = json_row(row);

	expand_stack(report, process, hold, "stack_id", "stack");
	return hold;
}

void json_lock_holds(struct json_list *list, const struct process *process)
{
	static const char sql[] =
	    "SELECT class, holds, hold_seconds, hold_longest, longest_at, thread, stack AS stack_id"
	    " FROM lock_hold WHERE process = ? ORDER BY ordinal";

	add_rows(list, process, sql, json_lock_hold);
}

static json_t *json_lock_order(struct report *report, const struct process *process, sqlite3_stmt *row)
{
	json_t *order = json_row(row);

	expand_stack(report, process, order, "held_stack_id", "held_stack");
	expand_stack(report, process, order, "wanted_stack_id", "wanted_stack");
	return order;
}

void json_lock_orders(struct json_list *list, const struct process *process)
{
	static const char sql[] = "SELECT held, wanted, pairs, thread, at, held_stack AS held_stack_id, "
	                          "wanted_stack AS wanted_stack_id"
	                          " FROM lock_order WHERE process = ? ORDER BY ordinal";

	add_rows(list, process, sql, json_lock_order);
}
