#include "tools/render/text/text.h"

#include <stdlib.h>
#include <string.h>

#include "tools/base/compare.h"
#include "tools/base/format.h"
#include "tools/query/where.h"

#define SUMMARY_GROUPS 8
#define NAME_WIDTH     16

/* What became of a thread, in SQL: the same words group threads and describe them. */
#define OUTCOME                                                                                                        \
	"CASE WHEN state_at_end = 'blocked' THEN 'blocked on ' || coalesce(blocked_on, '?')"                           \
	" WHEN main THEN state_at_end"                                                                                 \
	" WHEN state_at_end = 'running' THEN CASE WHEN detached THEN 'running, detached' ELSE 'running' END"           \
	" WHEN joined THEN 'joined' WHEN detached THEN 'ended, detached'"                                              \
	" WHEN adopted THEN 'ended'"                                                                                   \
	" WHEN (SELECT final FROM process p WHERE p.id = thread.process) THEN 'never joined' ELSE 'not joined yet' "   \
	"END"

static enum paint outcome_paint(const char *outcome)
{
	if (!strncmp(outcome, "blocked", 7))
		return PAINT_BAD;
	return !strcmp(outcome, "never joined") ? PAINT_WARN : PAINT_PLAIN;
}

static int64_t row_limit(const struct report *report) { return report->limit ? (int64_t)report->limit : -1; }

/* ---- groups: threads made at the same place that came to the same end ------------------- */

enum { GROUP_THREADS, GROUP_RANK, GROUP_FIRST };

/* In the order of the enum; the first thread's id is negated, because the largest number of a place is kept. */
#define OF_MAIN "main: "
static const struct place_query groups_by_place = {
    .sql = "SELECT count(*),"
           " max(CASE WHEN state_at_end = 'blocked' THEN 2 ELSE " OUTCOME " = 'never joined' END), -min(id),"
           " CASE WHEN main THEN '" OF_MAIN "' ELSE '' END || " OUTCOME " AS outcome, created_stack"
           " FROM thread WHERE process = ?1 GROUP BY outcome, created_stack",
    .sums = 1,
    .maxima = 2};

/* Threads that need a look first, then the largest group. */
static int by_rank(const void *left, const void *right)
{
	const struct place_row *a = left, *b = right;
	int order = compare_numbers(b->numbers[GROUP_RANK], a->numbers[GROUP_RANK]);

	order = compare_next(order, b->numbers[GROUP_THREADS], a->numbers[GROUP_THREADS]);
	return compare_next(order, b->numbers[GROUP_FIRST], a->numbers[GROUP_FIRST]);
}

static void print_group(struct report *report, const struct process *process, const struct place_row *row)
{
	bool is_main = !strncmp(row->kind, OF_MAIN, strlen(OF_MAIN));
	const char *outcome = row->kind + (is_main ? strlen(OF_MAIN) : 0);

	page_print(report, "  %8s  ", human_count(row->numbers[GROUP_THREADS]).text);
	page_paint(report, outcome_paint(outcome), "%-20s", outcome);
	if (is_main)
		page_print(report, " the main thread");
	else if (!row->stack)
		page_print(report, " made by a call that is not watched");
	else {
		page_print(report, " made by ");
		page_place(report, process->id, row->stack, report->width - 41);
	}
	page_print(report, "\n");
}

static void print_groups(struct report *report, const struct process *process, size_t limit)
{
	struct place_rows groups = where_add_up(&report->query, &groups_by_place, process->id);

	if (groups.count)
		qsort(groups.items, groups.count, sizeof *groups.items, by_rank);
	for (size_t i = 0; i < groups.count && i < limit; i++)
		print_group(report, process, &groups.items[i]);
	place_rows_free(&groups);
}

/* ---- each thread ------------------------------------------------------------------------ */

static void print_lifetime(struct report *report, sqlite3_stmt *row)
{
	char times[2 * sizeof(struct label) + 4];
	struct label begin = human_seconds(sqlite3_column_double(row, 5));

	if (sqlite3_column_type(row, 6) == SQLITE_NULL)
		snprintf(times, sizeof(times), "%s -", begin.text);
	else
		snprintf(times, sizeof(times), "%s - %s", begin.text,
		         human_seconds(sqlite3_column_double(row, 6)).text);
	page_print(report, "%-20s ", times);
}

static void print_thread(struct report *report, const struct process *process, sqlite3_stmt *row)
{
	const char *outcome = query_text(row, 4);
	const char *name = query_text_or_null(row, 2);

	char runs[NAME_WIDTH + 1];

	if (!name)
		name = sqlite3_column_int(row, 3)                               ? "(main)"
		       : text_runs(report, process, row, 8, runs, sizeof(runs)) ? runs
		                                                                : "-";
	page_print(report, "  %4lld %8lld  %-*s ", (long long)sqlite3_column_int64(row, 0),
	           (long long)sqlite3_column_int64(row, 1), NAME_WIDTH, name);
	print_lifetime(report, row);
	if (sqlite3_column_int64(row, 7))
		page_print(report, "%4lld  ", (long long)sqlite3_column_int64(row, 7));
	else
		page_print(report, "%4s  ", "-");
	page_paint(report, outcome_paint(outcome), "%s\n", outcome);
}

static void print_table(struct report *report, const struct process *process)
{
	static const char sql[] =
	    "SELECT id, tid, name, main, " OUTCOME ", coalesce(started_at, created_at, 0), ended_at, created_by,"
	    " runs_pc, runs_ordinal FROM thread WHERE process = ?1 ORDER BY id LIMIT ?2";
	int64_t limit = report->limit ? 4 * (int64_t)report->limit : -1;
	int64_t count = query_number(&report->query, "SELECT count(*) FROM thread WHERE process = ?", process->id, 0);
	sqlite3_stmt *row = query_rows(&report->query, sql, 2, process->id, limit);

	page_print(report, "\n");
	page_paint(report, PAINT_DIM, "  %4s %8s  %-*s %-20s %4s  %s\n", "id", "tid", NAME_WIDTH, "name", "from - to",
	           "by", "end");
	while (query_next(&report->query, row))
		print_thread(report, process, row);
	sqlite3_finalize(row);
	if (limit > 0 && count > limit)
		page_paint(report, PAINT_DIM, "  %lld more; --limit 0 shows all\n", (long long)(count - limit));
}

/* "could be ended by thread 3, which has held it since 1.2 s:", and where. */
static void print_blocker(struct report *report, const struct process *process, sqlite3_stmt *row)
{
	static const char *const words[][2] = {{"holds", ", which has held it"},
	                                       {"reads", ", which has held it for reading"},
	                                       {"lives", ", which was made"},
	                                       {"inside", ", which has waited in what is destroyed here"},
	                                       {"ahead", ", which has waited to write it"},
	                                       {"wakes", ", which ended such a wait before"}};
	const char *how = query_text(row, 1);
	bool at = !strcmp(how, "lives") || !strcmp(how, "wakes");

	page_print(report, "  could be ended by ");
	text_thread_name(report, process, sqlite3_column_int64(row, 0));
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (!strcmp(how, words[i][0]))
			page_print(report, "%s", words[i][1]);
	if (sqlite3_column_type(row, 2) != SQLITE_NULL)
		page_print(report, " %s %s", at ? "at" : "since", human_seconds(sqlite3_column_double(row, 2)).text);
	page_print(report, "%s\n", sqlite3_column_type(row, 3) == SQLITE_NULL ? "" : ":");
	if (sqlite3_column_type(row, 3) != SQLITE_NULL)
		page_stack_id(report, 6, process->id, sqlite3_column_int64(row, 3));
}

static void print_blockers(struct report *report, const struct process *process, int64_t thread)
{
	static const char sql[] = "SELECT blocker, how, since, stack FROM thread_blocker"
	                          " WHERE process = ? AND thread = ? ORDER BY ordinal";
	sqlite3_stmt *row = query_rows(&report->query, sql, 2, process->id, thread);
	bool any = false;

	for (; query_next(&report->query, row); any = true)
		print_blocker(report, process, row);
	if (!any)
		page_print(report, "  no thread is known that could end this wait\n");
	sqlite3_finalize(row);
}

static void print_blocked(struct report *report, const struct process *process)
{
	static const char sql[] =
	    "SELECT id, blocked_on, blocked_object, blocked_since, blocked_stack, blocked_name FROM thread"
	    " WHERE process = ?1 AND state_at_end = 'blocked' ORDER BY id LIMIT ?2";
	sqlite3_stmt *row = query_rows(&report->query, sql, 2, process->id, row_limit(report));

	while (query_next(&report->query, row)) {
		page_print(report, "\n  ");
		text_thread_name(report, process, sqlite3_column_int64(row, 0));
		page_print(report, " waits for %s 0x%llx", query_text(row, 1),
		           (unsigned long long)sqlite3_column_int64(row, 2));
		if (sqlite3_column_type(row, 5) != SQLITE_NULL)
			page_print(report, " (%s)", query_text(row, 5));
		if (sqlite3_column_type(row, 3) != SQLITE_NULL)
			page_print(report, " since %s", human_seconds(sqlite3_column_double(row, 3)).text);
		page_print(report, "\n");
		page_stack_id(report, 6, process->id, sqlite3_column_int64(row, 4));
		print_blockers(report, process, sqlite3_column_int64(row, 0));
	}
	sqlite3_finalize(row);
}

static void print_growth(struct report *report, sqlite3_stmt *row)
{
	if (!sqlite3_column_int(row, 5))
		return;
	page_paint(report, PAINT_WARN,
	           "  the number alive kept growing: %lld, %lld, %lld, %lld at the end of each quarter of the time\n",
	           (long long)sqlite3_column_int64(row, 6), (long long)sqlite3_column_int64(row, 7),
	           (long long)sqlite3_column_int64(row, 8), (long long)sqlite3_column_int64(row, 9));
}

/* As in Go's goroutine profile: the number of threads, and their stack. */
static void print_site(struct report *report, const struct process *process, sqlite3_stmt *row)
{
	uint64_t made = (uint64_t)sqlite3_column_int64(row, 0), live = (uint64_t)sqlite3_column_int64(row, 1);

	page_print(report, "\n  %s %s made here", human_count(made).text, plural(made, "thread was", "threads were"));
	if (made == 1)
		page_print(report, live ? ", still there at the end" : ", and has ended");
	else
		page_print(report, ", %s of them still there at the end", live ? human_count(live).text : "none");
	if (made > 1)
		page_print(report, ", at most %s at a time, at %s",
		           human_count((uint64_t)sqlite3_column_int64(row, 2)).text,
		           human_seconds(sqlite3_column_double(row, 3)).text);
	page_print(report, "\n");
	print_growth(report, row);
	page_stack_id(report, 6, process->id, sqlite3_column_int64(row, 4));
}

static void print_sites(struct report *report, const struct process *process)
{
	static const char sql[] =
	    "SELECT made, live, peak, peak_at, stack, grows, live_1, live_2, live_3, live_4"
	    " FROM thread_site WHERE process = ?1 ORDER BY grows DESC, live DESC, made DESC, ordinal"
	    " LIMIT ?2";
	sqlite3_stmt *row = query_rows(&report->query, sql, 2, process->id, row_limit(report));

	while (query_next(&report->query, row))
		print_site(report, process, row);
	sqlite3_finalize(row);
}

void text_threads(struct report *report, const struct process *process)
{
	int64_t count = query_number(&report->query, "SELECT count(*) FROM thread WHERE process = ?", process->id, 0);
	bool detail = report->parts & PART_DETAIL;

	if (!detail && count < 2)
		return;
	page_heading(report, "THREADS: %s", human_count((uint64_t)count).text);
	print_groups(report, process, detail ? SIZE_MAX : SUMMARY_GROUPS);
	if (!detail)
		return;
	print_table(report, process);
	print_blocked(report, process);
	print_sites(report, process);
}
