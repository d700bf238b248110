/* Prints for each finding a rule that would suppress it; the user reads them and keeps some.
 *
 * A rule matches a finding by one frame of its stacks.  The narrowest is the one whose function the fewest other
 * findings of the same kind and class have on their stacks.  main is on nearly all of them, so no rule names it.  A
 * function without a name is named by its module and start, which hold for one build: only where no other has a name.
 */
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "tools/base/memory.h"
#include "tools/base/format.h"
#include "tools/render/finding_text.h"
#include "tools/render/text/page.h"

struct count { /* findings whose stacks have a function */
	UT_hash_handle hh;
	char *rule; /* "kind/class:^function$" */
	uint64_t findings;
	int64_t process, ordinal; /* of the last that was counted */
};

struct rules_made {
	struct count *counts;
	char **printed; /* so that each rule is printed once */
	size_t printed_count, printed_room;
};

static char *rule_of(const struct listed *listed, const char *pattern, bool whole)
{
	const char *slash = listed->class ? "/" : "", *class = listed->class ? listed->class : "";
	char *rule = NULL;
	int length = asprintf(&rule, whole ? "%s%s%s:^%s$" : "%s%s%s:%s", listed->kind, slash, class, pattern);

	return length < 0 ? NULL : rule;
}

/* ---- how many findings a function would suppress ------------------------------------------------ */

/* "kind/class:^function$", or "kind/class:^libz.so.1+0x1230$"; NULL: no rule may name the frame. */
static char *rule_of_frame(const struct listed *listed, const struct frame *frame)
{
	char room[FRAME_NAME_ROOM];

	if (frame->role != ROLE_OWN || (!frame->function && !frame->module))
		return NULL;
	return rule_of(listed, frame_name(frame, room), true);
}

/* Calls take for every frame of every stack of the finding, without the callers of main. */
static void each_frame(struct report *report, const struct listed *listed,
                       void (*take)(void *context, const struct listed *, const struct frame *), void *context)
{
	sqlite3_stmt *row = listing_stacks(&report->query, listed->process->id, listed->ordinal);

	while (query_next(&report->query, row)) {
		struct frames frames =
		    frames_load(&report->query, sqlite3_column_int64(row, 6), sqlite3_column_int64(row, 3));

		for (unsigned i = 0; i < frames_own(&frames); i++)
			take(context, listed, &frames.items[i]);
		frames_free(&frames);
	}
	query_done(&report->query, row);
}

static void count_frame(void *context, const struct listed *listed, const struct frame *frame)
{
	struct rules_made *made = context;
	char *rule = rule_of_frame(listed, frame);
	struct count *count = NULL;

	if (!rule)
		return;
	HASH_FIND_STR(made->counts, rule, count);
	if (!count) {
		count = memory_zeroed(1, sizeof *count);
		count->rule = rule;
		HASH_ADD_KEYPTR(hh, made->counts, count->rule, strlen(count->rule), count);
	} else {
		free(rule);
	}
	if (count->process == listed->process->id && count->ordinal == listed->ordinal && count->findings)
		return;
	count->process = listed->process->id;
	count->ordinal = listed->ordinal;
	count->findings++;
}

static void count_finding(struct report *report, const struct listed *listed, void *made)
{
	if (!listed->suppressed_by)
		each_frame(report, listed, count_frame, made);
}

/* ---- the rule of a finding ---------------------------------------------------------------------- */

struct choice {
	const struct rules_made *made;
	bool named; /* of functions with a name; else of those without */
	const struct count *best;
};

/* Of equal ones the first is taken: the innermost frame. */
static void consider(void *context, const struct listed *listed, const struct frame *frame)
{
	struct choice *choice = context;
	char *rule = rule_of_frame(listed, frame);
	const struct count *count = NULL;

	if (rule && choice->named == (frame->function != NULL))
		HASH_FIND_STR(choice->made->counts, rule, count);
	if (count && (!choice->best || count->findings < choice->best->findings))
		choice->best = count;
	free(rule);
}

/* Without a frame to name: the source file, or the module, in a section for the program. */
static char *rule_by_file(const struct listed *listed, const struct frame *frame)
{
	const char *path = frame && frame->file ? frame->file : frame ? frame->module : NULL;
	char *rule = rule_of(listed, path ? base_name(path) : "*", path != NULL), *section = NULL;

	if (!rule || !listed->process->exe)
		return rule;
	int length = asprintf(&section, "[%s]\n%s\n[*]", base_name(listed->process->exe), rule);
	free(rule);
	return length < 0 ? NULL : section;
}

static char *narrowest(struct report *report, const struct rules_made *made, const struct listed *listed,
                       const struct frame *frame)
{
	struct choice choice = {.made = made, .named = true};

	each_frame(report, listed, consider, &choice);
	choice.named = false;
	if (!choice.best)
		each_frame(report, listed, consider, &choice);
	return choice.best ? strdup(choice.best->rule) : rule_by_file(listed, frame);
}

/* ---- printing ----------------------------------------------------------------------------------- */

static bool is_new(struct rules_made *made, char *rule)
{
	for (size_t i = 0; i < made->printed_count; i++)
		if (!strcmp(made->printed[i], rule))
			return false;
	GROW(made->printed, made->printed_room, made->printed_count + 1);
	made->printed[made->printed_count++] = rule;
	return true;
}

static void print_rule(struct report *report, const struct listed *listed, void *context)
{
	struct rules_made *made = context;

	if (listed->suppressed_by)
		return;
	struct place place = listing_place(&report->query, listed);
	char *rule = narrowest(report, made, listed, place.where.frame);

	if (rule && is_new(made, rule)) {
		page_print(report, "# ");
		page_text(report, listed->message);
		page_print(report, "\n");
		if (place.where.frame && place.where.frame->file) {
			page_print(report, "# ");
			page_text(report, finding_path(place.where.frame->file));
			page_print(report, ":%lld\n", (long long)place.where.frame->line);
		}
		page_text(report, rule);
		page_print(report, "\n\n");
	} else {
		free(rule);
	}
	listing_place_free(&place);
}

static void free_made(struct rules_made *made)
{
	struct count *count, *next;

	HASH_ITER(hh, made->counts, count, next)
	{
		HASH_DEL(made->counts, count);
		free(count->rule);
		free(count);
	}
	for (size_t i = 0; i < made->printed_count; i++)
		free(made->printed[i]);
	free(made->printed);
}

bool render_rules(struct report *report)
{
	struct rules_made made = {0};

	report_each_finding(report, count_finding, &made);
	report_each_finding(report, print_rule, &made);
	free_made(&made);
	return !report->query.failed;
}
