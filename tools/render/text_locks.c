#include "tools/render/text.h"

#include <string.h>

#include "tools/render/format.h"

#define SUMMARY_LOCKS 5
#define WORST_WAITS   3

#define LOCKS_BY_WAIT                                                                                        \
	" FROM lock WHERE process = ?1 ORDER BY wait_seconds DESC, contended DESC, acquisitions DESC, id"

static void print_lock(struct report *report, const struct process *process, sqlite3_stmt *row)
{
	int64_t stack = sqlite3_column_type(row, 6) != SQLITE_NULL ? sqlite3_column_int64(row, 6)
	                                                           : sqlite3_column_int64(row, 7);

	page_print(report, "  %-7.7s %10s %9s %7s %7s %7s ", report_text(row, 0),
	           human_count((uint64_t)sqlite3_column_int64(row, 1)).text,
	           human_count((uint64_t)sqlite3_column_int64(row, 2)).text,
	           human_seconds(sqlite3_column_double(row, 3)).text,
	           human_seconds(sqlite3_column_double(row, 4)).text,
	           human_seconds(sqlite3_column_double(row, 5)).text);
	page_place(report, process->id, stack, report->width - 56);
	page_print(report, "\n");
}

static void print_table(struct report *report, const struct process *process, int64_t limit)
{
	static const char sql[] =
	    "SELECT kind, acquisitions, contended, wait_seconds, wait_longest, hold_longest,"
	    " init_stack, first_stack" LOCKS_BY_WAIT " LIMIT ?2";
	sqlite3_stmt *row = report_query(report, sql, 2, process->id, limit);

	page_paint(report, PAINT_DIM, "  %-7s %10s %9s %7s %7s %7s %s\n", "", "", "", "", "longest",
	           "longest", "made, or");
	page_paint(report, PAINT_DIM, "  %-7s %10s %9s %7s %7s %7s %s\n", "kind", "acquired", "contended",
	           "waited", "wait", "hold", "first used");
	while (report_row(report, row))
		print_lock(report, process, row);
	sqlite3_finalize(row);
}

static void print_identity(struct report *report, const struct process *process, sqlite3_stmt *row)
{
	page_print(report, "\n  %s 0x%llx: waited for %s %s (taken %s), %s in all, %s at worst\n",
	           report_text(row, 0), (unsigned long long)sqlite3_column_int64(row, 1),
	           human_count((uint64_t)sqlite3_column_int64(row, 2)).text,
	           plural((uint64_t)sqlite3_column_int64(row, 2), "time", "times"),
	           human_count((uint64_t)sqlite3_column_int64(row, 3)).text,
	           human_seconds(sqlite3_column_double(row, 4)).text,
	           human_seconds(sqlite3_column_double(row, 5)).text);
	if (sqlite3_column_int64(row, 7)) {
		page_print(report, "  held at the end by ");
		text_thread_name(report, process, sqlite3_column_int64(row, 7));
		page_print(report, "\n");
	}
}

static void print_worst_waits(struct report *report, const struct process *process)
{
	static const char sql[] = "SELECT kind, address, contended, acquisitions, wait_seconds, wait_longest,"
	                          " worst_wait_stack, owner" LOCKS_BY_WAIT " LIMIT ?2";
	sqlite3_stmt *row = report_query(report, sql, 2, process->id, (int64_t)WORST_WAITS);

	while (report_row(report, row)) {
		if (!sqlite3_column_int64(row, 2))
			continue;
		print_identity(report, process, row);
		page_print(report, "  the longest wait:\n");
		page_stack_id(report, 6, process->id, sqlite3_column_int64(row, 6));
	}
	sqlite3_finalize(row);
}

void text_locks(struct report *report, const struct process *process)
{
	static const char contended_sql[] = "SELECT count(*) FROM lock WHERE process = ? AND contended > 0";
	int64_t count = report_number(report, "SELECT count(*) FROM lock WHERE process = ?", process->id, 0);
	int64_t contended = report_number(report, contended_sql, process->id, 0);
	bool detail = report->parts & PART_DETAIL;
	int64_t limit = !detail ? SUMMARY_LOCKS : report->limit ? (int64_t)report->limit * 2 : -1;

	if (!detail && !contended)
		return;
	page_heading(report, "LOCKS: %s, %lld of them contended", human_count((uint64_t)count).text,
	             (long long)contended);
	if (!process->watch_locks) {
		page_print(report, "  were not watched (--locks=no)\n");
		return;
	}
	if (!count)
		return;
	print_table(report, process, limit);
	if (limit > 0 && count > limit)
		page_paint(report, PAINT_DIM, "  %lld more%s\n", (long long)(count - limit),
		           detail ? "; --limit 0 shows all" : ": ringtail locks");
	if (detail)
		print_worst_waits(report, process);
}
