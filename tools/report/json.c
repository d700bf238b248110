#include "tools/report/json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tools/suppress/suppress.h"

/* The words of a command, from the JSON array that the database has. */
static json_t *command_words(const char *text)
{
	json_t *words = text ? json_loads(text, 0, NULL) : NULL;

	if (json_is_array(words))
		return words;
	json_decref(words);
	return json_array();
}

json_t *json_tool(struct report *report)
{
	return json_pack("{s:s, s:i}", "version", RINGTAIL_VERSION, "schema", query_schema(&report->query));
}

static json_t *json_run(struct report *report)
{
	struct run run = run_load(&report->query);
	json_t *object = json_object();

	json_object_set_new(object, "directory", json_text(run.directory));
	json_object_set_new(object, "started", json_text(run.started));
	json_object_set_new(object, "seconds", json_real(run.seconds));
	json_object_set_new(object, "command", command_words(run.command));
	json_object_set_new(object, "confirmations", json_confirmations(report));
	run_free(&run);
	return object;
}

static json_t *json_suppressions(const struct suppress *suppress)
{
	json_t *rules = json_array(), *baseline = json_null();

	for (size_t i = 0; i < suppress->rules.count; i++) {
		const struct rule *rule = &suppress->rules.items[i];

		if (rule->by_default && !rule->findings)
			continue;
		json_array_append_new(rules,
		                      json_pack("{s:o, s:o, s:i, s:I, s:b}", "rule", json_text(rule->text), "file",
		                                json_text(rule->file), "line", (int)rule->line, "findings",
		                                (json_int_t)rule->findings, "default", rule->by_default));
	}
	if (suppress->baseline)
		baseline = json_pack("{s:o, s:I}", "run", json_text(suppress->baseline), "findings",
		                     (json_int_t)suppress->in_baseline);
	return json_pack("{s:o, s:o}", "rules", rules, "baseline", baseline);
}

static json_t *json_end(const struct process *process)
{
	json_t *object = json_object();

	json_object_set_new(object, "how", json_text(process->end_how));
	json_object_set_new(object, "status", process->has_status ? json_integer(process->end_status) : json_null());
	json_object_set_new(object, "signal", json_text(process->end_signal));
	json_object_set_new(object, "at", json_real(process->seconds));
	json_object_set_new(object, "at_least", json_boolean(process->at_least));
	return object;
}

static json_t *json_watched(struct report *report, const struct process *process)
{
	json_t *object = json_object();

	json_object_set_new(object, "heap", json_boolean(process->watch_heap));
	json_object_set_new(object, "locks", json_boolean(process->watch_locks));
	json_object_set_new(object, "stacks", json_text(process->stacks));
	json_object_set_new(object, "unseen",
	                    json_rows(report,
	                              "SELECT what, module, why FROM unwatched WHERE process = ? ORDER BY ordinal",
	                              process->id));
	return object;
}

static json_t *json_leak_scan(const struct process *process)
{
	json_t *object = json_object();

	json_object_set_new(object, "done", json_boolean(process->leak_scan_done));
	json_object_set_new(object, "why_not", json_text(process->why_not));
	json_object_set_new(object, "pause", json_real(process->leak_scan_pause));
	json_object_set_new(object, "seconds", json_real(process->leak_scan_seconds));
	return object;
}

/* null: data races were not looked for in this process */
static json_t *json_race_search(struct report *report, const struct process *process)
{
	json_t *rows = json_rows(report,
	                         "SELECT done, why, seed, share, sites, armed, stops, holds, watched, threads, pairs,"
	                         " stop_seconds, hold_seconds, seconds FROM race_search WHERE process = ?",
	                         process->id),
	       *row = json_array_get(rows, 0), *object = row ? json_incref(row) : json_null();

	if (row)
		json_object_set_new(object, "done", json_boolean(json_integer_value(json_object_get(object, "done"))));
	json_decref(rows);
	return object;
}

static json_t *json_events(struct report *report, const struct process *process)
{
	json_t *object = json_object();

	json_object_set_new(object, "recorded", json_integer(process->events_recorded));
	json_object_set_new(object, "lost", json_integer(process->events_lost));
	json_object_set_new(object, "losses",
	                    json_rows(report, "SELECT what, count, why FROM loss WHERE process = ?", process->id));
	return object;
}

static json_t *json_process(struct report *report, const struct process *process)
{
	json_t *object = json_object();

	json_object_set_new(object, "pid", json_integer(process->pid));
	json_object_set_new(object, "image", json_integer(process->image));
	json_object_set_new(object, "parent", json_integer(process->parent));
	json_object_set_new(object, "exe", json_text(process->exe));
	json_object_set_new(object, "command", command_words(process->command));
	json_object_set_new(object, "started", json_text(process->started));
	json_object_set_new(object, "end", json_end(process));
	json_object_set_new(object, "events", json_events(report, process));
	json_object_set_new(object, "watched", json_watched(report, process));
	json_object_set_new(object, "leak_scan", json_leak_scan(process));
	json_object_set_new(object, "race_search", json_race_search(report, process));
	json_object_set_new(object, "heap", json_heap(report, process));
	return object;
}

/* ---- writing ----------------------------------------------------------------------- */

static void print_value(struct report *report, json_t *value)
{
	if (json_dumpf(value, report->out, JSON_REAL_PRECISION(12) | JSON_ENCODE_ANY) != 0 && !report->query.failed)
		report->query.failed =
		    !error_set(report->query.err, EXIT_INTERNAL, "cannot write the report: %s", strerror(errno));
	json_decref(value);
}

void json_print_member(struct report *report, const char *before, const char *name, json_t *value)
{
	fprintf(report->out, "%s\"%s\": ", before, name);
	print_value(report, value);
}

void json_print_item(struct report *report, const char *before, json_t *value)
{
	fputs(before, report->out);
	print_value(report, value);
}

void json_list_add(struct json_list *list, json_t *item)
{
	json_print_item(list->report, list->begun ? ",\n      " : "\n      ", item);
	list->begun = true;
}

static void print_list(struct report *report, const struct process *process, const char *name,
                       void (*fill)(struct json_list *, const struct process *))
{
	struct json_list list = {.report = report};

	fprintf(report->out, ",\n    \"%s\": [", name);
	fill(&list, process);
	fputs(list.begun ? "\n    ]" : "]", report->out);
}

static void print_process(struct report *report, const struct process *process)
{
	json_t *head = json_process(report, process), *value;
	const char *name, *separator = "";

	fputs("  {\n", report->out);
	json_object_foreach(head, name, value)
	{
		fputs(separator, report->out);
		json_print_member(report, "    ", name, json_incref(value));
		separator = ",\n";
	}
	json_decref(head);
	if (report->parts & PART_THREADS) {
		print_list(report, process, "threads", json_threads);
		print_list(report, process, "thread_sites", json_thread_sites);
	}
	if (report->parts & PART_LOCKS) {
		print_list(report, process, "locks", json_locks);
		print_list(report, process, "lock_classes", json_lock_classes);
		print_list(report, process, "lock_waits", json_lock_waits);
		print_list(report, process, "lock_holds", json_lock_holds);
		print_list(report, process, "lock_orders", json_lock_orders);
	}
	if (report->parts & PART_FINDINGS)
		print_list(report, process, "findings", json_findings);
	fputs("\n  }", report->out);
}

static void print_processes(struct report *report)
{
	sqlite3_stmt *rows = process_query(&report->query);
	const char *separator = "\n";
	struct process process;

	while (process_next(&report->query, rows, &process)) {
		fputs(separator, report->out);
		print_process(report, &process);
		separator = ",\n";
	}
	sqlite3_finalize(rows);
}

bool report_json(struct report *report)
{
	fputs("{\n", report->out);
	json_print_member(report, "", "ringtail", json_tool(report));
	json_print_member(report, ",\n", "run", json_run(report));
	if (report->suppress && (report->parts & PART_FINDINGS))
		json_print_member(report, ",\n", "suppressions", json_suppressions(report->suppress));
	fputs(",\n\"processes\": [", report->out);
	print_processes(report);
	fputs("\n]\n}\n", report->out);
	return !report->query.failed;
}
