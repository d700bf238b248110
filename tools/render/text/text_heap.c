#include "tools/render/text/text.h"

#include <inttypes.h>
#include <string.h>

#include "tools/base/format.h"
#include "tools/query/where.h"

#define SUMMARY_SITES 5
#define BAR_WIDTH     30

struct totals {
	uint64_t allocations, allocated_bytes, reallocations, in_place, frees, freed_bytes, failed, temporary;
	uint64_t live_blocks, live_bytes, peak_blocks, peak_bytes, largest, unknown_frees, unseen_frees;
	double peak_at;
};

static bool load_totals(struct report *report, const struct process *process, struct totals *totals)
{
	static const char sql[] = "SELECT allocations, allocated_bytes, reallocations, reallocated_in_place, "
	                          "frees, freed_bytes, failed,"
	                          " temporary, live_blocks, live_bytes, peak_blocks, peak_bytes, largest, "
	                          "unknown_frees, unseen_frees,"
	                          " peak_at FROM heap WHERE process = ?";
	uint64_t *numbers[] = {&totals->allocations, &totals->allocated_bytes, &totals->reallocations,
	                       &totals->in_place,    &totals->frees,           &totals->freed_bytes,
	                       &totals->failed,      &totals->temporary,       &totals->live_blocks,
	                       &totals->live_bytes,  &totals->peak_blocks,     &totals->peak_bytes,
	                       &totals->largest,     &totals->unknown_frees,   &totals->unseen_frees};
	const int count = sizeof(numbers) / sizeof(numbers[0]);
	sqlite3_stmt *row = query_rows(&report->query, sql, 1, process->id);
	bool found = query_next(&report->query, row);

	for (int i = 0; found && i < count; i++)
		*numbers[i] = (uint64_t)sqlite3_column_int64(row, i);
	totals->peak_at = found ? sqlite3_column_double(row, count) : 0;
	sqlite3_finalize(row);
	return found;
}

/* "1.2 GiB (1,234,567,890 bytes)": adds the exact number if the rounded one hides it. */
static struct label exact_bytes(uint64_t bytes)
{
	struct label label;

	if (bytes < 1024)
		snprintf(label.text, sizeof(label.text), "%" PRIu64 " %s", bytes, plural(bytes, "byte", "bytes"));
	else
		snprintf(label.text, sizeof(label.text), "%.11s (%.26s bytes)", human_bytes(bytes).text,
		         human_count(bytes).text);
	return label;
}

static void print_blocks(struct report *report, const char *name, uint64_t blocks, uint64_t bytes, const char *more)
{
	page_field(report, name, "%s in %s %s%s", exact_bytes(bytes).text, human_count(blocks).text,
	           plural(blocks, "block", "blocks"), more);
}

static void print_oddities(struct report *report, const struct totals *totals)
{
	if (totals->failed)
		page_field(report, "failed", "%s %s returned no memory", human_count(totals->failed).text,
		           plural(totals->failed, "call", "calls"));
	if (totals->unknown_frees)
		page_field(report, "unknown", "%s %s of blocks whose allocation was not seen",
		           human_count(totals->unknown_frees).text, plural(totals->unknown_frees, "free", "frees"));
	if (totals->unseen_frees)
		page_field(report, "unseen", "%s %s whose free was not seen", human_count(totals->unseen_frees).text,
		           plural(totals->unseen_frees, "block", "blocks"));
}

static void print_totals(struct report *report, const struct totals *totals)
{
	char when[64] = "";

	if (totals->peak_at > 0)
		snprintf(when, sizeof(when), ", at %s", human_seconds(totals->peak_at).text);
	print_blocks(report, "allocated", totals->allocations, totals->allocated_bytes, "");
	print_blocks(report, "freed", totals->frees, totals->freed_bytes, "");
	if (totals->reallocations)
		page_field(report, "reallocated", "%s %s, %s of them in place", human_count(totals->reallocations).text,
		           plural(totals->reallocations, "time", "times"), human_count(totals->in_place).text);
	print_blocks(report, "peak", totals->peak_blocks, totals->peak_bytes, when);
	print_blocks(report, "at the end", totals->live_blocks, totals->live_bytes, "");
	page_field(report, "temporary", "%s (%s) freed with no other allocation in between",
	           human_count(totals->temporary).text, human_share(totals->temporary, totals->allocations).text);
	page_field(report, "largest", "%s in one call", exact_bytes(totals->largest).text);
	print_oddities(report, totals);
}

/* ---- sites ------------------------------------------------------------------------- */

struct ranking {
	const char *title, *column, *also; /* also: the second number; "": none */
	uint64_t whole;
	bool bytes, stacks;
};

static struct place_query ranking_query(const struct ranking *ranking, char *sql, size_t size)
{
	snprintf(sql, size,
	         "SELECT sum(%s), sum(%s), NULL, stack FROM heap_site WHERE process = ? GROUP BY stack"
	         " HAVING sum(%s) > 0",
	         ranking->column, ranking->also, ranking->column);
	return (struct place_query){.sql = sql, .sums = 2};
}

static struct label amount_of(const struct ranking *ranking, uint64_t number)
{
	return ranking->bytes ? human_bytes(number) : human_count(number);
}

static void print_row(struct report *report, const struct process *process, const struct ranking *ranking,
                      const struct place_row *row)
{
	char stacks[64] = "";

	if (row->stacks > 1)
		snprintf(stacks, sizeof(stacks), "  %s stacks", human_count(row->stacks).text);
	page_print(report, "  %10s %6s %9s ", amount_of(ranking, row->numbers[0]).text,
	           human_share(row->numbers[0], ranking->whole).text,
	           (ranking->bytes ? human_count(row->numbers[1]) : human_bytes(row->numbers[1])).text);
	page_place(report, process->id, row->stack, report->width - 31 - (unsigned)strlen(stacks));
	page_paint(report, PAINT_DIM, "%s", stacks);
	page_print(report, "\n");
}

/* Below a row: its stack, or its largest; all of them with --full-stacks. */
static void print_row_stacks(struct report *report, const struct process *process, const struct ranking *ranking,
                             const struct place_query *query, const struct place_row *row)
{
	struct place_rows stacks = {0};

	if (row->stacks == 1) {
		page_stack_id(report, 12, process->id, row->stack);
	} else if (!report->full_stacks) {
		page_paint(report, PAINT_DIM, "%10s%s in the largest of these stacks (--full-stacks shows all):\n", "",
		           amount_of(ranking, row->first).text);
		page_stack_id(report, 12, process->id, row->stack);
	} else {
		stacks = where_open(&report->query, query, process->id, row);
	}
	for (size_t i = 0; i < stacks.count; i++) {
		page_paint(report, PAINT_DIM, "%10s%s in this stack:\n", "",
		           amount_of(ranking, stacks.items[i].numbers[0]).text);
		page_stack_id(report, 12, process->id, stacks.items[i].stack);
	}
	place_rows_free(&stacks);
}

static void print_rows(struct report *report, const struct process *process, const struct ranking *ranking,
                       unsigned limit)
{
	char sql[320];
	struct place_query query = ranking_query(ranking, sql, sizeof(sql));
	struct place_rows rows = where_add_up(&report->query, &query, process->id);

	for (size_t i = 0; i < rows.count && (!limit || i < limit); i++) {
		print_row(report, process, ranking, &rows.items[i]);
		if (ranking->stacks)
			print_row_stacks(report, process, ranking, &query, &rows.items[i]);
	}
	place_rows_free(&rows);
}

static void print_ranking(struct report *report, const struct process *process, const struct ranking *ranking,
                          unsigned limit)
{
	if (!ranking->whole)
		return;
	page_print(report, "\n");
	page_paint(report, PAINT_TITLE, "  %s\n", ranking->title);
	page_paint(report, PAINT_DIM, "  %10s %6s %9s where\n", ranking->bytes ? "bytes" : "calls", "share",
	           ranking->bytes ? strcmp(ranking->also, "allocations") ? "blocks" : "calls" : "bytes");
	print_rows(report, process, ranking, limit);
}

static void print_rankings(struct report *report, const struct process *process, const struct totals *totals)
{
	const struct ranking rankings[] = {
	    {"by bytes allocated", "allocated_bytes", "allocations", totals->allocated_bytes, true, true},
	    {"by calls", "allocations", "allocated_bytes", totals->allocations, false, false},
	    {"held at the peak", "peak_bytes", "peak_blocks", totals->peak_bytes, true, true},
	    {"live at the end", "live_bytes", "live_blocks", totals->live_bytes, true, false},
	    {"temporary", "temporary", "allocated_bytes", totals->temporary, false, false},
	};

	for (size_t i = 0; i < sizeof(rankings) / sizeof(rankings[0]); i++)
		print_ranking(report, process, &rankings[i], report->limit);
}

static void print_summary_rankings(struct report *report, const struct process *process, const struct totals *totals)
{
	const struct ranking rankings[] = {
	    {"most bytes allocated", "allocated_bytes", "allocations", totals->allocated_bytes, true, false},
	    {"held at the peak", "peak_bytes", "peak_blocks", totals->peak_bytes, true, false},
	};

	for (size_t i = 0; i < sizeof(rankings) / sizeof(rankings[0]); i++)
		print_ranking(report, process, &rankings[i], SUMMARY_SITES);
}

/* ---- sizes, threads ------------------------------------------------------------------ */

static uint64_t largest_class(struct report *report, const struct process *process)
{
	return (uint64_t)query_number(&report->query, "SELECT max(allocations) FROM heap_size_class WHERE process = ?",
	                              process->id, 0);
}

static void print_sizes(struct report *report, const struct process *process, const struct totals *totals)
{
	static const char sql[] = "SELECT low, high, allocations FROM heap_size_class WHERE process = ? ORDER BY low";
	sqlite3_stmt *row = query_rows(&report->query, sql, 1, process->id);
	uint64_t most = largest_class(report, process);

	page_print(report, "\n");
	page_paint(report, PAINT_TITLE, "  requested sizes\n");
	while (query_next(&report->query, row)) {
		uint64_t high = (uint64_t)sqlite3_column_int64(row, 1), calls = (uint64_t)sqlite3_column_int64(row, 2);

		page_print(report, "  %s %9s %14s %6s ", high ? "<" : " ", high ? human_bytes(high + 1).text : "0 B",
		           human_count(calls).text, human_share(calls, totals->allocations).text);
		page_bar(report, calls, most, BAR_WIDTH);
		page_print(report, "\n");
	}
	sqlite3_finalize(row);
}

static void print_thread_rows(struct report *report, const struct process *process)
{
	static const char sql[] = "SELECT thread, allocations, allocated_bytes, peak_bytes, live_bytes FROM heap_thread"
	                          " WHERE process = ?1 ORDER BY allocated_bytes DESC, thread LIMIT ?2";
	sqlite3_stmt *row =
	    query_rows(&report->query, sql, 2, process->id, report->limit ? (int64_t)report->limit : (int64_t)-1);

	while (query_next(&report->query, row)) {
		page_print(report, "  %14s %10s %10s %10s  ", human_count((uint64_t)sqlite3_column_int64(row, 1)).text,
		           human_bytes((uint64_t)sqlite3_column_int64(row, 2)).text,
		           human_bytes((uint64_t)sqlite3_column_int64(row, 3)).text,
		           human_bytes((uint64_t)sqlite3_column_int64(row, 4)).text);
		text_thread_name(report, process, sqlite3_column_int64(row, 0));
		page_print(report, "\n");
	}
	sqlite3_finalize(row);
}

static void print_threads(struct report *report, const struct process *process)
{
	int64_t count =
	    query_number(&report->query, "SELECT count(*) FROM heap_thread WHERE process = ?", process->id, 0);

	if (count < 2)
		return;
	page_print(report, "\n");
	page_paint(report, PAINT_TITLE, "  by thread that allocated\n");
	page_paint(report, PAINT_DIM, "  %14s %10s %10s %10s\n", "calls", "bytes", "at peak", "at end");
	print_thread_rows(report, process);
	if (report->limit && count > report->limit)
		page_paint(report, PAINT_DIM, "  %lld more; --limit 0 shows all\n", (long long)(count - report->limit));
}

void text_heap(struct report *report, const struct process *process)
{
	struct totals totals;

	page_heading(report, "HEAP");
	if (!process->watch_heap) {
		page_print(report, "  was not watched\n");
		return;
	}
	if (!load_totals(report, process, &totals))
		return;
	if (!totals.allocations) {
		page_print(report, "  no allocations: malloc was never called\n");
		return;
	}
	print_totals(report, &totals);
	if (!(report->parts & PART_DETAIL)) {
		print_summary_rankings(report, process, &totals);
		return;
	}
	print_rankings(report, process, &totals);
	print_sizes(report, process, &totals);
	print_threads(report, process);
}
