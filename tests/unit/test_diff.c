/* Two stored runs compared: sites by the names in their stacks, findings by their ids. */
#include <criterion/criterion.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "tests/harness/stored_run.h"
#include "tools/render/render.h"
#include "tools/diff/diff.h"

struct two {
	struct stored_run runs[2];
	struct report reports[2];
	struct diff diff;
	char *text;
	size_t size;
};

static void begin(struct two *two)
{
	memset(two, 0, sizeof(*two));
	for (int i = 0; i < 2; i++)
		stored_run_make(&two->runs[i]);
}

static void allocate(struct stored_run *run, uint32_t stack, unsigned blocks, uint64_t size)
{
	for (unsigned i = 0; i < blocks; i++)
		stored_run_alloc(run, 1, stack, 0x100000 * (uint64_t)(stack + 1) + i * 1024, size);
}

static void compare(struct two *two, enum diff_by by, unsigned limit)
{
	FILE *out = open_memstream(&two->text, &two->size);

	for (int i = 0; i < 2; i++) {
		struct stored_run *run = &two->runs[i];

		stored_run_finish(run, (struct process_end){.how = END_EXIT});
		cr_assert(stored_run_store(run, true), "%s", run->err.text);
		cr_assert(suppress_apply(&run->suppress, run->store.db, &run->err), "%s", run->err.text);
		run->suppress_applied = true;
		two->reports[i] = (struct report){
		    .query = {.db = run->store.db,
		              .directory = run->directory,
		              .err = &run->err,
		              .only = "leak,thread-leak"}, /* information too */
		    .out = out,
		    .limit = limit,
		    .width = 100,
		};
	}
	cr_assert(diff_make(&two->diff, &two->reports[DIFF_OLD].query, &two->reports[DIFF_NEW].query, by));
}

static void render(struct two *two, bool (*how)(const struct diff_report *))
{
	cr_expect(how(&(struct diff_report){&two->diff, {&two->reports[DIFF_OLD], &two->reports[DIFF_NEW]}}));
	fflush(two->reports[DIFF_NEW].out);
}

static void end(struct two *two)
{
	fclose(two->reports[DIFF_NEW].out);
	free(two->text);
	diff_free(&two->diff);
	for (int i = 0; i < 2; i++) {
		query_close(&two->reports[i].query);
		stored_run_remove(&two->runs[i]);
	}
}

/* One site that grows, one that shrinks, one that goes, one that comes, one that stays.  In the other run the stacks
 * have other ids. */
static void change_everything(struct two *two)
{
	struct stored_run *before = &two->runs[DIFF_OLD], *after = &two->runs[DIFF_NEW];

	allocate(before, stored_run_stack(before, 2, place_allocate, place_start), 10, 100);
	allocate(before, stored_run_stack(before, 2, place_work, place_start), 4, 1000);
	allocate(before, stored_run_stack(before, 1, place_start), 3, 50);
	allocate(before, stored_run_stack(before, 1, place_work), 2, 7);
	allocate(after, stored_run_stack(after, 1, place_work), 2, 7);
	allocate(after, stored_run_stack(after, 3, place_allocate, place_work, place_start), 1, 100);
	allocate(after, stored_run_stack(after, 2, place_work, place_start), 1, 1000);
	allocate(after, stored_run_stack(after, 2, place_allocate, place_start), 30, 100);
}

Test(diff, sites_are_matched_by_names)
{
	struct two two;

	begin(&two);
	change_everything(&two);
	compare(&two, DIFF_BY_LIVE, 0);
	cr_assert_eq(two.diff.site_count, 4, "%zu sites", two.diff.site_count);
	cr_expect_eq(two.diff.sites[0].change, DIFF_GREW);
	cr_expect_eq(two.diff.sites[0].amounts[DIFF_OLD].blocks, 10);
	cr_expect_eq(two.diff.sites[0].amounts[DIFF_NEW].bytes, 3000);
	cr_expect_eq(two.diff.sites[1].change, DIFF_APPEARED);
	cr_expect_eq(two.diff.sites[1].amounts[DIFF_NEW].bytes, 100);
	cr_expect_eq(two.diff.sites[2].change, DIFF_GONE);
	cr_expect_eq(two.diff.sites[3].change, DIFF_SHRANK);
	cr_expect_eq(two.diff.changes[DIFF_SAME], 1);
	cr_expect_eq(two.diff.totals[DIFF_OLD].bytes, 5164);
	cr_expect_eq(two.diff.totals[DIFF_NEW].blocks, 34);
	end(&two);
}

Test(diff, a_run_and_itself_differ_in_nothing)
{
	struct two two;

	begin(&two);
	for (int i = 0; i < 2; i++)
		allocate(&two.runs[i], stored_run_stack(&two.runs[i], 2, place_allocate, place_start), 5, 10);
	compare(&two, DIFF_BY_LIVE, 0);
	cr_expect_eq(two.diff.site_count, 0);
	cr_assert_eq(two.diff.finding_count, 2, "a leak, and the thread");
	cr_expect_eq(two.diff.findings[0].change, DIFF_SAME);
	cr_expect_eq(two.diff.findings[1].change, DIFF_SAME);
	end(&two);
}

/* Memory that was freed again is compared by allocated bytes, or by bytes at the peak. */
static void expect_by(enum diff_by by, uint64_t before, uint64_t after)
{
	struct two two;

	begin(&two);
	for (unsigned i = 0; i < 2; i++) {
		uint32_t stack = stored_run_stack(&two.runs[i], 2, place_allocate, place_start);

		for (unsigned k = 0; k < 3 + 2 * i; k++) {
			stored_run_alloc(&two.runs[i], 1, stack, 0x1000, 64 << i);
			stored_run_free(&two.runs[i], 1, stack, 0x1000);
		}
	}
	compare(&two, by, 0);
	cr_assert_eq(two.diff.site_count, before == after ? 0 : 1);
	if (before != after) {
		cr_expect_eq(two.diff.sites[0].amounts[DIFF_OLD].bytes, before);
		cr_expect_eq(two.diff.sites[0].amounts[DIFF_NEW].bytes, after);
	}
	end(&two);
}

Test(diff, by_live) { expect_by(DIFF_BY_LIVE, 0, 0); }
Test(diff, by_peak) { expect_by(DIFF_BY_PEAK, 64, 128); }
Test(diff, by_allocated) { expect_by(DIFF_BY_ALLOCATED, 192, 640); }

Test(diff, findings_are_matched_by_id)
{
	struct two two;

	begin(&two);
	change_everything(&two);
	compare(&two, DIFF_BY_LIVE, 0);
	cr_assert_eq(two.diff.finding_count, 6, "%zu findings", two.diff.finding_count);
	cr_expect_eq(two.diff.findings[0].change, DIFF_APPEARED);
	cr_expect_eq(two.diff.findings[1].change, DIFF_GONE);
	cr_expect_eq(two.diff.findings[2].change, DIFF_GREW, "worst first");
	cr_expect_eq(two.diff.findings[3].change, DIFF_SHRANK);
	cr_expect_eq(two.diff.findings[4].change, DIFF_SAME);
	cr_expect_str_eq(two.diff.findings[5].kind, "thread-leak");
	end(&two);
}

Test(diff, text_shows_growth_first)
{
	struct two two;
	const char *grown, *fresh;

	begin(&two);
	change_everything(&two);
	compare(&two, DIFF_BY_LIVE, 0);
	two.reports[DIFF_NEW].query.only = NULL; /* with it, findings alone are shown */
	render(&two, render_diff_text);
	grown = strstr(two.text, "+2.0 KiB");
	fresh = strstr(two.text, "+100 B");
	cr_expect(grown && fresh && grown < fresh, "%s", two.text);
	cr_expect(strstr(two.text, "1 new, 1 grown, 1 shrunk, 1 gone, 1 the same"), "%s", two.text);
	cr_expect(strstr(two.text, "FINDINGS: 1 new, 1 fixed, 4 still there"), "%s", two.text);
	cr_expect(strstr(two.text, "place_allocate"), "%s", two.text);
	end(&two);
}

Test(diff, limit_leaves_the_rest_out)
{
	struct two two;

	begin(&two);
	change_everything(&two);
	compare(&two, DIFF_BY_LIVE, 1);
	render(&two, render_diff_text);
	cr_expect(strstr(two.text, "  3 more; --limit 0 shows all"), "%s", two.text);
	cr_expect(!strstr(two.text, "+100 B"), "%s", two.text);
	end(&two);
}

Test(diff, only_is_for_findings)
{
	struct two two;

	begin(&two);
	change_everything(&two);
	two.reports[DIFF_OLD].query.only = two.reports[DIFF_NEW].query.only = NULL;
	compare(&two, DIFF_BY_LIVE, 0);
	diff_free(&two.diff);
	two.reports[DIFF_OLD].query.only = two.reports[DIFF_NEW].query.only = "deadlock";
	cr_assert(diff_make(&two.diff, &two.reports[DIFF_OLD].query, &two.reports[DIFF_NEW].query, DIFF_BY_LIVE));
	render(&two, render_diff_text);
	cr_expect(strstr(two.text, "FINDINGS: 0 new, 0 fixed, 0 still there"), "%s", two.text);
	cr_expect(!strstr(two.text, "grown"), "%s", two.text);
	end(&two);
}

Test(diff, json_has_it_all)
{
	struct two two;
	json_t *root;

	begin(&two);
	change_everything(&two);
	compare(&two, DIFF_BY_LIVE, 0);
	render(&two, report_diff_json);
	root = json_loads(two.text, 0, NULL);
	cr_assert(root, "%s", two.text);
	cr_expect_eq(json_array_size(json_object_get(root, "sites")), 4);
	cr_expect_eq(json_array_size(json_object_get(root, "findings")), 6);
	json_t *site = json_array_get(json_object_get(root, "sites"), 3);
	cr_expect_str_eq(json_string_value(json_object_get(site, "change")), "shrunk");
	cr_expect_eq(json_integer_value(json_object_get(site, "bytes")), -3000);
	cr_expect_gt(json_array_size(json_object_get(site, "stack")), 0);
	json_t *finding = json_array_get(json_object_get(root, "findings"), 1);
	cr_expect_str_eq(json_string_value(json_object_get(finding, "change")), "fixed");
	cr_expect_str_eq(json_string_value(json_object_get(json_object_get(finding, "finding"), "kind")), "leak");
	json_decref(root);
	end(&two);
}
