/* Prints for each finding a rule that would suppress it; the user reads them and keeps some. */
#include <stdlib.h>
#include <string.h>

#include "tools/base/memory.h"
#include "tools/base/format.h"
#include "tools/render/finding_text.h"
#include "tools/render/text/page.h"

struct printed { /* rules that were printed, so that each is printed once */
	char **rules;
	size_t count, room;
};

static bool is_new(struct printed *printed, char *rule)
{
	for (size_t i = 0; i < printed->count; i++)
		if (!strcmp(printed->rules[i], rule))
			return false;
	GROW(printed->rules, printed->room, printed->count + 1);
	printed->rules[printed->count++] = rule;
	return true;
}

static char *rule_for(const struct listed *listed, const struct frame *frame)
{
	const char *slash = listed->class ? "/" : "", *class = listed->class ? listed->class : "";
	char *rule = NULL;
	int length;

	if (frame && frame->function)
		length = asprintf(&rule, "%s%s%s:^%s$", listed->kind, slash, class, frame->function);
	else if (frame && frame->module)
		length = asprintf(&rule, "%s%s%s:^%s$", listed->kind, slash, class, base_name(frame->module));
	else
		length = asprintf(&rule, "%s%s%s:*", listed->kind, slash, class);
	return length < 0 ? NULL : rule;
}

static void print_rule(struct report *report, const struct listed *listed, void *context)
{
	if (listed->suppressed_by)
		return;
	struct place place = listing_place(&report->query, listed);
	char *rule = rule_for(listed, place.frame);

	if (rule && is_new(context, rule)) {
		page_print(report, "# ");
		page_text(report, listed->message);
		page_print(report, "\n");
		if (place.frame && place.frame->file) {
			page_print(report, "# ");
			page_text(report, finding_path(place.frame->file));
			page_print(report, ":%lld\n", (long long)place.frame->line);
		}
		page_text(report, rule);
		page_print(report, "\n\n");
	} else {
		free(rule);
	}
	listing_place_free(&place);
}

bool render_rules(struct report *report)
{
	struct printed printed = {0};

	report_each_finding(report, print_rule, &printed);
	for (size_t i = 0; i < printed.count; i++)
		free(printed.rules[i]);
	free(printed.rules);
	return !report->query.failed;
}
