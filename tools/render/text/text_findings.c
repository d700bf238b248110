#include "tools/render/text/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/finding/kinds.h"
#include "tools/base/format.h"
#include "tools/query/frames.h"
#include "tools/query/where.h"

#define RUNS_WIDTH 40 /* of what a thread runs */

#define FINDING_COLUMNS                                                                                                \
	"SELECT ordinal, kind, class, message, id, times, blocks, bytes, suppressed, seconds, information, "           \
	"kept_blocks, kept_bytes FROM finding"

static const char findings_sql[] = FINDING_COLUMNS " WHERE process = ? ORDER BY ordinal";

static bool is_shown(const struct report *report, sqlite3_stmt *row)
{
	struct finding_weight weight = {query_text(row, 1), query_text_or_null(row, 2), sqlite3_column_int(row, 10)};

	return query_shows(&report->query, weight) && !sqlite3_column_int(row, 8);
}

int64_t text_findings_shown(struct report *report, const struct process *process)
{
	sqlite3_stmt *row = query_rows(&report->query, findings_sql, 1, process->id);
	int64_t count = 0;

	while (query_next(&report->query, row))
		count += is_shown(report, row);
	sqlite3_finalize(row);
	return count;
}

enum paint text_paint(const char *kind, const char *class)
{
	if (kind_is(kind, KIND_LOSS) || kind_is_quiet(kind, class))
		return PAINT_DIM;
	if (kind_is(kind, KIND_THREAD_LEAK) || class_is(kind, class, FINDING_LEAK_LIVE_AT_DEATH) ||
	    class_is(kind, class, FINDING_LEAK_POSSIBLE))
		return PAINT_WARN;
	return PAINT_BAD;
}

void text_finding_line(struct report *report, const char *kind, const char *class, const char *message)
{
	page_print(report, "  ");
	page_paint(report, text_paint(kind, class), "%s%s%s", kind, class ? ":" : "", class ? class : "");
	page_print(report, "\n");
	page_paragraph(report, 4, message);
}

bool text_runs(struct report *report, const struct process *process, sqlite3_stmt *row, int column, char *out,
               size_t size)
{
	const struct frame *frame = NULL;

	if (sqlite3_column_type(row, column) != SQLITE_NULL)
		frame = frame_at(&report->query, process->id, sqlite3_column_int64(row, column),
		                 (unsigned)sqlite3_column_int(row, column + 1));
	if (!frame || !frame->function)
		return false;
	shorten_function(frame->function, size - 1, out, size);
	return true;
}

void text_thread_name(struct report *report, const struct process *process, int64_t thread)
{
	static const char sql[] = "SELECT name, main, runs_pc, runs_ordinal FROM thread WHERE process = ? AND id = ?";
	sqlite3_stmt *row = query_rows(&report->query, sql, 2, process->id, thread);
	bool known = query_next(&report->query, row);
	char runs[RUNS_WIDTH + 1];

	if (!thread)
		page_print(report, "an unknown thread");
	else
		page_print(report, "thread %lld", (long long)thread);
	if (known && sqlite3_column_int(row, 1)) {
		page_print(report, " (main)");
	} else if (known && sqlite3_column_type(row, 0) != SQLITE_NULL) {
		page_print(report, " \"");
		page_text(report, query_text(row, 0));
		page_print(report, "\"");
	} else if (known && text_runs(report, process, row, 2, runs, sizeof(runs))) {
		page_print(report, " (%s)", runs);
	}
	sqlite3_finalize(row);
}

/* ---- stacks, edges, objects -------------------------------------------------------- */

/* The thread may belong to another process, and have arrived before this process began: then no time is printed. */
void text_at(struct report *report, const char *before, sqlite3_stmt *row, int column)
{
	if (sqlite3_column_type(row, column) != SQLITE_NULL && sqlite3_column_double(row, column) >= 0)
		page_print(report, "%s%s", before, human_seconds(sqlite3_column_double(row, column)).text);
}

/* The columns: a thread, and the pid of its process; NULL: it is this one. */
static void print_thread_of(struct report *report, const struct process *process, sqlite3_stmt *row, int thread,
                            int pid)
{
	if (sqlite3_column_type(row, pid) == SQLITE_NULL)
		text_thread_name(report, process, sqlite3_column_int64(row, thread));
	else
		page_print(report, "thread %lld of process %lld", (long long)sqlite3_column_int64(row, thread),
		           (long long)sqlite3_column_int64(row, pid));
}

static void print_stacks(struct report *report, const struct process *process, int64_t finding)
{
	static const char sql[] = "SELECT label, thread, at, stack, pid, " STACK_HOME " FROM finding_stack"
	                          " WHERE process = ? AND finding = ? ORDER BY ordinal";
	sqlite3_stmt *row = query_rows(&report->query, sql, 2, process->id, finding);

	while (query_next(&report->query, row)) {
		page_print(report, "   ");
		page_text(report, query_text(row, 0));
		if (sqlite3_column_int64(row, 1)) {
			page_print(report, " by ");
			print_thread_of(report, process, row, 1, 4);
		}
		text_at(report, " at ", row, 2);
		page_print(report, ":\n");
		page_stack_id(report, 6, sqlite3_column_int64(row, 5), sqlite3_column_int64(row, 3));
	}
	sqlite3_finalize(row);
}

#define BESIDE_NAME 60u /* columns that the rest of its line may take */

/* "24 bytes into the block from conn_new (conn.c:30)"; on a narrow page without the line. */
static void print_name(struct report *report, const char *name)
{
	const char *line = strrchr(name, '(');
	size_t length = strlen(name);

	if (line && line > name && line[-1] == ' ' && length + BESIDE_NAME > report->width)
		length = (size_t)(line - 1 - name);
	char *shown = strndup(name, length);
	page_text(report, shown ? shown : name);
	free(shown);
}

/* From four columns, what first: what, address, generation, name. */
void text_object(struct report *report, sqlite3_stmt *row, int what, bool shared)
{
	page_print(report, "%s 0x%llx", query_text(row, what), (unsigned long long)sqlite3_column_int64(row, what + 1));
	if (sqlite3_column_int64(row, what + 2))
		page_print(report, " (lock %lld at this address)", (long long)sqlite3_column_int64(row, what + 2) + 1);
	if (sqlite3_column_type(row, what + 3) != SQLITE_NULL) {
		page_print(report, " (");
		print_name(report, query_text(row, what + 3));
		page_print(report, ")");
	}
	if (shared)
		page_print(report, " for reading");
}

/* What the thread holds and the previous thread wants: a lock, or the end of the thread itself. */
static void print_held(struct report *report, sqlite3_stmt *row)
{
	if (sqlite3_column_int(row, 1)) {
		page_print(report, " ended earlier waits for ");
		text_object(report, row, 2, false);
		page_print(report, "; it was made here:\n");
	} else if (sqlite3_column_int(row, 18)) {
		page_print(report, " lets no reader pass while it waits to write ");
		text_object(report, row, 2, false);
		text_at(report, ", at ", row, 7);
		page_print(report, ":\n");
	} else if (!strcmp(query_text(row, 2), "thread")) {
		page_print(report, " is waited for in a join; it was made here:\n");
	} else {
		page_print(report, " holds ");
		text_object(report, row, 2, sqlite3_column_int(row, 6));
		text_at(report, ", taken at ", row, 7);
		page_print(report, ":\n");
	}
	page_stack_id(report, 6, sqlite3_column_int64(row, 17), sqlite3_column_int64(row, 8));
}

static void print_edge(struct report *report, const struct process *process, sqlite3_stmt *row)
{
	page_print(report, "   ");
	print_thread_of(report, process, row, 0, 16);
	if (strcmp(query_text(row, 2), "block") || sqlite3_column_int64(row, 3)) {
		print_held(report, row);
		if (sqlite3_column_int(row, 18)) /* that is what it waits for, at the same place */
			return;
		page_print(report, "   and wants ");
	} else {
		page_print(report, " waits for ");
	}
	if (!strcmp(query_text(row, 9), "thread"))
		page_print(report, "the end of another thread");
	else
		text_object(report, row, 9, sqlite3_column_int(row, 13));
	text_at(report, ", at ", row, 14);
	page_print(report, ":\n");
	page_stack_id(report, 6, sqlite3_column_int64(row, 17), sqlite3_column_int64(row, 15));
}

static void print_edges(struct report *report, const struct process *process, int64_t finding)
{
	static const char sql[] =
	    "SELECT thread, inferred, held, held_address, held_generation, held_name, held_shared, held_since, "
	    "held_stack,"
	    " wanted, wanted_address, wanted_generation, wanted_name, wanted_shared, wanted_at, wanted_stack, "
	    "pid, " EDGE_HOME ", ahead FROM finding_edge WHERE process = ? AND finding = ? ORDER BY ordinal";
	sqlite3_stmt *row = query_rows(&report->query, sql, 2, process->id, finding);

	while (query_next(&report->query, row))
		print_edge(report, process, row);
	sqlite3_finalize(row);
}

static void print_taking(struct report *report, const struct process *process, sqlite3_stmt *row, unsigned step)
{
	page_print(report, "     %u. ", step);
	text_thread_name(report, process, sqlite3_column_int64(row, 0));
	if (strcmp(query_text(row, 1), "thread")) {
		page_print(report, " takes ");
		text_object(report, row, 1, sqlite3_column_int(row, 5));
	} else {
		page_print(report, " has begun");
	}
	page_print(report, "\n");
}

static void print_waiting(struct report *report, const struct process *process, sqlite3_stmt *row, unsigned step)
{
	page_print(report, "     %u. ", step);
	text_thread_name(report, process, sqlite3_column_int64(row, 0));
	page_print(report, " waits for ");
	if (strcmp(query_text(row, 6), "thread"))
		text_object(report, row, 6, sqlite3_column_int(row, 10));
	else
		page_print(report, "the end of that thread");
	page_print(report, "\n");
}

/* The interleaving that would hang: first all threads take what they hold, then all wait, writers before the readers
 * that they keep out. */
static void print_witness(struct report *report, const struct process *process, int64_t finding)
{
	static const char sql[] = "SELECT thread, held, held_address, held_generation, held_name, held_shared,"
	                          " wanted, wanted_address, wanted_generation, wanted_name, wanted_shared, ahead"
	                          " FROM finding_edge WHERE process = ? AND finding = ? ORDER BY ahead DESC, ordinal";
	sqlite3_stmt *row = query_rows(&report->query, sql, 2, process->id, finding);
	unsigned step = 0;

	page_print(report, "   it would hang like this:\n");
	while (query_next(&report->query, row))
		if (!sqlite3_column_int(row, 11))
			print_taking(report, process, row, ++step);
	sqlite3_reset(row);
	while (query_next(&report->query, row))
		print_waiting(report, process, row, ++step);
	sqlite3_finalize(row);
}

/* Where the locks were made; blocks have their stacks in the finding already. */
static void print_objects(struct report *report, const struct process *process, int64_t finding)
{
	static const char sql[] = "SELECT what, address, generation, name, created_stack FROM finding_object"
	                          " WHERE process = ? AND finding = ? AND what NOT IN ('block', 'thread')"
	                          " ORDER BY ordinal";
	sqlite3_stmt *row = query_rows(&report->query, sql, 2, process->id, finding);

	while (query_next(&report->query, row)) {
		page_print(report, "   ");
		text_object(report, row, 0, false);
		if (sqlite3_column_type(row, 4) == SQLITE_NULL) {
			page_print(report, "%s\n",
			           strcmp(query_text(row, 0), "futex") ? ": its initialisation was not seen (static?)"
			                                               : "");
			continue;
		}
		page_print(report, " was initialised here:\n");
		page_stack_id(report, 6, process->id, sqlite3_column_int64(row, 4));
	}
	sqlite3_finalize(row);
}

/* "      114 KiB in 1,000 blocks, " */
#define KEPT_COLUMNS 32

static struct place_rows load_kept(struct report *report, int64_t process, int64_t finding)
{
	char sql[160];

	snprintf(sql, sizeof(sql),
	         "SELECT bytes, blocks, %s, stack FROM finding_kept WHERE process = ?1 AND finding = %lld",
	         report->full_stacks ? "stack" : "NULL", (long long)finding);
	return where_add_up(&report->query, &(struct place_query){.sql = sql, .sums = 2}, process);
}

/* What was lost with this leak, most bytes first: a line for each place; with --full-stacks, for each stack. */
static void print_kept(struct report *report, const struct process *process, int64_t finding)
{
	struct place_rows rows = load_kept(report, process->id, finding);
	size_t shown = report->limit && rows.count > report->limit ? report->limit : rows.count;

	if (shown)
		page_print(report, "   lost with it, allocated in:\n");
	for (size_t i = 0; i < shown; i++) {
		const struct place_row *row = &rows.items[i];

		page_print(report, "      %s in %s %s, ", human_bytes(row->numbers[0]).text,
		           human_count(row->numbers[1]).text, plural(row->numbers[1], "block", "blocks"));
		page_place(report, process->id, row->stack, report->width - KEPT_COLUMNS);
		page_print(report, "\n");
	}
	if (shown < rows.count)
		page_paint(report, PAINT_DIM, "      and %zu more\n", rows.count - shown);
	place_rows_free(&rows);
}

/* ---- what was not freed ------------------------------------------------------------------ */

/* The first says what the numbers are. */
static void write_not_freed(FILE *out, uint64_t bytes, uint64_t blocks, const char *class, bool first)
{
	if (first)
		fprintf(out, "not freed: %s %s in %s %s %s", human_count(bytes).text, plural(bytes, "byte", "bytes"),
		        human_count(blocks).text, plural(blocks, "block", "blocks"), class);
	else
		fprintf(out, ", %s in %s %s", human_count(bytes).text, human_count(blocks).text, class);
}

/* "not freed: 1,280 bytes in 10 blocks definite, 4,960 in 4 reachable": all blocks by their class, whether they are
 * findings that are shown or not.  process: NULL for all of them. */
static void print_not_freed(struct report *report, const struct process *process)
{
	char sql[320];

	snprintf(sql, sizeof(sql),
	         "SELECT iif(suppressed, 'suppressed', class), sum(bytes), sum(blocks) FROM finding"
	         " WHERE process IN (SELECT id FROM process WHERE leak_scan_done AND ?1 IN (0, id)) AND kind = '%s'"
	         " GROUP BY 1 ORDER BY max(suppressed), min(ordinal)",
	         KIND_NAME_LEAK);
	sqlite3_stmt *row = query_rows(&report->query, sql, 1, process ? process->id : 0);
	char *text = NULL;
	size_t size, parts = 0;
	FILE *out = open_memstream(&text, &size);

	while (out && query_next(&report->query, row)) {
		uint64_t bytes = (uint64_t)sqlite3_column_int64(row, 1),
		         blocks = (uint64_t)sqlite3_column_int64(row, 2);

		write_not_freed(out, bytes, blocks, query_text(row, 0), !parts++);
	}
	sqlite3_finalize(row);
	if (out && !fclose(out) && parts)
		page_paragraph(report, 2, text);
	free(text);
}

static void print_race_search(struct report *report, const struct process *process)
{
	if (query_wants(&report->query, KIND_NAME_RACE, NULL) || !report->query.only)
		text_race_search(report, process ? process->id : 0, "  ");
}

/* ---- the list --------------------------------------------------------------------------- */

/* merged: the finding of several processes; NULL: the row's alone. */
static void print_amounts(struct report *report, sqlite3_stmt *row, const struct merged_finding *merged)
{
	uint64_t times = merged ? merged->times : (uint64_t)sqlite3_column_int64(row, 5),
	         blocks = merged ? merged->blocks : (uint64_t)sqlite3_column_int64(row, 6),
	         bytes = merged ? merged->bytes : (uint64_t)sqlite3_column_int64(row, 7),
	         kept_blocks = merged ? merged->kept_blocks : (uint64_t)sqlite3_column_int64(row, 11),
	         kept_bytes = merged ? merged->kept_bytes : (uint64_t)sqlite3_column_int64(row, 12);

	if (blocks)
		page_print(report, "  %s in %s %s", human_bytes(bytes).text, human_count(blocks).text,
		           plural(blocks, "block", "blocks"));
	if (kept_blocks)
		page_print(report, ", and %s in %s %s with %s", human_bytes(kept_bytes).text,
		           human_count(kept_blocks).text, plural(kept_blocks, "block", "blocks"),
		           plural(blocks, "it", "them"));
	if (sqlite3_column_type(row, 9) != SQLITE_NULL)
		page_print(report, "  %s in %s %s", human_seconds(sqlite3_column_double(row, 9)).text,
		           human_count(times).text, plural(times, "wait", "waits"));
	else if (times > 1 && !blocks)
		page_print(report, "  %s times", human_count(times).text);
}

#define PIDS_SHOWN 8

static void print_pids(struct report *report, const struct merged_finding *merged)
{
	sqlite3_stmt *row = query_rows(&report->query,
	                               "SELECT DISTINCT p.pid FROM finding f JOIN process p ON p.id = f.process"
	                               " WHERE f.id = ? AND NOT f.suppressed ORDER BY p.started_ns, p.pid",
	                               0);
	unsigned shown = 0;

	if (row)
		sqlite3_bind_text(row, 1, merged->id, -1, SQLITE_STATIC);
	while (shown < PIDS_SHOWN && query_next(&report->query, row))
		page_print(report, "%s%lld", shown++ ? ", " : "", (long long)sqlite3_column_int64(row, 0));
	if (shown == PIDS_SHOWN && query_next(&report->query, row))
		page_print(report, ", ...");
	sqlite3_finalize(row);
}

/* "in 8 of 9 processes of nginx: 101, 102, ..." */
static void print_where(struct report *report, const struct process *process, const struct merged_finding *merged)
{
	page_print(report, "   in ");
	if (merged->of == 1) {
		page_text(report, process->exe ? base_name(process->exe) : "?");
		page_print(report, ", pid ");
	} else {
		page_print(report, "%s of %s processes of ", human_count(merged->processes).text,
		           human_count(merged->of).text);
		page_text(report, merged->exe ? base_name(merged->exe) : "several programs");
		page_print(report, ": pid ");
	}
	print_pids(report, merged);
	if (merged->processes > 1)
		page_print(report, "; the first:");
	page_print(report, "\n");
}

static void print_finding(struct report *report, const struct process *process, sqlite3_stmt *row, int64_t number,
                          const struct text_finding *finding)
{
	const struct merged_finding *merged = finding->merged;
	const char *kind = query_text(row, 1), *class = query_text_or_null(row, 2);
	int64_t ordinal = sqlite3_column_int64(row, 0);

	page_print(report, "\n%2lld. ", (long long)number);
	page_paint(report, text_paint(kind, class), "%s%s%s", kind, class ? ":" : "", class ? class : "");
	print_amounts(report, row, merged);
	page_paint(report, PAINT_DIM, "  [%s]\n", query_text(row, 4));
	/* In front of the message: its numbers are those of this one. */
	if (finding->alike > 1)
		page_paint(report, PAINT_DIM, "   the %s of %s %s (--limit 0 shows all)\n",
		           sqlite3_column_int64(row, 6) ? "largest" : "first", human_count(finding->alike).text,
		           finding->places > 1 ? "in this file" : "at this place");
	if (merged)
		print_where(report, process, merged);
	page_paragraph(report, 3, query_text(row, 3));
	print_edges(report, process, ordinal);
	if (class_is(kind, class, FINDING_DEADLOCK_PREDICTED))
		print_witness(report, process, ordinal);
	print_stacks(report, process, ordinal);
	if (kind_is(kind, KIND_RACE))
		text_race(report, process, ordinal);
	else
		print_objects(report, process, ordinal);
	print_kept(report, process, ordinal);
}

void text_finding(struct report *report, const struct process *process, const struct text_finding *finding,
                  int64_t number)
{
	sqlite3_stmt *row = query_rows(&report->query, FINDING_COLUMNS " WHERE process = ? AND ordinal = ?", 2,
	                               process->id, finding->ordinal);

	if (query_next(&report->query, row))
		print_finding(report, process, row, number, finding);
	sqlite3_finalize(row);
}

/* Prints "3 leak:reachable", on a new line if it does not fit.  Returns the columns that are used then. */
static size_t print_quiet_kind(struct report *report, const struct label *count, const char *kind, const char *class,
                               size_t used)
{
	char item[80];
	bool churn = kind_is(kind, KIND_POOL); /* its name says little to a new reader */
	size_t length = (size_t)snprintf(item, sizeof(item), "%s %s%s%s%s", count->text, kind, class ? ":" : "",
	                                 class ? class : "", churn ? " (short-lived blocks, worth reusing)" : "");
	bool breaks = !used || used + 2 + length >= page_prose_width(report);

	page_paint(report, PAINT_DIM, "%s%s%s", used ? "," : "", breaks ? "\n  " : " ", item);
	return (breaks ? 0 : used) + 2 + length;
}

/* Findings that are information: the number of each kind, named as `--only` takes it.  A leak that is lost with another
 * is shown there, and not counted here.  Waits of all classes are one number: for which kinds of objects threads had to
 * wait differs from run to run.  process: NULL for all. */
static void print_quiet(struct report *report, const struct process *process)
{
	static const char sql[] =
	    "SELECT kind, iif(kind = ?2, NULL, class) AS shown, count(*), information FROM finding"
	    " WHERE process IN (SELECT id FROM process WHERE ?1 IN (0, id)) AND NOT suppressed"
	    " AND lost_with IS NULL GROUP BY kind, shown, information ORDER BY min(ordinal)";
	sqlite3_stmt *row = query_rows(&report->query, sql, 1, process ? process->id : 0);
	size_t used = 0;

	if (row)
		sqlite3_bind_text(row, 2, KIND_NAME_CONTENTION, -1, SQLITE_STATIC);
	while (query_next(&report->query, row)) {
		const char *kind = query_text(row, 0), *class = query_text_or_null(row, 1);
		struct label count = human_count((uint64_t)sqlite3_column_int64(row, 2));

		if (!query_is_quiet((struct finding_weight){kind, class, sqlite3_column_int(row, 3)}))
			continue;
		if (!used)
			page_paint(report, PAINT_DIM, "\nFor information, shown by --only KIND:");
		used = print_quiet_kind(report, &count, kind, class, used);
	}
	if (used)
		page_print(report, "\n");
	sqlite3_finalize(row);
}

void text_suppressed(struct report *report, struct suppressed_count count)
{
	page_print(report, "%s suppressed", human_count(count.all).text);
	if (count.by_default == count.all)
		page_print(report, " by default rules");
	else if (count.by_default)
		page_print(report, ", %s of them by default rules", human_count(count.by_default).text);
	if (count.by_default)
		page_print(report, "; --no-default-suppressions shows %s", plural(count.by_default, "it", "them"));
}

static void print_left_out(struct report *report, const struct process *process, int64_t more,
                           struct suppressed_count suppressed)
{
	if (more)
		page_paint(report, PAINT_DIM, "\n%lld more; --limit 0 shows all\n", (long long)more);
	if (!report->query.only)
		print_quiet(report, process);
	if (suppressed.all) {
		page_print(report, "\n");
		text_suppressed(report, suppressed);
		page_print(report, "\n");
	}
}

/* Counts the findings that would be shown, were they not suppressed; those that several processes have in common count
 * once.  process: NULL for all. */
static struct suppressed_count count_suppressed(struct report *report, const struct process *process)
{
	static const char sql[] = "SELECT DISTINCT id, kind, class, information, suppressed_by_default FROM finding"
	                          " WHERE suppressed AND process IN (SELECT id FROM process WHERE ?1 IN (0, id))";
	sqlite3_stmt *row = query_rows(&report->query, sql, 1, process ? process->id : 0);
	struct suppressed_count count = {0};

	while (query_next(&report->query, row)) {
		if (!query_shows(&report->query, (struct finding_weight){query_text(row, 1), query_text_or_null(row, 2),
		                                                         sqlite3_column_int(row, 3)}))
			continue;
		count.all++;
		count.by_default += sqlite3_column_int(row, 4) != 0;
	}
	sqlite3_finalize(row);
	return count;
}

void text_findings(struct report *report, const struct process *process)
{
	struct text_findings findings = text_overview(report, process);

	if (query_wants(&report->query, KIND_NAME_LEAK, NULL) || !report->query.only)
		print_not_freed(report, process);
	print_race_search(report, process);
	for (size_t i = 0; i < findings.count; i++)
		text_finding(report, process, &findings.items[i], (int64_t)i + 1);
	print_left_out(report, process, (int64_t)findings.more, count_suppressed(report, process));
	free(findings.items);
}

/* ---- all processes ------------------------------------------------------------------------- */

static void print_merged(struct report *report, const struct text_finding *finding, int64_t number)
{
	sqlite3_stmt *row = process_query_one(&report->query, finding->process);
	struct process process;

	if (process_next(&report->query, row, &process))
		text_finding(report, &process, finding, number);
	sqlite3_finalize(row);
}

void text_findings_of_all(struct report *report)
{
	struct merged_findings merged = merged_load(&report->query);
	struct text_findings findings = text_overview_of_all(report, &merged);

	if (query_wants(&report->query, KIND_NAME_LEAK, NULL) || !report->query.only)
		print_not_freed(report, NULL);
	print_race_search(report, NULL);
	for (size_t i = 0; i < findings.count; i++)
		print_merged(report, &findings.items[i], (int64_t)i + 1);
	print_left_out(report, NULL, (int64_t)findings.more, count_suppressed(report, NULL));
	free(findings.items);
	merged_free(&merged);
}
