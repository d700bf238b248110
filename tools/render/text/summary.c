#include <string.h>

#include "tools/base/format.h"
#include "tools/finding/kinds.h"
#include "tools/render/text/text.h"
#include "tools/suppress/suppress.h"

#define SUMMARY_KINDS 20
#define NO_SCAN_LINES 3 /* one for each reason */

static void print_heap(struct report *report, uint64_t allocations, uint64_t peak, uint64_t live)
{
	if (allocations)
		page_print(report, "ringtail: heap: %s %s, peak %s, %s live at the end\n",
		           human_count(allocations).text, plural(allocations, "allocation", "allocations"),
		           human_bytes(peak).text, human_bytes(live).text);
	else if (query_number(&report->query, "SELECT count(*) FROM unwatched WHERE what = 'heap'", 0, 0))
		page_print(report, "ringtail: heap: no allocation was seen\n"); /* the next line says why */
	else if (query_number(&report->query, "SELECT count(*) FROM process WHERE watch_heap", 0, 0))
		page_print(report, "ringtail: heap: no allocations: malloc was never called\n");
	else
		page_print(report, "ringtail: heap: not watched (--heap=no)\n");
}

static void print_totals(struct report *report)
{
	static const char sql[] = "SELECT count(DISTINCT pid), sum(events_recorded), sum(events_lost), "
	                          "(SELECT sum(allocations) FROM heap),"
	                          " (SELECT max(peak_bytes) FROM heap), (SELECT sum(live_bytes) FROM heap),"
	                          " (SELECT count(*) FROM thread) FROM process";
	sqlite3_stmt *row = query_rows(&report->query, sql, 0);

	if (query_next(&report->query, row)) {
		uint64_t processes = (uint64_t)sqlite3_column_int64(row, 0),
		         lost = (uint64_t)sqlite3_column_int64(row, 2),
		         threads = (uint64_t)sqlite3_column_int64(row, 6);

		page_print(report, "ringtail: %s %s, %s %s, %s events, %s lost\n", human_count(processes).text,
		           plural(processes, "process", "processes"), human_count(threads).text,
		           plural(threads, "thread", "threads"),
		           human_count((uint64_t)sqlite3_column_int64(row, 1)).text,
		           lost ? human_count(lost).text : "none");
		print_heap(report, (uint64_t)sqlite3_column_int64(row, 3), (uint64_t)sqlite3_column_int64(row, 4),
		           (uint64_t)sqlite3_column_int64(row, 5));
	}
	sqlite3_finalize(row);
}

#define UNWATCHED_LINES 3

/* Once for each reason, however many processes it holds for. */
static void print_unwatched(struct report *report)
{
	static const char sql[] = "SELECT what, module, why, count(*) FROM unwatched"
	                          " WHERE what <> 'start' GROUP BY 1, 2, 3 ORDER BY 4 DESC";
	sqlite3_stmt *row = query_rows(&report->query, sql, 0);

	for (unsigned lines = 0; lines < UNWATCHED_LINES && query_next(&report->query, row); lines++) {
		const char *module = query_text_or_null(row, 1);

		page_paint(report, PAINT_WARN, "ringtail: not seen: %s: %s", query_text(row, 0), query_text(row, 2));
		if (module)
			page_paint(report, PAINT_WARN, " (%s)", module);
		page_print(report, "\n");
	}
	sqlite3_finalize(row);
}

/* The leaks that are lost with those of this kind are a part of it. */
static void print_kept(struct report *report, uint64_t bytes, uint64_t blocks)
{
	if (blocks)
		page_print(report, ", and %s in %s %s lost with them", human_bytes(bytes).text,
		           human_count(blocks).text, plural(blocks, "block", "blocks"));
}

/* Kinds with their numbers, in the order of the worst of each.  What several processes have in common counts once. */
static void print_kinds(struct report *report)
{
	static const char sql[] =
	    "SELECT kind || coalesce(':' || class, ''), count(DISTINCT id), sum(bytes), sum(blocks), kind, class, "
	    "information,"
	    " count(DISTINCT process), sum(kept_bytes), sum(kept_blocks) FROM finding WHERE NOT suppressed GROUP BY 1, "
	    "information ORDER BY min(ordinal)";
	bool several = query_number(&report->query, "SELECT count(*) FROM process", 0, 0) > 1;
	sqlite3_stmt *row = query_rows(&report->query, sql, 0);
	int64_t kinds = 0;

	while (kinds < SUMMARY_KINDS && query_next(&report->query, row)) {
		if (query_is_quiet((struct finding_weight){query_text(row, 4), query_text_or_null(row, 5),
		                                           sqlite3_column_int(row, 6)}))
			continue;
		kinds++;
		page_print(report, "ringtail: ");
		page_paint(report, PAINT_WARN, "%s %s", human_count((uint64_t)sqlite3_column_int64(row, 1)).text,
		           query_text(row, 0));
		if (sqlite3_column_int64(row, 3))
			page_print(report, ", %s in %s %s", human_bytes((uint64_t)sqlite3_column_int64(row, 2)).text,
			           human_count((uint64_t)sqlite3_column_int64(row, 3)).text,
			           plural((uint64_t)sqlite3_column_int64(row, 3), "block", "blocks"));
		print_kept(report, (uint64_t)sqlite3_column_int64(row, 8), (uint64_t)sqlite3_column_int64(row, 9));
		if (several)
			page_print(report, ", in %s %s", human_count((uint64_t)sqlite3_column_int64(row, 7)).text,
			           plural((uint64_t)sqlite3_column_int64(row, 7), "process", "processes"));
		page_print(report, "\n");
	}
	if (report->unread)
		page_paint(report, PAINT_WARN, "ringtail: %s %s could not be read: what %s did is not known\n",
		           human_count(report->unread).text, plural(report->unread, "process", "processes"),
		           plural(report->unread, "it", "they"));
	else if (!kinds)
		page_paint(report, PAINT_GOOD, "ringtail: nothing found\n");
	sqlite3_finalize(row);
}

/* Blocks that nothing is known of are no finding, and no clean run either. */
static void print_no_scan(struct report *report)
{
	static const char sql[] = "SELECT count(*), leak_scan_why_not FROM process p WHERE final AND watch_heap"
	                          " AND NOT leak_scan_done AND EXISTS (SELECT 1 FROM heap h WHERE h.process = p.id AND"
	                          " h.live_blocks) GROUP BY leak_scan_why_not ORDER BY 1 DESC";
	sqlite3_stmt *row = query_rows(&report->query, sql, 0);

	for (unsigned lines = 0; lines < NO_SCAN_LINES && query_next(&report->query, row); lines++) {
		uint64_t processes = (uint64_t)sqlite3_column_int64(row, 0);

		if (processes == 1)
			page_print(report, "ringtail: no leak scan: %s\n", query_text(row, 1));
		else
			page_print(report, "ringtail: no leak scan of %s processes: %s\n", human_count(processes).text,
			           query_text(row, 1));
	}
	sqlite3_finalize(row);
}

/* Counts suppressed findings, without those that are information. */
static struct suppressed_count count_suppressed(struct report *report)
{
	static const char sql[] = "SELECT kind, class, count(*), information, sum(suppressed_by_default) FROM finding"
	                          " WHERE suppressed GROUP BY kind, class, information";
	sqlite3_stmt *row = query_rows(&report->query, sql, 0);
	struct suppressed_count count = {0};

	while (query_next(&report->query, row)) {
		if (query_is_quiet((struct finding_weight){query_text(row, 0), query_text_or_null(row, 1),
		                                           sqlite3_column_int(row, 3)}))
			continue;
		count.all += (uint64_t)sqlite3_column_int64(row, 2);
		count.by_default += (uint64_t)sqlite3_column_int64(row, 4);
	}
	sqlite3_finalize(row);
	return count;
}

static void print_suppressed(struct report *report)
{
	struct suppressed_count suppressed = count_suppressed(report);
	const struct rules *rules = report->suppress ? &report->suppress->rules : NULL;
	size_t unused = 0, given = 0;

	for (size_t i = 0; rules && i < rules->count; i++) {
		given += !rules->items[i].by_default;
		unused += !rules->items[i].by_default && !rules->items[i].findings;
	}
	if (suppressed.all) {
		page_print(report, "ringtail: ");
		text_suppressed(report, suppressed);
		page_print(report, "\n");
	}
	if (unused)
		page_print(report, "ringtail: %s of %s suppression rules matched nothing\n", human_count(unused).text,
		           human_count(given).text);
}

bool render_summary(struct report *report)
{
	print_totals(report);
	print_unwatched(report);
	print_kinds(report);
	print_no_scan(report);
	text_race_search(report, 0, "ringtail: ");
	print_suppressed(report);
	text_confirmations(report, "ringtail: ");
	page_print(report, "ringtail: ringtail report %s tells more\n", report->query.directory);
	return !report->query.failed;
}
