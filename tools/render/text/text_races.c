/* Races, and how data races were looked for. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/base/format.h"
#include "tools/finding/kinds.h"
#include "tools/render/text/text.h"

#define REFUSED_LINES 3 /* one for each reason */

/* ---- one race ---------------------------------------------------------------------------------- */

/* Of a race: the locks that its threads held.  Where they held none, that is said once.  of_lock: the race is about a
 * lock itself. */
static void print_locks(struct report *report, const struct process *process, int64_t finding, bool of_lock)
{
	static const char sql[] =
	    "SELECT what, address, generation, name, shared, since, taken_stack, thread FROM race_lock"
	    " JOIN race_side USING (process, finding, side) WHERE process = ? AND finding = ? ORDER BY side, ordinal";
	sqlite3_stmt *row = query_rows(&report->query, sql, 2, process->id, finding);
	bool any = false;

	for (; query_next(&report->query, row); any = true) {
		page_print(report, "   ");
		text_thread_name(report, process, sqlite3_column_int64(row, 7));
		page_print(report, " held ");
		text_object(report, row, 0, sqlite3_column_int(row, 4));
		text_at(report, ", taken at ", row, 5);
		page_print(report, ":\n");
		page_stack_id(report, 6, process->id, sqlite3_column_int64(row, 6));
	}
	sqlite3_finalize(row);
	if (!any)
		page_print(report, "   neither thread held %s lock\n", of_lock ? "another" : "a");
}

enum race_column {
	ABOUT,
	PROOF,
	REASON,
	NAME,
	FILE_NAME,
	LINE,
	INTO,
	BYTES,
	BY,
	STACK_OF,
	BEFORE,
	AFTER,
	HELD,
	ADDRESS,
	CLASS_NAME
};

static const char race_sql[] =
    "SELECT about, proof, reason, name, declared_file, declared_line, block_into, block_bytes, allocated_by, stack_of,"
    " value_before, value_after, held, address, class FROM race JOIN finding f ON f.process = race.process AND"
    " f.ordinal = race.finding WHERE race.process = ? AND race.finding = ?";

static bool has(sqlite3_stmt *row, int column) { return sqlite3_column_type(row, column) != SQLITE_NULL; }

/* Of a race about a lock in a block: "the mutex lies 8 bytes into the block, which has 64 bytes" */
static void print_lock_in_block(struct report *report, sqlite3_stmt *row)
{
	page_print(report, "   the %s lies %lld bytes into the block, which has %lld bytes\n", query_text(row, ABOUT),
	           (long long)sqlite3_column_int64(row, INTO), (long long)sqlite3_column_int64(row, BYTES));
}

static void print_where(struct report *report, const struct process *process, sqlite3_stmt *row)
{
	page_print(report, "   it is at 0x%llx", (unsigned long long)sqlite3_column_int64(row, ADDRESS));
	if (has(row, FILE_NAME)) {
		page_print(report, "; the variable is declared at ");
		page_text(report, base_name(query_text(row, FILE_NAME)));
		page_print(report, ":%lld", (long long)sqlite3_column_int64(row, LINE));
	} else if (has(row, BYTES)) {
		uint64_t bytes = (uint64_t)sqlite3_column_int64(row, BYTES),
		         into = (uint64_t)sqlite3_column_int64(row, INTO);

		page_print(report, ", %s %s into a block of %s %s", human_count(into).text,
		           plural(into, "byte", "bytes"), human_count(bytes).text, plural(bytes, "byte", "bytes"));
		if (has(row, BY)) {
			page_print(report, " that was allocated by ");
			text_thread_name(report, process, sqlite3_column_int64(row, BY));
		}
	} else if (has(row, STACK_OF)) {
		page_print(report, ", on the stack of ");
		text_thread_name(report, process, sqlite3_column_int64(row, STACK_OF));
	}
	page_print(report, "\n");
}

static void print_value(struct report *report, sqlite3_stmt *row)
{
	if (!has(row, BEFORE))
		return;
	page_print(report, "   the value was %s before both accesses", query_text(row, BEFORE));
	if (has(row, AFTER))
		page_print(report, ", and %s after them", query_text(row, AFTER));
	page_print(report, "\n");
}

static void print_sides_met(struct report *report, const struct process *process, int64_t finding, sqlite3_stmt *race)
{
	sqlite3_stmt *row =
	    query_rows(&report->query, "SELECT thread FROM race_side WHERE process = ? AND finding = ? ORDER BY side",
	               2, process->id, finding);
	const char *proof = query_text(race, PROOF);

	page_print(report, "   ");
	if (query_next(&report->query, row))
		text_thread_name(report, process, sqlite3_column_int64(row, 0));
	page_print(report, " was stopped before its access");
	if (has(race, HELD))
		page_print(report, " for %s", human_seconds(sqlite3_column_double(race, HELD)).text);
	if (!strcmp(proof, "value")) {
		page_print(report, ", and the value changed meanwhile\n");
	} else if (query_next(&report->query, row)) {
		page_print(report, " when ");
		text_thread_name(report, process, sqlite3_column_int64(row, 0));
		page_print(report, "%s\n", !strcmp(proof, "met") ? " came to its own" : " made its own");
	}
	sqlite3_finalize(row);
}

static void print_caught(struct report *report, const struct process *process, int64_t finding, sqlite3_stmt *row)
{
	char why[256];

	print_where(report, process, row);
	print_value(report, row);
	print_sides_met(report, process, finding, row);
	snprintf(why, sizeof why, "it is race:%s, because %s", query_text(row, CLASS_NAME), query_text(row, REASON));
	page_paragraph(report, 3, why);
}

void text_race(struct report *report, const struct process *process, int64_t finding)
{
	sqlite3_stmt *row = query_rows(&report->query, race_sql, 2, process->id, finding);
	bool known = query_next(&report->query, row), of_lock = false;

	if (known && has(row, REASON)) {
		print_caught(report, process, finding, row);
	} else if (known && has(row, BYTES)) {
		of_lock = true;
		print_lock_in_block(report, row);
	}
	sqlite3_finalize(row);
	print_locks(report, process, finding, of_lock);
}

/* ---- the search ---------------------------------------------------------------------------------- */

/* "412 sites, 4 threads: 10,233 stops, 431 holds; cost 12.3 ms of 100 ms (12.3%), seed 7" */
static void write_figures(FILE *out, sqlite3_stmt *row)
{
	uint64_t processes = (uint64_t)sqlite3_column_int64(row, 0), sites = (uint64_t)sqlite3_column_int64(row, 1),
	         stops = (uint64_t)sqlite3_column_int64(row, 2), holds = (uint64_t)sqlite3_column_int64(row, 3),
	         threads = (uint64_t)sqlite3_column_int64(row, 4);
	double cost = sqlite3_column_double(row, 5), seconds = sqlite3_column_double(row, 6);

	fprintf(out, "data races: ");
	if (processes > 1)
		fprintf(out, "%s processes, ", human_count(processes).text);
	if (seconds <= 0) {
		fprintf(out, "nothing was looked at, as there never were two threads");
		return;
	}
	fprintf(out, "%s %s, %s threads: %s %s, %s %s; cost %s of %s (%s)", human_count(sites).text,
	        plural(sites, "site", "sites"), human_count(threads).text, human_count(stops).text,
	        plural(stops, "stop", "stops"), human_count(holds).text, plural(holds, "hold", "holds"),
	        human_seconds(cost).text, human_seconds(seconds).text,
	        human_share((uint64_t)(cost * 1e9), (uint64_t)(seconds * 1e9)).text);
	if (processes == 1)
		fprintf(out, ", seed %lld", (long long)sqlite3_column_int64(row, 7));
}

/* The line is made as a whole, as a paragraph may break it. */
static void print_line(struct report *report, const char *before, const char *text)
{
	if (!strcmp(before, "  "))
		page_paragraph(report, 2, text);
	else
		page_print(report, "%s%s\n", before, text);
}

static void print_done(struct report *report, int64_t process, const char *before)
{
	static const char sql[] = "SELECT sum(seconds > 0), sum(sites), sum(stops), sum(holds), max(threads), "
	                          "sum(stop_seconds + hold_seconds),"
	                          " sum(seconds), max(iif(seconds > 0, seed, 0)), min(why), count(*) FROM race_search"
	                          " WHERE done AND ?1 IN (0, process)";
	sqlite3_stmt *row = query_rows(&report->query, sql, 1, process);
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (out && query_next(&report->query, row) && sqlite3_column_int64(row, 9)) {
		write_figures(out, row);
		if (sqlite3_column_type(row, 8) != SQLITE_NULL)
			fprintf(out, "; it ended early: %s", query_text(row, 8));
		fclose(out);
		print_line(report, before, text);
	} else if (out) {
		fclose(out);
	}
	free(text);
	sqlite3_finalize(row);
}

static void print_refused(struct report *report, int64_t process, const char *before)
{
	static const char sql[] = "SELECT count(*), why FROM race_search WHERE NOT done AND ?1 IN (0, process)"
	                          " GROUP BY why ORDER BY 1 DESC";
	sqlite3_stmt *row = query_rows(&report->query, sql, 1, process);

	for (unsigned lines = 0; lines < REFUSED_LINES && query_next(&report->query, row); lines++) {
		uint64_t processes = (uint64_t)sqlite3_column_int64(row, 0);
		char text[512];

		if (processes == 1)
			snprintf(text, sizeof text, "no data races were looked for: %s", query_text(row, 1));
		else
			snprintf(text, sizeof text, "no data races were looked for in %s processes: %s",
			         human_count(processes).text, query_text(row, 1));
		print_line(report, before, text);
	}
	sqlite3_finalize(row);
}

void text_race_search(struct report *report, int64_t process, const char *before)
{
	print_done(report, process, before);
	print_refused(report, process, before);
}
