/* SARIF 2.1.0: the format that code scanning of GitHub, GitLab and Azure DevOps, and editors read. */
#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/finding/kinds.h"
#include "tools/base/format.h"
#include "tools/base/own_files.h"
#include "tools/report/json.h"
#include "tools/render/finding_text.h"

#define SCHEMA "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
#define ROOT   "%SRCROOT%"

static json_t *message(const char *text)
{
	json_t *object = json_object();

	json_object_set_new(object, "text", json_text(text));
	return object;
}

/* ---- places ----------------------------------------------------------------------------------- */

/* A path as part of a URI. */
static char *uri(const char *before, const char *path, const char *behind)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/+";
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	fputs(before, out);
	for (; *path; path++)
		fprintf(out, strchr(plain, *path) ? "%c" : "%%%02X", (unsigned char)*path);
	fputs(behind, out);
	fclose(out);
	return text;
}

static json_t *artifact(const char *path)
{
	const char *shown = finding_source(path);
	json_t *object = json_object();
	char *text = uri(*shown == '/' ? "file://" : "", shown, "");

	json_object_set_new(object, "uri", json_text(text));
	if (*shown != '/')
		json_object_set_new(object, "uriBaseId", json_string(ROOT));
	free(text);
	return object;
}

/* The place in the source, or, if that is not known, in the module. */
static json_t *physical(const struct frame *frame)
{
	json_t *object = json_object();

	if (!frame->file && !frame->module) {
		json_decref(object);
		return NULL;
	}
	json_object_set_new(object, "artifactLocation", artifact(frame->file ? frame->file : frame->module));
	if (frame->file && frame->line > 0)
		json_object_set_new(object, "region", json_pack("{s:I}", "startLine", (json_int_t)frame->line));
	return object;
}

/* label: NULL for none. */
static json_t *location(const struct frame *frame, const char *label)
{
	json_t *object = json_object(), *where = physical(frame);

	if (where)
		json_object_set_new(object, "physicalLocation", where);
	if (frame->function)
		json_object_set_new(
		    object, "logicalLocations",
		    json_pack("[{s:o, s:s}]", "fullyQualifiedName", json_text(frame->function), "kind", "function"));
	if (label)
		json_object_set_new(object, "message", message(label));
	return object;
}

/* ---- stacks ------------------------------------------------------------------------------------- */

static json_t *stack_frame(const struct frame *frame, int64_t thread)
{
	json_t *object = json_object();

	json_object_set_new(object, "location", location(frame, NULL));
	if (frame->module)
		json_object_set_new(object, "module", json_text(base_name(frame->module)));
	if (thread)
		json_object_set_new(object, "threadId", json_integer(thread));
	return object;
}

static json_t *stack(const struct frames *frames, const char *label, int64_t thread)
{
	json_t *object = json_object(), *array = json_array();

	for (unsigned i = 0; i < frames_own(frames); i++)
		json_array_append_new(array, stack_frame(&frames->items[i], thread));
	json_object_set_new(object, "message", message(label));
	json_object_set_new(object, "frames", array);
	return object;
}

/* The stack again as steps, outermost first, through which viewers let users walk. */
static json_t *thread_flow(const struct frames *frames, const char *label, int64_t thread)
{
	json_t *object = json_object(), *array = json_array();

	for (unsigned i = frames_own(frames); i-- > 0;)
		json_array_append_new(array,
		                      json_pack("{s:o}", "location", location(&frames->items[i], i ? NULL : label)));
	if (thread)
		json_object_set_new(object, "id", json_sprintf("thread %lld", (long long)thread));
	json_object_set_new(object, "message", message(label));
	json_object_set_new(object, "locations", array);
	return object;
}

/* What SARIF has of the stacks of a finding. */
struct stack_lists {
	json_t *stacks, *flows;
	json_t *places; /* of each stack in the program's own code: of a deadlock, where each thread holds and waits */
};

static void add_stack(struct stack_lists *lists, const struct frames *frames, const char *label, int64_t thread)
{
	const struct frame *own = where_in_source(frames).frame;

	if (frames->count) {
		json_array_append_new(lists->stacks, stack(frames, label, thread));
		json_array_append_new(lists->flows, thread_flow(frames, label, thread));
	}
	if (own) {
		json_t *place = location(own, label);

		json_object_set_new(place, "id", json_integer((json_int_t)json_array_size(lists->places)));
		json_array_append_new(lists->places, place);
	}
}

/* A race is at two places, and no correction at one alone is certain to be right.  The first two are the sides. */
static void add_sides(json_t *result, json_t *places)
{
	if (json_array_size(places) >= 2)
		json_object_set_new(result, "locations",
		                    json_pack("[O, O]", json_array_get(places, 0), json_array_get(places, 1)));
}

static void add_stacks(struct report *report, const struct listed *listed, json_t *result)
{
	struct stack_lists lists = {json_array(), json_array(), json_array()};
	sqlite3_stmt *row = listing_stacks(&report->query, listed->process->id, listed->ordinal);

	while (query_next(&report->query, row)) {
		struct frames frames =
		    frames_load(&report->query, sqlite3_column_int64(row, 6), sqlite3_column_int64(row, 3));

		add_stack(&lists, &frames, query_text(row, 0), sqlite3_column_int64(row, 1));
		frames_free(&frames);
	}
	query_done(&report->query, row);
	if (kind_is(listed->kind, KIND_RACE))
		add_sides(result, lists.places);
	if (json_array_size(lists.places) > 1)
		json_object_set(result, "relatedLocations", lists.places);
	if (json_array_size(lists.stacks)) {
		json_object_set(result, "stacks", lists.stacks);
		json_object_set_new(result, "codeFlows", json_pack("[{s:O}]", "threadFlows", lists.flows));
	}
	json_decref(lists.stacks);
	json_decref(lists.flows);
	json_decref(lists.places);
}

/* ---- results -------------------------------------------------------------------------------------- */

static json_t *properties(const struct listed *listed)
{
	json_t *object = json_object();

	json_object_set_new(object, "process", json_text(listed->process->exe));
	json_object_set_new(object, "pid", json_integer(listed->process->pid));
	json_object_set_new(object, "times", json_integer(listed->times));
	if (listed->blocks) {
		json_object_set_new(object, "blocks", json_integer(listed->blocks));
		json_object_set_new(object, "bytes", json_integer(listed->bytes));
	}
	if (listed->kept_blocks) {
		json_object_set_new(object, "kept_blocks", json_integer(listed->kept_blocks));
		json_object_set_new(object, "kept_bytes", json_integer(listed->kept_bytes));
	}
	return object;
}

/* The finding's message with the place that it is about, as one sentence: services show lists of messages. */
static json_t *result_message(const struct listed *listed, const struct frame *frame)
{
	char *text = NULL;
	int length;

	if (frame && frame->function && frame->file)
		length = asprintf(&text, "%s: %s (%s:%lld).", listed->message, frame->function, base_name(frame->file),
		                  (long long)frame->line);
	else if (frame && frame->function)
		length = asprintf(&text, "%s: %s.", listed->message, frame->function);
	else
		length = asprintf(&text, "%s.", listed->message);
	json_t *object = message(length < 0 ? listed->message : text);
	free(length < 0 ? NULL : text);
	return object;
}

/* What several processes have in common is one result. */
static int64_t occurrences(struct report *report, const struct listed *listed)
{
	sqlite3_stmt *row = query_rows(
	    &report->query, "SELECT count(*) FROM finding WHERE id = ? AND process IN (SELECT id FROM process)", 0);

	if (row)
		sqlite3_bind_text(row, 1, listed->id, -1, SQLITE_STATIC);
	int64_t count = query_next(&report->query, row) ? sqlite3_column_int64(row, 0) : 1;
	sqlite3_finalize(row);
	return count;
}

static json_t *result(struct report *report, const struct listed *listed)
{
	static const char *const levels[] = {"note", "warning", "error"};
	struct place place = listing_place(&report->query, listed);
	json_t *object = json_object();

	json_object_set_new(object, "ruleId", json_text(listed->name));
	json_object_set_new(object, "level", json_string(levels[listing_severity(&report->query, listed)]));
	json_object_set_new(object, "message", result_message(listed, place.where.frame));
	json_object_set_new(object, "occurrenceCount", json_integer(occurrences(report, listed)));
	if (place.where.frame)
		json_object_set_new(object, "locations", json_pack("[o]", location(place.where.frame, NULL)));
	add_stacks(report, listed, object);
	json_object_set_new(object, "partialFingerprints",
	                    json_pack("{s:o}", "ringtailFindingId/v1", json_text(listed->id)));
	if (listed->suppressed_by)
		json_object_set_new(
		    object, "suppressions",
		    json_pack("[{s:s, s:o}]", "kind", "external", "justification", json_text(listed->suppressed_by)));
	json_object_set_new(object, "properties", properties(listed));
	listing_place_free(&place);
	return object;
}

struct results {
	struct json_list list;
	json_t *ids; /* of the findings that were printed */
};

static void print_result(struct report *report, const struct listed *listed, void *context)
{
	struct results *results = context;

	if (json_object_get(results->ids, listed->id))
		return;
	json_object_set_new(results->ids, listed->id, json_true());
	json_list_add(&results->list, result(report, listed));
}

/* ---- the run ---------------------------------------------------------------------------------------- */

/* "LeakDefinite" of "leak:definite": viewers show it in place of the id. */
static json_t *rule_name(const char *id)
{
	char name[96];
	size_t used = 0;
	bool starts = true;

	for (; *id && used + 1 < sizeof(name); id++) {
		bool letter = isalnum((unsigned char)*id);

		if (letter)
			name[used++] = (char)(starts ? toupper((unsigned char)*id) : *id);
		starts = !letter;
	}
	name[used] = '\0';
	return json_string(name);
}

/* The section of docs/FINDINGS.md, as it was installed with this tool; NULL: it was not. */
static json_t *help_uri(const struct listed *listed)
{
	char exe[PATH_MAX], path[PATH_MAX + 64], anchor[128];
	char *text;

	own_directory(exe);
	snprintf(path, sizeof(path), "%s/../share/doc/ringtail/docs/FINDINGS.md", exe);
	if (access(path, R_OK) || !realpath(path, exe))
		return NULL;
	snprintf(anchor, sizeof(anchor), "#%s%s", listed->kind, listed->class ? listed->class : "");
	text = uri("file://", exe, anchor);
	json_t *result = json_text(text);
	free(text);
	return result;
}

static const char *full_meaning(const struct listed *listed)
{
	for (unsigned i = FINDING_NONE + 1; listed->class && i < FINDING_COUNT; i++)
		if (class_is(listed->kind, listed->class, (enum finding_class)i))
			return class_help((enum finding_class)i);
	return kind_meaning(listed->kind);
}

static json_t *sentence(const char *before, const char *between, const char *behind)
{
	char *text = NULL;
	json_t *object;

	if (asprintf(&text, "%s%s%s.", before, between, behind) < 0)
		return message(before);
	*text = (char)toupper((unsigned char)*text);
	object = message(text);
	free(text);
	return object;
}

/* A tag by which services filter rules. */
static const char *subject_of(const char *kind)
{
	return kind_is(kind, KIND_LEAK) ? "memory" : kind_is(kind, KIND_MISUSE) ? "api-misuse" : "concurrency";
}

/* Adds a rule for the finding's kind and class if there is none yet.  rules: an object with a key for each that was
 * added. */
static void add_rule(struct report *report, const struct listed *listed, void *rules)
{
	if (json_object_get(rules, listed->name))
		return;
	const char *kind = kind_meaning(listed->kind), *class = full_meaning(listed);
	json_t *help_at = help_uri(listed),
	       *rule = json_pack(
	           "{s:s, s:o, s:o, s:o, s:o, s:{s:[s, s, s]}}", "id", listed->name, "name", rule_name(listed->name),
	           "shortDescription", sentence(kind, "", ""), "fullDescription", sentence(kind, ": ", class), "help",
	           message("docs/FINDINGS.md of ringtail says what the finding means, what to do, and when "
	                   "it can be wrong."),
	           "properties", "tags", "runtime", subject_of(listed->kind), listed->kind);

	if (help_at)
		json_object_set_new(rule, "helpUri", help_at);
	json_object_set_new(rules, listed->name, rule);
}

static json_t *driver(struct report *report)
{
	json_t *rules = json_object(), *array = json_array(), *rule;
	const char *name;

	report_each_finding(report, add_rule, rules);
	json_object_foreach(rules, name, rule) json_array_append(array, rule);
	json_decref(rules);
	return json_pack("{s:s, s:s, s:s, s:o}", "name", "ringtail", "version", RINGTAIL_VERSION, "semanticVersion",
	                 RINGTAIL_VERSION, "rules", array);
}

/* What was not seen, once for each reason: a run without results may have some there. */
static json_t *notifications(struct report *report)
{
	static const char sql[] =
	    "SELECT 'not seen: ' || what || ': ' || why || coalesce(' (' || module || ')', '') FROM unwatched"
	    " WHERE what <> 'start' GROUP BY 1 UNION SELECT 'not looked for: data races: ' || why FROM race_search"
	    " WHERE NOT done ORDER BY 1";
	sqlite3_stmt *row = query_rows(&report->query, sql, 0);
	json_t *list = json_array();

	while (query_next(&report->query, row))
		json_array_append_new(list, json_pack("{s:s, s:{s:o}}", "level", "warning", "message", "text",
		                                      json_text(query_text(row, 0))));
	sqlite3_finalize(row);
	return list;
}

static json_t *invocations(struct report *report)
{
	struct run run = run_load(&report->query);
	json_t *words = run.command ? json_loads(run.command, 0, NULL) : NULL, *object = json_object();

	if (json_is_array(words))
		json_object_set(object, "arguments", words);
	json_decref(words);
	if (run.started)
		json_object_set_new(object, "startTimeUtc", json_text(run.started));
	json_object_set_new(object, "executionSuccessful", json_true());
	json_object_set_new(object, "toolExecutionNotifications", notifications(report));
	run_free(&run);
	return json_pack("[o]", object);
}

static json_t *bases(void)
{
	char *text = uri("file://", finding_root(), "/");
	json_t *object = json_pack("{s:{s:o, s:o}}", ROOT, "uri", json_text(text), "description",
	                           message("The root of the repository."));

	free(text);
	return object;
}

bool render_sarif(struct report *report)
{
	struct results results = {.list = {.report = report}, .ids = json_object()};

	fputs("{\"$schema\": \"" SCHEMA "\",\n\"version\": \"2.1.0\",\n\"runs\": [{\n", report->out);
	json_print_member(report, "", "tool", json_pack("{s:o}", "driver", driver(report)));
	json_print_member(report, ",\n", "invocations", invocations(report));
	json_print_member(report, ",\n", "originalUriBaseIds", bases());
	fputs(",\n\"columnKind\": \"unicodeCodePoints\",\n\"results\": [", report->out);
	report_each_finding(report, print_result, &results);
	json_decref(results.ids);
	fputs("\n]}]}\n", report->out);
	return !report->query.failed;
}
