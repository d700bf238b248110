/* Findings one line each: for people and editors, and as GitHub's annotations. */
#include <stdlib.h>
#include <string.h>

#include "tools/base/format.h"
#include "tools/query/listing.h"
#include "tools/render/json/page.h"

/* ---- FILE:LINE: KIND:CLASS: what [ID], as compilers have it -------------------------------------- */

static void print_place(struct report *report, const struct frame *frame)
{
	if (!frame)
		return;
	if (frame->file) {
		page_text(report, listing_path(frame->file));
		page_print(report, ":%lld: ", (long long)frame->line);
	} else if (frame->module) {
		page_text(report, base_name(frame->module));
		page_print(report, "+0x%llx: ", (unsigned long long)frame->offset);
	}
}

static void print_line(struct report *report, const struct listed *listed, void *context)
{
	struct place place;

	if (listed->suppressed_by)
		return;
	place = listing_place(report, listed);
	print_place(report, place.frame);
	page_print(report, "%s: ", listed->name);
	page_text(report, listed->message);
	page_print(report, " [%s]", listed->id);
	if (*(const int64_t *)context > 1) {
		page_print(report, " (");
		page_text(report, listed->process->exe ? base_name(listed->process->exe) : "?");
		page_print(report, ", pid %lld)", (long long)listed->process->pid);
	}
	page_print(report, "\n");
	listing_place_free(&place);
}

bool render_lines(struct report *report)
{
	int64_t processes = report_number(report, "SELECT count(*) FROM process", 0, 0);

	listing_each(report, print_line, &processes);
	return !report->failed;
}

/* ---- ::error file=FILE,line=LINE,title=TITLE::what ------------------------------------------------ */

/* What would end a property or a line is written as a number. */
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
		print_escaped(report, listing_path(frame->file), special);
		fprintf(report->out, ",line=%lld,", (long long)frame->line);
	}
	fputs("title=", report->out);
	print_escaped(report, listed->name, special);
	if (frame && frame->function) {
		fputs(" in ", report->out);
		print_escaped(report, frame->function, special);
	}
}

static void print_annotation(struct report *report, const struct listed *listed, void *context)
{
	static const char *const commands[] = {"notice", "warning", "error"};

	if (listed->suppressed_by)
		return;
	struct place place = listing_place(report, listed);
	char *text = listing_text(report, listed);

	fprintf(report->out, "::%s ", commands[listing_severity(report, listed)]);
	print_properties(report, listed, place.frame);
	fputs("::", report->out);
	print_escaped(report, text ? text : listed->message, "%\r\n");
	fputc('\n', report->out);
	free(text);
	listing_place_free(&place);
}

bool render_github(struct report *report)
{
	listing_each(report, print_annotation, NULL);
	return !report->failed;
}
