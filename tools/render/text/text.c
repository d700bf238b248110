#include "tools/render/text/text.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "tools/base/format.h"
#include "tools/suppress/suppress.h"

/* Of more processes than this, a report on findings shows the findings of all together, and no process in full. */
#define PROCESSES_IN_FULL 3

void text_ending(const struct process *process, char *out, size_t size)
{
	if (!strcmp(process->end_how, "exit"))
		snprintf(out, size, "exited with status %d", process->end_status);
	else if (!strcmp(process->end_how, "signal"))
		snprintf(out, size, "killed by %s", process->end_signal ? process->end_signal : "a signal");
	else if (!strcmp(process->end_how, "exec"))
		snprintf(out, size, "became another program by exec");
	else
		snprintf(out, size, "still running when this was read");
}

void text_end(const struct process *process, char *out, size_t size)
{
	char ending[64];

	text_ending(process, ending, sizeof(ending));
	if (process->at_least)
		snprintf(out, size, "%s at an unknown time, %s after its start or later", ending,
		         human_seconds(process->seconds).text);
	else
		snprintf(out, size, "%s after %s", ending, human_seconds(process->seconds).text);
}

/* ---- the command line ------------------------------------------------------------ */

static bool needs_quotes(const char *word)
{
	return !*word || strcspn(word, " \t\n\"'\\$`*?[](){}<>|&;#~!") != strlen(word);
}

static void print_word(FILE *out, const char *word)
{
	if (!needs_quotes(word)) {
		fputs(word, out);
		return;
	}
	fputc('\'', out);
	for (; *word; word++)
		*word == '\'' ? fputs("'\\''", out) : fputc(*word, out);
	fputc('\'', out);
}

char *text_command_line(const char *json)
{
	json_t *words = json ? json_loads(json, 0, NULL) : NULL, *word;
	char *text = NULL;
	size_t size, i;
	FILE *out = open_memstream(&text, &size);

	if (out) {
		json_array_foreach(words, i, word)
		{
			fputs(i ? " " : "", out);
			print_word(out, json_string_value(word) ? json_string_value(word) : "");
		}
		fclose(out);
	}
	json_decref(words);
	return text;
}

static void print_command(struct report *report, const char *json)
{
	size_t most = report->width == PAGE_UNLIMITED ? 400 : report->width - PAGE_VALUE_AT;
	char *line = text_command_line(json);

	/* Of a long command the beginning is shown, on one line if the width is known. */
	if (line && strlen(line) > most)
		strcpy(line + most - 3, "...");
	page_field(report, "command", "%s", line && *line ? line : "(not known)");
	free(line);
}

/* ---- the run ------------------------------------------------------------------------ */

/* A snapshot or a copy of the database is named after its run. */
static const char *name_of_run(const struct report *report, const struct run *run)
{
	const char *name = base_name(report->query.directory), *dot = strrchr(name, '.');

	return dot && !strcmp(dot, ".db") && run->directory ? base_name(run->directory) : name;
}

/* A directory that the user has not named has the program in its name. */
static void print_title(struct report *report, const struct run *run)
{
	const char *name = name_of_run(report, run);
	json_t *words =
	    run->command && strncmp(name, "ringtail.", strlen("ringtail.")) ? json_loads(run->command, 0, NULL) : NULL;
	const char *program = json_string_value(json_array_get(words, 0));

	if (program)
		page_paint(report, PAINT_TITLE, "ringtail: %s (%s)\n", base_name(program), name);
	else
		page_paint(report, PAINT_TITLE, "ringtail: %s\n", name);
	json_decref(words);
}

static void print_run(struct report *report)
{
	struct run run = run_load(&report->query);
	int64_t processes = query_number(&report->query, "SELECT count(*) FROM process", 0, 0);

	print_title(report, &run);
	print_command(report, run.command);
	page_field(report, "started", "%.10s %.8s UTC, ran %s%s", run.started ? run.started : "?",
	           run.started && strlen(run.started) > 11 ? run.started + 11 : "?", human_seconds(run.seconds).text,
	           run.at_least ? " or longer" : "");
	if (processes != 1)
		page_field(report, "processes", "%s", human_count((uint64_t)processes).text);
	if (report->parts & PART_FINDINGS)
		text_confirmations(report, "  ");
	run_free(&run);
}

/* ---- one process ----------------------------------------------------------------------- */

static void print_losses(struct report *report, const struct process *process)
{
	sqlite3_stmt *row =
	    query_rows(&report->query, "SELECT count, what, why FROM loss WHERE process = ?", 1, process->id);

	while (query_next(&report->query, row)) {
		page_paint(report, PAINT_WARN, "  %-12s", "lost");
		page_paint(report, PAINT_WARN, "%s %s: %s\n", human_count((uint64_t)sqlite3_column_int64(row, 0)).text,
		           query_text(row, 1), query_text(row, 2));
	}
	sqlite3_finalize(row);
}

static void print_watched(struct report *report, const struct process *process)
{
	const char *what = process->watch_heap && process->watch_locks ? "heap and locks"
	                   : process->watch_heap                       ? "heap, not locks"
	                   : process->watch_locks                      ? "locks, not heap"
	                                                               : "threads alone";

	if (!strcmp(process->stacks, "full"))
		page_field(report, "watched", "%s; stacks of up to %lld frames", what, (long long)process->depth);
	else
		page_field(report, "watched", "%s; %s", what,
		           strcmp(process->stacks, "none") ? "only the caller of each call" : "no stacks");
}

static void print_unwatched(struct report *report, const struct process *process)
{
	sqlite3_stmt *row =
	    query_rows(&report->query, "SELECT what, module, why FROM unwatched WHERE process = ? ORDER BY ordinal", 1,
	               process->id);

	while (query_next(&report->query, row)) {
		const char *module = query_text_or_null(row, 1);

		bool late = !strcmp(query_text(row, 0), "start");

		page_paint(report, PAINT_WARN, "  %-12s", late ? "seen late" : "not seen");
		if (!late)
			page_paint(report, PAINT_WARN, "%s: ", query_text(row, 0));
		page_paint(report, PAINT_WARN, "%s", query_text(row, 2));
		if (module)
			page_paint(report, PAINT_WARN, " (%s)", module);
		page_print(report, "\n");
	}
	sqlite3_finalize(row);
}

/* Which files the reader has to put back, and where, so that the next report has names. */
static void print_nameless(struct report *report, const struct process *process)
{
	static const char sql[] =
	    "SELECT m.path, m.missing, m.build_id, count(*) FROM module m JOIN frame f ON f.process = m.process"
	    " AND f.module = m.id WHERE m.process = ? AND m.missing IN ('deleted', 'changed', 'unreadable')"
	    " GROUP BY m.id ORDER BY 4 DESC LIMIT 3";
	sqlite3_stmt *row = query_rows(&report->query, sql, 1, process->id);

	while (query_next(&report->query, row)) {
		const char *id = query_text_or_null(row, 2);
		uint64_t places = (uint64_t)sqlite3_column_int64(row, 3);

		page_paint(report, PAINT_WARN, "  %-12s", "no names");
		page_paint(report, PAINT_WARN, "%s %s of %s (%s)", human_count(places).text,
		           plural(places, "place", "places"), query_text(row, 0), query_text(row, 1));
		if (id)
			page_paint(report, PAINT_WARN, ": put back the file with build id %s, and report again\n", id);
		else
			page_paint(report, PAINT_WARN, ", which has no build id to be known again by\n");
	}
	sqlite3_finalize(row);
}

static void print_process_header(struct report *report, const struct process *process, bool alone)
{
	char end[160];

	text_end(process, end, sizeof(end));
	if (alone) {
		page_field(report, "process", "%lld, %s", (long long)process->pid, process->exe ? process->exe : "?");
	} else {
		page_heading(report, "process %lld  %s", (long long)process->pid,
		             process->exe ? base_name(process->exe) : "?");
		print_command(report, process->command);
	}
	if (process->final)
		page_field(report, "ended", "%s", end);
	else
		page_field(report, "running", "for %s so far: the figures below are not final",
		           human_seconds(process->seconds).text);
	page_field(report, "events", "%s recorded, %s", human_count((uint64_t)process->events_recorded).text,
	           process->events_lost ? "some were lost: see below" : "none lost");
	print_losses(report, process);
	print_watched(report, process);
	print_unwatched(report, process);
	print_nameless(report, process);
	if ((report->parts & PART_FINDINGS) && process->leak_scan_done && !process->final)
		page_field(report, "leak scan", "the process was stopped for %s",
		           human_seconds(process->leak_scan_pause).text);
	if ((report->parts & PART_FINDINGS) && process->watch_heap && !process->leak_scan_done)
		page_field(report, "leak scan", "not done: %s", process->why_not ? process->why_not : "not known why");
}

static void print_process(struct report *report, const struct process *process, bool alone)
{
	print_process_header(report, process, alone);
	if (report->parts & PART_FINDINGS)
		text_findings(report, process);
	if ((report->parts & PART_HEAP) && !report->query.only)
		text_heap(report, process);
	if ((report->parts & PART_THREADS) && !report->query.only)
		text_threads(report, process);
	if ((report->parts & PART_LOCKS) && !report->query.only)
		text_locks(report, process);
}

static void print_processes(struct report *report, bool alone)
{
	sqlite3_stmt *rows = process_query(&report->query);
	struct process process;

	while (process_next(&report->query, rows, &process))
		print_process(report, &process, alone);
	sqlite3_finalize(rows);
}

/* ---- what was left out ------------------------------------------------------------------- */

/* Rules that hold by default are listed if they matched: most programs have nothing to do with them. */
static bool is_listed(const struct rule *rule) { return !rule->by_default || rule->findings; }

static bool has_listed(const struct suppress *suppress)
{
	bool listed = suppress->baseline;

	for (size_t i = 0; i < suppress->rules.count; i++)
		listed = listed || is_listed(&suppress->rules.items[i]);
	return listed;
}

static void print_suppressions(struct report *report)
{
	const struct suppress *suppress = report->suppress;

	if (!suppress || !has_listed(suppress) || !(report->parts & PART_FINDINGS))
		return;
	page_heading(report, "SUPPRESSIONS");
	for (size_t i = 0; i < suppress->rules.count; i++) {
		const struct rule *rule = &suppress->rules.items[i];

		if (!is_listed(rule))
			continue;
		if (rule->findings)
			page_print(report, "  %-10s ", human_count(rule->findings).text);
		else
			page_paint(report, PAINT_WARN, "  %-10s ", "unused");
		page_text(report, rule->file);
		page_print(report, ":%u: ", rule->line);
		page_text(report, rule->text);
		page_print(report, "\n");
	}
	if (suppress->baseline) {
		page_print(report, "  %-10s the baseline ", human_count(suppress->in_baseline).text);
		page_text(report, suppress->baseline);
		page_print(report, "\n");
	}
}

/* ---- many processes: the findings of all, then the tree --------------------------------------- */

/* What is not known of the run, once for each reason, with the number of processes that it holds for. */
static void print_doubts(struct report *report)
{
	static const char sql[] =
	    "SELECT 'lost', sum(count) || ' ' || what || ': ' || why, count(*) FROM loss GROUP BY what, why"
	    " UNION ALL SELECT 'not seen', what || ': ' || why || coalesce(' (' || module || ')', ''), count(*)"
	    " FROM unwatched GROUP BY what, why, module"
	    " UNION ALL SELECT 'leak scan', 'not done: ' || coalesce(leak_scan_why_not, 'not known why'), count(*)"
	    " FROM process JOIN heap ON heap.process = process.id"
	    " WHERE watch_heap AND NOT leak_scan_done AND live_blocks GROUP BY leak_scan_why_not ORDER BY 3 DESC";
	sqlite3_stmt *row = query_rows(&report->query, sql, 0);
	bool any = false;

	while (query_next(&report->query, row)) {
		uint64_t processes = (uint64_t)sqlite3_column_int64(row, 2);

		if (!any)
			page_heading(report, "NOT KNOWN");
		any = true;
		page_paint(report, PAINT_WARN, "  %-12s", query_text(row, 0));
		page_text(report, query_text(row, 1));
		page_print(report, ", in %s %s\n", human_count(processes).text,
		           plural(processes, "process", "processes"));
	}
	sqlite3_finalize(row);
}

/* The process of which a report tells most: it has the most findings, what is information apart, and of those it has
 * made the most calls. */
static int64_t busiest(struct report *report)
{
	return query_number(&report->query,
	                    "SELECT pid FROM process p LEFT JOIN heap h ON h.process = p.id"
	                    " ORDER BY (SELECT count(*) FROM finding f WHERE f.process = p.id AND NOT f.suppressed AND "
	                    "NOT f.information) DESC,"
	                    " h.allocations DESC, p.id LIMIT 1",
	                    0, 0);
}

/* The command that shows most: of a part the whole, and of the whole the page. */
static void print_next(struct report *report)
{
	bool whole = report->parts & PART_FINDINGS && report->parts & PART_HEAP && !report->query.only;

	page_paint(report, PAINT_DIM,
	           whole ? "\nringtail report %s --format html -o report.html shows it all in a browser\n"
	                 : "\nringtail report %s tells all of this run\n",
	           report->query.directory);
}

static void print_many(struct report *report)
{
	text_findings_of_all(report);
	if (!report->query.only)
		text_tree(report);
	print_doubts(report);
	print_suppressions(report);
	if (!report->query.only)
		page_paint(report, PAINT_DIM, "\nringtail report %s --pid %lld tells all of one process\n",
		           report->query.directory, (long long)busiest(report));
	else
		print_next(report);
}

/* What all have in common, in front of each in full: a finding of the last process would be far down otherwise. */
static void print_several(struct report *report)
{
	struct merged_findings merged = merged_load(&report->query);

	free(text_overview_of_all(report, &merged).items);
	merged_free(&merged);
	text_tree(report);
}

bool render_text(struct report *report)
{
	int64_t processes = query_number(&report->query, "SELECT count(*) FROM process", 0, 0);

	print_run(report);
	if (!processes)
		page_print(report, "\nNo process was recorded\n");
	if ((report->parts & PART_FINDINGS) && processes > PROCESSES_IN_FULL) {
		print_many(report);
		return !report->query.failed;
	}
	if (processes > 1 && (report->parts & PART_FINDINGS) && !report->query.only)
		print_several(report);
	print_processes(report, processes == 1);
	print_suppressions(report);
	if (processes)
		print_next(report);
	return !report->query.failed;
}

bool render_findings(struct report *report, unsigned processes)
{
	sqlite3_stmt *rows = process_query(&report->query);
	struct process process;

	while (processes && process_next(&report->query, rows, &process)) {
		if (!query_number(&report->query, "SELECT count(*) FROM finding WHERE process = ?", process.id, 0))
			continue; /* it only has stacks that another one names */
		text_findings(report, &process);
		processes--;
	}
	sqlite3_finalize(rows);
	return !report->query.failed;
}
