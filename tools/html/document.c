/*
 * The page with a run, or two that are compared, in it: one file.  The run is JSON, and its long tables are
 * columns of numbers, each packed into an element.  The packed text has no character that means anything in HTML.
 */
#include <stdlib.h>

#include "tools/diff/diff.h"
#include "tools/html/html.h"
#include "tools/html/packed.h"
#include "tools/html/sources.h"
#include "tools/html/tables.h"
#include "tools/html/template.h"
#include "tools/query/stack_numbers.h"
#include "tools/report/json_value.h"
#include "tools/report/nameless.h"

/* The contents of the page. */
struct document {
	struct report **sides;
	unsigned count;
	struct stack_numbers numbers[DIFF_NEW + 1]; /* of each side */
	const struct diff *diff;                    /* NULL: one run */
	char *directories[DIFF_NEW + 1];            /* of each side's tables: JSON, malloced */
	FILE *out;
	struct error *err;
};

/* {"leak:definite": 50, ...}, of the kinds and classes that the run has: by these, reports order findings. */
static void print_ranks(struct query *query, FILE *out)
{
	sqlite3_stmt *row =
	    query_rows(query, "SELECT DISTINCT kind || ':' || coalesce(class, ''), kind, class FROM finding", 0);
	const char *separator = "";

	fputs("\"ranks\": {", out);
	while (query_next(query, row)) {
		fputs(separator, out);
		json_print_text(out, query_text(row, 0));
		fprintf(out, ": %u", query_rank(query_text(row, 1), query_text_or_null(row, 2)));
		separator = ", ";
	}
	fputc('}', out);
	sqlite3_finalize(row);
}

/* "nameless": {"files": {path: reason, ...}, "advice": [of each reason, ...]}, of the files whose functions have no
 * names. */
static void print_nameless(struct query *query, FILE *out)
{
	sqlite3_stmt *row = query_rows(query, "SELECT DISTINCT path, missing FROM module WHERE missing IS NOT NULL", 0);
	const char *separator = "";

	fputs("\"nameless\": {\"files\": {", out);
	while (query_next(query, row)) {
		enum nameless reason = nameless_reason(query_text(row, 0), query_text(row, 1));

		if (reason == NAMELESS_NOT)
			continue;
		fputs(separator, out);
		json_print_text(out, query_text(row, 0));
		fprintf(out, ": %d", reason);
		separator = ", ";
	}
	sqlite3_finalize(row);
	fputs("}, \"advice\": [", out);
	for (int reason = 0; reason < NAMELESS_REASONS; reason++) {
		char *advice = nameless_advice(query, (enum nameless)reason);

		fputs(reason ? ", " : "", out);
		json_print_text(out, advice);
		free(advice);
	}
	fputs("]}", out);
}

static void print_side(struct report *report, const char *directory)
{
	fputs("{\"report\": ", report->out);
	report_json(report);
	fprintf(report->out, ", \"tables\": %s, \"sources\": ", directory);
	sources_print(&report->query, report->out);
	fputs(", ", report->out);
	print_ranks(&report->query, report->out);
	fputs(", ", report->out);
	print_nameless(&report->query, report->out);
	fputc('}', report->out);
}

static bool print_run(struct document *document, FILE *out)
{
	bool good = true;

	fputs("{\"sides\": [", out);
	for (unsigned i = 0; i < document->count; i++) {
		document->sides[i]->out = out;
		fputs(i ? ", " : "", out);
		print_side(document->sides[i], document->directories[i]);
		good &= !document->sides[i]->query.failed;
	}
	fputs("], \"diff\": ", out);
	if (!document->diff)
		fputs("null", out);
	else
		good &= report_diff_json(
		    &(struct diff_report){document->diff, {document->sides[DIFF_OLD], document->sides[DIFF_NEW]}});
	fputs("}\n", out);
	return good;
}

/* Prints the tables of numbers; print_run then prints where each of them is. */
static bool print_tables(struct document *document, FILE *out)
{
	struct columns columns = {.bytes = out};
	bool good = true;

	for (unsigned i = 0; i < document->count && good; i++) {
		size_t bytes;

		columns.directory = open_memstream(&document->directories[i], &bytes);
		if (!columns.directory)
			return false;
		tables_write(&document->sides[i]->query, &columns, &document->numbers[i]);
		good = fclose(columns.directory) == 0 && !document->sides[i]->query.failed;
	}
	return good;
}

static bool print_packed(struct document *document, bool print(struct document *, FILE *))
{
	FILE *stream;
	struct packed *packed = packed_open(document->out, &stream);
	bool good;

	if (!packed)
		return error_set(document->err, EXIT_INTERNAL, "no memory to make the page");
	good = print(document, stream);
	if (!packed_close(packed) && good)
		good = error_set(document->err, EXIT_INTERNAL, "cannot write the page");
	return good;
}

static bool print_page(struct document *document)
{
	bool good;

	if (!template_print(TEMPLATE_TO_TABLES, document->out))
		return error_set(document->err, EXIT_USAGE,
		                 "this ringtail was built without the page (make PAGE=no): take another format");
	good = print_packed(document, print_tables);
	template_print(TEMPLATE_TO_RUN, document->out);
	good = good && print_packed(document, print_run);
	template_print(TEMPLATE_TO_END, document->out);
	for (unsigned i = 0; i < document->count; i++) {
		free(document->directories[i]);
		stack_numbers_free(&document->numbers[i]);
	}
	return good;
}

/* A copy of the report that shows everything: the page itself decides what it shows.  keep_known hands what the copy
 * loaded and prepared back to the original. */
static struct report whole(const struct report *report, const struct stack_numbers *numbers)
{
	struct report copy = *report;

	copy.parts = PART_FINDINGS | PART_HEAP | PART_THREADS | PART_LOCKS | PART_DETAIL;
	copy.limit = 0;
	copy.numbers = numbers;
	return copy;
}

/* The report frees it when it is closed. */
static void keep_known(struct report *report, const struct report *copy)
{
	report->query.frame_cache = copy->query.frame_cache;
	report->query.kept = copy->query.kept;
}

bool html_report(struct report *report)
{
	struct document document = {.count = 1, .out = report->out, .err = report->query.err};
	struct report copy = whole(report, &document.numbers[0]);

	document.sides = (struct report *[]){&copy};
	bool good = print_page(&document);

	keep_known(report, &copy);
	report->query.failed |= !good;
	return good;
}

bool html_diff(const struct diff_report *compared)
{
	struct report *out = compared->sides[DIFF_NEW];
	struct document document = {.count = 2, .diff = compared->diff, .out = out->out, .err = out->query.err};
	struct report copies[] = {whole(compared->sides[DIFF_OLD], &document.numbers[DIFF_OLD]),
	                          whole(compared->sides[DIFF_NEW], &document.numbers[DIFF_NEW])};

	document.sides = (struct report *[]){&copies[DIFF_OLD], &copies[DIFF_NEW]};
	bool good = print_page(&document);
	for (unsigned i = DIFF_OLD; i <= DIFF_NEW; i++)
		keep_known(compared->sides[i], &copies[i]);
	return good;
}
