#include "tools/render/text/text.h"

#include <string.h>

#include "tools/base/format.h"
#include "tools/query/lock_kinds.h"
#include "tools/query/where.h"

#define SUMMARY_LOCKS 5
#define PLACE_LEAST   16u /* columns */
#define CLASS_COLUMN  50u /* where the class of a wait begins, at least */

static int64_t list_limit(const struct report *report) { return report->limit ? (int64_t)report->limit : -1; }

static void print_more(struct report *report, int64_t count, int64_t limit, const char *how)
{
	if (limit > 0 && count > limit)
		page_paint(report, PAINT_DIM, "  %lld more%s\n", (long long)(count - limit), how);
}

/* ---- names ----------------------------------------------------------------------------------- */

/* For SQL over lock_class: the kind, and the name of its lock if it has one alone, as "mutex table". */
#define KIND_AND_NAME "c.kind || coalesce(' ' || c.name, '')"

/* The two parts of that.  name: "" if there is none. */
struct kind_and_name {
	int kind_length;
	const char *name;
};

static struct kind_and_name split(const char *text)
{
	size_t length = strcspn(text, " ");

	return (struct kind_and_name){(int)length, text + length + (text[length] != '\0')};
}

/* "table, main (bank.c:40)" in the columns that are left.  Where there is no room for the place, the name stands
 * alone: it tells more. */
static void print_named_place(struct report *report, const struct process *process, const char *name, int64_t stack,
                              unsigned width)
{
	unsigned used = *name ? (unsigned)strlen(name) + 2 : 0;

	page_text(report, name);
	if (used && used + PLACE_LEAST > width)
		return;
	if (used)
		page_print(report, ", ");
	page_place(report, process->id, stack, used < width ? width - used : 0);
}

/* ---- classes --------------------------------------------------------------------------- */

enum { CLASS_WAITED, CLASS_CONTENDED, CLASS_ACQUIRED, CLASS_LOCKS, CLASS_LONGEST };

/* In the order of the enum. */
static const struct place_query classes_by_place = {
    .sql = "SELECT CAST(wait_seconds * 1e9 AS INTEGER), contended, acquisitions, locks,"
           " CAST(wait_longest * 1e9 AS INTEGER), " KIND_AND_NAME ", stack FROM lock_class c WHERE process = ?",
    .sums = CLASS_LONGEST,
    .maxima = 1};

static void print_class(struct report *report, const struct process *process, const struct place_row *row)
{
	struct kind_and_name lock = split(row->kind);

	page_print(report, "  %-7.*s %5s %9s %9s %7s %7s ", lock.kind_length < 7 ? lock.kind_length : 7, row->kind,
	           human_count(row->numbers[CLASS_LOCKS]).text, human_count(row->numbers[CLASS_ACQUIRED]).text,
	           human_count(row->numbers[CLASS_CONTENDED]).text,
	           human_seconds((double)row->numbers[CLASS_WAITED] / 1e9).text,
	           human_seconds((double)row->numbers[CLASS_LONGEST] / 1e9).text);
	print_named_place(report, process, lock.name, row->stack, report->width - 53);
	page_print(report, "\n");
}

static void print_classes(struct report *report, const struct process *process, const struct place_rows *classes,
                          int64_t limit)
{
	page_paint(report, PAINT_DIM, "  %-7s %5s %9s %9s %7s %7s %s\n", "", "", "", "", "", "longest", "made, or");
	page_paint(report, PAINT_DIM, "  %-7s %5s %9s %9s %7s %7s %s\n", "kind", "locks", "acquired", "contended",
	           "waited", "wait", "first used");
	for (size_t i = 0; i < classes->count && (limit < 0 || (int64_t)i < limit); i++)
		print_class(report, process, &classes->items[i]);
}

/* ---- waits: waiters and holders ------------------------------------------------------------------ */

/* "mutex made by make_account (bank.c:12)", "mutex table, first used by main (bank.c:40)" */
static void print_class_name(struct report *report, const struct process *process, sqlite3_stmt *row, int kind)
{
	struct kind_and_name lock = split(query_text(row, kind));

	page_text(report, query_text(row, kind));
	if (strlen(lock.name) + PLACE_LEAST > report->width - CLASS_COLUMN) /* the name tells more */
		return;
	page_print(report, "%s %s by ", *lock.name ? "," : "",
	           sqlite3_column_int(row, kind + 1) ? "made" : "first used");
	page_place(report, process->id, sqlite3_column_int64(row, kind + 2), report->width - 30);
}

/* The row of a wait. */
static bool is_owned(sqlite3_stmt *row)
{
	char kind[32];

	snprintf(kind, sizeof kind, "%.*s", split(query_text(row, 5)).kind_length, query_text(row, 5));
	return lock_kind_is_owned(kind);
}

static void print_holder(struct report *report, const struct process *process, sqlite3_stmt *row)
{
	bool owned = is_owned(row);

	if (sqlite3_column_type(row, 4) == SQLITE_NULL) {
		page_print(report, "    for an unknown thread\n");
		return;
	}
	page_print(report, "    for ");
	text_thread_name(report, process, sqlite3_column_int64(row, 4));
	page_print(report, "%s\n", owned ? ", which had taken it here:" : ", which ended the wait here:");
	page_stack_id(report, 6, process->id, sqlite3_column_int64(row, 9));
}

static void print_wait(struct report *report, const struct process *process, sqlite3_stmt *row, int64_t number)
{
	uint64_t waits = (uint64_t)sqlite3_column_int64(row, 0);

	page_print(report, "\n%2lld. %s %s, %s in all, %s at worst: ", (long long)number, human_count(waits).text,
	           plural(waits, "wait", "waits"), human_seconds(sqlite3_column_double(row, 1)).text,
	           human_seconds(sqlite3_column_double(row, 2)).text);
	print_class_name(report, process, row, 5);
	page_print(report, "\n    ");
	text_thread_name(report, process, sqlite3_column_int64(row, 3));
	page_print(report, " waited here:\n");
	page_stack_id(report, 6, process->id, sqlite3_column_int64(row, 8));
	print_holder(report, process, row);
}

/* Waits for locks with an owner (owned), or for all other objects.  number: items that are printed already.  Returns
 * the number that are printed then. */
static int64_t print_waits_for(struct report *report, const struct process *process, bool owned, int64_t number)
{
	static const char sql[] =
	    "SELECT w.waits, w.wait_seconds, w.wait_longest, w.thread, w.holder, " KIND_AND_NAME ", c.initialised,"
	    " c.stack, w.stack, w.holder_stack FROM lock_wait w JOIN lock_class c ON c.process = w.process"
	    " AND c.id = w.class WHERE w.process = ? ORDER BY w.ordinal";
	sqlite3_stmt *row = query_rows(&report->query, sql, 1, process->id);
	int64_t limit = list_limit(report);

	while ((limit < 0 || number < limit) && query_next(&report->query, row))
		if (is_owned(row) == owned)
			print_wait(report, process, row, ++number);
	sqlite3_finalize(row);
	return number;
}

static void print_waits(struct report *report, const struct process *process)
{
	int64_t count =
	    query_number(&report->query, "SELECT count(*) FROM lock_wait WHERE process = ?", process->id, 0);

	if (count)
		page_heading(report, "WAITS BY WAITER AND HOLDER");
	print_waits_for(report, process, false, print_waits_for(report, process, true, 0));
	print_more(report, count, list_limit(report), "; --limit 0 shows all");
}

/* ---- holds ------------------------------------------------------------------------------- */

enum { HOLD_SECONDS, HOLD_TIMES, HOLD_LONGEST };

/* In the order of the enum. */
static const struct place_query holds_by_place = {
    .sql = "SELECT CAST(h.hold_seconds * 1e9 AS INTEGER), h.holds, CAST(h.hold_longest * 1e9 AS INTEGER),"
           " " KIND_AND_NAME ", h.stack FROM lock_hold h JOIN lock_class c ON c.process = h.process"
           " AND c.id = h.class WHERE h.process = ?",
    .sums = HOLD_LONGEST,
    .maxima = 1};

static void print_hold(struct report *report, const struct process *process, const struct place_row *row)
{
	double seconds = (double)row->numbers[HOLD_SECONDS] / 1e9;
	struct kind_and_name lock = split(row->kind);

	page_print(report, "  %-7.*s %10s %8s %8s %8s ", lock.kind_length < 7 ? lock.kind_length : 7, row->kind,
	           human_count(row->numbers[HOLD_TIMES]).text, human_seconds(seconds).text,
	           human_seconds(seconds / (double)row->numbers[HOLD_TIMES]).text,
	           human_seconds((double)row->numbers[HOLD_LONGEST] / 1e9).text);
	print_named_place(report, process, lock.name, row->stack, report->width - 48);
	page_print(report, "\n");
}

static void print_holds(struct report *report, const struct process *process)
{
	struct place_rows holds = where_add_up(&report->query, &holds_by_place, process->id);
	int64_t limit = list_limit(report);

	if (holds.count) {
		page_heading(report, "HELD LONGEST");
		page_paint(report, PAINT_DIM, "  %-7s %10s %8s %8s %8s %s\n", "kind", "times", "in all", "mean",
		           "longest", "taken by");
	}
	for (size_t i = 0; i < holds.count && (limit < 0 || (int64_t)i < limit); i++)
		print_hold(report, process, &holds.items[i]);
	print_more(report, (int64_t)holds.count, limit, "; --limit 0 shows all");
	place_rows_free(&holds);
}

/* Locks that are held at the end, whether threads wait for them or not. */
static void print_owned(struct report *report, const struct process *process)
{
	static const char sql[] = "SELECT l.kind, l.address, l.owner, c.initialised, c.stack, l.name FROM lock l"
	                          " JOIN lock_class c ON c.process = l.process AND c.id = l.class"
	                          " WHERE l.process = ?1 AND l.owner ORDER BY l.wait_seconds DESC, l.id LIMIT ?2";
	sqlite3_stmt *row = query_rows(&report->query, sql, 2, process->id, list_limit(report));

	for (bool first = true; query_next(&report->query, row); first = false) {
		if (first)
			page_heading(report, "HELD AT THE END");
		page_print(report, "  %s 0x%llx", query_text(row, 0), (unsigned long long)sqlite3_column_int64(row, 1));
		if (sqlite3_column_type(row, 5) != SQLITE_NULL) {
			page_print(report, " (");
			page_text(report, query_text(row, 5));
			page_print(report, ")");
		}
		page_print(report, " by ");
		text_thread_name(report, process, sqlite3_column_int64(row, 2));
		page_print(report, ", %s by ", sqlite3_column_int(row, 3) ? "made" : "first used");
		page_place(report, process->id, sqlite3_column_int64(row, 4), report->width - 50);
		page_print(report, "\n");
	}
	sqlite3_finalize(row);
}

/* ---- the section --------------------------------------------------------------------------- */

void text_locks(struct report *report, const struct process *process)
{
	static const char locks_sql[] = "SELECT sum(locks) FROM lock_class WHERE process = ?";
	static const char contended_sql[] = "SELECT count(*) FROM lock WHERE process = ? AND contended > 0";
	int64_t count = query_number(&report->query, locks_sql, process->id, 0);
	int64_t classes =
	    query_number(&report->query, "SELECT count(*) FROM lock_class WHERE process = ?", process->id, 0);
	int64_t contended = query_number(&report->query, contended_sql, process->id, 0);
	bool detail = report->parts & PART_DETAIL;
	int64_t limit = detail ? list_limit(report) * 2 : SUMMARY_LOCKS;

	if (!detail && !contended)
		return;
	page_heading(report, "LOCKS: %s of %s %s, %lld of them contended", human_count((uint64_t)count).text,
	             human_count((uint64_t)classes).text, plural((uint64_t)classes, "class", "classes"),
	             (long long)contended);
	if (!process->watch_locks) {
		page_print(report, "  were not watched (--locks=no)\n");
		return;
	}
	if (!count)
		return;
	struct place_rows rows = where_add_up(&report->query, &classes_by_place, process->id);
	print_classes(report, process, &rows, limit);
	print_more(report, (int64_t)rows.count, limit, detail ? "; --limit 0 shows all" : ": ringtail locks");
	place_rows_free(&rows);
	if (!detail)
		return;
	print_waits(report, process);
	print_holds(report, process);
	print_owned(report, process);
}
