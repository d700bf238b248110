/* What `ringtail run --confirm` found of an earlier run's predictions. */
#include <string.h>

#include "tools/base/format.h"
#include "tools/report/json.h"
#include "tools/render/text/text.h"

static const char sql[] =
    "SELECT run, id, message, outcome, places, reached, held_up FROM confirmation ORDER BY ordinal";

static void print_outcome(struct report *report, sqlite3_stmt *row)
{
	const char *outcome = query_text(row, 3);
	uint64_t times = (uint64_t)sqlite3_column_int64(row, 6);

	if (!strcmp(outcome, "confirmed"))
		page_paint(report, PAINT_BAD, "confirmed: it closed in this run");
	else if (!strcmp(outcome, "not-closed"))
		page_print(report, "it did not close: threads came to %lld of its %lld places and were held up %s %s",
		           (long long)sqlite3_column_int64(row, 5), (long long)sqlite3_column_int64(row, 4),
		           human_count(times).text, plural(times, "time", "times"));
	else if (!strcmp(outcome, "not-tried"))
		page_print(report,
		           "not tried: another deadlock of these locks was tried; --confirm again tries this one");
	else
		page_print(report, "not tried: no thread came to its places in this run");
}

void text_confirmations(struct report *report, const char *before)
{
	sqlite3_stmt *row = query_rows(&report->query, sql, 0);
	bool any = false;

	while (query_next(&report->query, row)) {
		if (!any)
			page_print(report, "%sof what %s predicted:\n", before, query_text(row, 0));
		any = true;
		page_print(report, "%s  ", before);
		page_paint(report, PAINT_DIM, "[%s]", query_text(row, 1));
		page_print(report, " ");
		print_outcome(report, row);
		page_print(report, "\n");
	}
	sqlite3_finalize(row);
}

json_t *json_confirmations(struct report *report)
{
	return json_rows(report,
	                 "SELECT run, id, message, outcome, places, reached, held_up FROM confirmation"
	                 " WHERE ordinal > ? ORDER BY ordinal",
	                 0);
}
