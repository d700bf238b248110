#include <errno.h>
#include <string.h>

#include "tools/diff/diff.h"
#include "tools/base/format.h"
#include "tools/report/json.h"

static json_t *json_amount(const struct diff_amount *amount)
{
	return json_pack("{s:I, s:I}", "blocks", (json_int_t)amount->blocks, "bytes", (json_int_t)amount->bytes);
}

/* Sets "old", "new" and the difference. */
static void set_amounts(json_t *object, const struct diff_amount amounts[2])
{
	json_object_set_new(object, "old", json_amount(&amounts[DIFF_OLD]));
	json_object_set_new(object, "new", json_amount(&amounts[DIFF_NEW]));
	json_object_set_new(object, "blocks",
	                    json_integer(diff_growth(amounts[DIFF_OLD].blocks, amounts[DIFF_NEW].blocks)));
	json_object_set_new(object, "bytes",
	                    json_integer(diff_growth(amounts[DIFF_OLD].bytes, amounts[DIFF_NEW].bytes)));
}

/* ---- what is compared -------------------------------------------------------------------------- */

static json_t *json_side(struct report *report)
{
	json_t *object = json_object(), *processes = json_array();
	sqlite3_stmt *rows = process_query(&report->query);
	struct process process;

	while (process_next(&report->query, rows, &process))
		json_array_append_new(processes, json_pack("{s:I, s:o, s:o, s:f}", "pid", (json_int_t)process.pid,
		                                           "exe", json_text(process.exe), "end",
		                                           json_text(process.end_how), "at", process.seconds));
	sqlite3_finalize(rows);
	json_object_set_new(object, "path", json_text(report->query.directory));
	json_object_set_new(object, "processes", processes);
	return object;
}

/* ---- sites --------------------------------------------------------------------------------------- */

static json_t *json_site(const struct diff_report *compared, const struct diff_site *site)
{
	static const char *const changes[DIFF_CHANGES] = {[DIFF_APPEARED] = "new",
	                                                  [DIFF_GREW] = "grown",
	                                                  [DIFF_SAME] = "same",
	                                                  [DIFF_SHRANK] = "shrunk",
	                                                  [DIFF_GONE] = "gone"};
	json_t *object = json_object();

	json_object_set_new(object, "change", json_string(changes[site->change]));
	json_object_set_new(object, "exe", json_text(site->exe));
	set_amounts(object, site->amounts);
	json_object_set_new(object, "stack",
	                    json_stack(compared->sides[site->place.side], site->place.process, site->place.row));
	return object;
}

static json_t *json_sites(const struct diff_report *compared)
{
	const struct diff *diff = compared->diff;
	unsigned limit = compared->sides[DIFF_NEW]->limit;
	json_t *array = json_array();

	for (size_t i = 0; i < diff->site_count && (!limit || i < limit); i++)
		json_array_append_new(array, json_site(compared, &diff->sites[i]));
	return array;
}

static json_t *json_totals(const struct diff *diff)
{
	static const char *const measures[] = {
	    [DIFF_BY_LIVE] = "live", [DIFF_BY_PEAK] = "peak", [DIFF_BY_ALLOCATED] = "allocated"};
	json_t *object = json_object();

	json_object_set_new(object, "by", json_string(measures[diff->by]));
	set_amounts(object, diff->totals);
	json_object_set_new(
	    object, "sites",
	    json_pack("{s:I, s:I, s:I, s:I, s:I}", "new", (json_int_t)diff->changes[DIFF_APPEARED], "grown",
	              (json_int_t)diff->changes[DIFF_GREW], "shrunk", (json_int_t)diff->changes[DIFF_SHRANK], "gone",
	              (json_int_t)diff->changes[DIFF_GONE], "same", (json_int_t)diff->changes[DIFF_SAME]));
	return object;
}

/* ---- findings ------------------------------------------------------------------------------------- */

/* A FINDING of the new run, or, if it is gone, of the old one. */
static json_t *json_changed(const struct diff_report *compared, const struct diff_finding *finding)
{
	json_t *change = json_object(), *object = json_object();
	const char *word = finding->change == DIFF_APPEARED ? "new" : finding->change == DIFF_GONE ? "fixed" : "still";

	set_amounts(change, finding->amounts);
	json_object_set_new(object, "change", json_string(word));
	json_object_set_new(object, "old", json_incref(json_object_get(change, "old")));
	json_object_set_new(object, "new", json_incref(json_object_get(change, "new")));
	json_object_set_new(
	    object, "finding",
	    json_finding(compared->sides[finding->place.side], finding->place.process, finding->place.row));
	json_decref(change);
	return object;
}

static json_t *json_changes(const struct diff_report *compared)
{
	json_t *array = json_array();

	for (size_t i = 0; i < compared->diff->finding_count; i++)
		json_array_append_new(array, json_changed(compared, &compared->diff->findings[i]));
	return array;
}

bool report_diff_json(const struct diff_report *compared)
{
	struct report *out = compared->sides[DIFF_NEW];
	json_t *root = json_object();

	json_object_set_new(root, "ringtail", json_tool(out));
	json_object_set_new(root, "old", json_side(compared->sides[DIFF_OLD]));
	json_object_set_new(root, "new", json_side(out));
	json_object_set_new(root, "totals", json_totals(compared->diff));
	json_object_set_new(root, "sites", json_sites(compared));
	json_object_set_new(root, "findings", json_changes(compared));
	if (json_dumpf(root, out->out, JSON_REAL_PRECISION(12) | JSON_INDENT(1)) && !out->query.failed)
		out->query.failed =
		    !error_set(out->query.err, EXIT_INTERNAL, "cannot write the report: %s", strerror(errno));
	fputc('\n', out->out);
	json_decref(root);
	return !compared->sides[DIFF_OLD]->query.failed && !out->query.failed;
}
