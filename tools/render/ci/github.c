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
		print_escaped(report, finding_path(frame->file), special);
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
	struct place place = listing_place(&report->query, listed);
	char *text = finding_text(report, listed);

	fprintf(report->out, "::%s ", commands[listing_severity(&report->query, listed)]);
	print_properties(report, listed, place.frame);
	fputs("::", report->out);
	print_escaped(report, text ? text : listed->message, "%\r\n");
	fputc('\n', report->out);
	free(text);
	listing_place_free(&place);
}

bool render_github(struct report *report)
{
	report_each_finding(report, print_annotation, NULL);
	return !report->query.failed;
}
