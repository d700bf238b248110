/* Findings as one line each, in the form of compilers' messages, for users and editors: FILE:LINE: KIND:CLASS: what
 * [ID]. */
#include "tools/base/format.h"
#include "tools/render/finding_text.h"
#include "tools/render/text/page.h"

static void print_place(struct report *report, const struct frame *frame)
{
	if (!frame)
		return;
	if (frame->file) {
		page_text(report, finding_path(frame->file));
		page_print(report, ":%lld: ", (long long)frame->line);
	} else if (frame->module) {
		page_text(report, base_name(frame->module));
		page_print(report, "+0x%llx: ", (unsigned long long)frame_start(frame));
	}
}

static void print_line(struct report *report, const struct listed *listed, void *context)
{
	struct place place;

	if (listed->suppressed_by)
		return;
	place = listing_place(&report->query, listed);
	print_place(report, place.where.frame);
	page_print(report, "%s: ", listed->name);
	page_text(report, listed->message);
	page_print(report, " [%s]", listed->id);
	if (listed->times > 1 && !listed->blocks)
		page_print(report, " (%s times)", human_count((uint64_t)listed->times).text);
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
	int64_t processes = query_number(&report->query, "SELECT count(*) FROM process", 0, 0);

	report_each_finding(report, print_line, &processes);
	return !report->query.failed;
}
