/* Findings as GitHub's annotations: ::error file=FILE,line=LINE,title=TITLE::what */
#include <stdlib.h>
#include <string.h>

#include "tools/render/finding_text.h"

/* Characters that would end a property or a line are written as %XX. */
static void print_escaped(struct report *report, const char *text, const char *special)
{
	for (; *text; text++) {
		if (strchr(special, *text))
			fprintf(report->out, "%%%02X", (unsigned char)*text);
		else
			fputc(*text, report->out);
	}
}

static void print_properties(struct report *report, const struct listed *listed, const struct frame *frame)
{
	static const char special[] = "%\r\n:,";

	if (frame && frame->file) {
		fputs("file=", report->out);
		print_escaped(report, finding_source(frame->file), special);
		fprintf(report->out, ",line=%lld,", (long long)frame->line);
	}
	fputs("title=", report->out);
	print_escaped(report, listed->name, special);
	if (frame && frame->function) {
		fputs(" in ", report->out);
		print_escaped(report, frame->function, special);
	}
}

static void print_annotation_at(struct report *report, const struct listed *listed, const char *command,
                                const struct frame *frame, const char *text)
{
	fprintf(report->out, "::%s ", command);
	print_properties(report, listed, frame);
	fputs("::", report->out);
	print_escaped(report, text, "%\r\n");
	fputc('\n', report->out);
}

static bool same_place(const struct frame *a, const struct frame *b)
{
	return a->file && b->file && a->line == b->line && !strcmp(a->file, b->file);
}

/* A deadlock has a place for each of its threads: each gets a note that names the finding.  The place where the thread
 * waits comes once, and not the one where it took what it holds: that is in the text. */
static void print_other_places(struct report *report, const struct listed *listed, const struct frame *first)
{
	static const char sql[] =
	    "SELECT wanted_stack, " EDGE_HOME " FROM finding_edge WHERE process = ?1 AND finding = ?2"
	    " AND wanted_stack IS NOT NULL ORDER BY ordinal";
	sqlite3_stmt *row = query_rows(&report->query, sql, 2, listed->process->id, listed->ordinal);
	char text[1200];

	snprintf(text, sizeof(text), "%s: another place of this finding [%s]", listed->message, listed->id);
	while (query_next(&report->query, row)) {
		struct frames frames =
		    frames_load(&report->query, sqlite3_column_int64(row, 1), sqlite3_column_int64(row, 0));
		const struct frame *own = where_in_source(&frames).frame;

		if (own && own->file && first && !same_place(own, first))
			print_annotation_at(report, listed, "notice", own, text);
		frames_free(&frames);
	}
	sqlite3_finalize(row);
}

static void print_annotation(struct report *report, const struct listed *listed, void *context)
{
	static const char *const commands[] = {"notice", "warning", "error"};

	if (listed->suppressed_by)
		return;
	struct place place = listing_place(&report->query, listed);
	char *text = finding_text(report, listed);

	print_annotation_at(report, listed, commands[listing_severity(&report->query, listed)], place.where.frame,
	                    text ? text : listed->message);
	print_other_places(report, listed, place.where.frame);
	free(text);
	listing_place_free(&place);
}

bool render_github(struct report *report)
{
	report_each_finding(report, print_annotation, NULL);
	return !report->query.failed;
}
