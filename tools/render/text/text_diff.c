#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/diff/diff.h"
#include "tools/base/format.h"
#include "tools/base/memory.h"
#include "tools/base/u64_map.h"
#include "tools/query/where.h"
#include "tools/render/text/text.h"

static const char *const site_changes[DIFF_CHANGES] = {[DIFF_APPEARED] = "new",
                                                       [DIFF_GREW] = "grown",
                                                       [DIFF_SAME] = "same",
                                                       [DIFF_SHRANK] = "shrunk",
                                                       [DIFF_GONE] = "gone"};

static const struct {
	const char *title, *blocks;
} measures[] = {
    [DIFF_BY_LIVE] = {"LIVE", "blocks"},
    [DIFF_BY_PEAK] = {"AT THE PEAK", "blocks"},
    [DIFF_BY_ALLOCATED] = {"ALLOCATED", "calls"},
};

/* "+1.5 KiB" */
static struct label signed_bytes(int64_t bytes)
{
	struct label label;
	uint64_t size = bytes < 0 ? -(uint64_t)bytes : (uint64_t)bytes;

	snprintf(label.text, sizeof(label.text), "%s%.40s", bytes < 0 ? "-" : bytes ? "+" : "", human_bytes(size).text);
	return label;
}

static struct label signed_count(int64_t count)
{
	struct label label;
	uint64_t size = count < 0 ? -(uint64_t)count : (uint64_t)count;

	snprintf(label.text, sizeof(label.text), "%s%.40s", count < 0 ? "-" : count ? "+" : "", human_count(size).text);
	return label;
}

/* ---- what is compared ------------------------------------------------------------------------ */

static void print_side(struct report *out, struct report *side, const char *name)
{
	int64_t processes = query_number(&side->query, "SELECT count(*) FROM process", 0, 0);
	sqlite3_stmt *rows = process_query(&side->query);
	struct process process;
	char end[160];

	if (processes == 1 && process_next(&side->query, rows, &process)) {
		if (!strcmp(process.end_how, "running"))
			snprintf(end, sizeof end, "running for %s so far", human_seconds(process.seconds).text);
		else
			text_end(&process, end, sizeof end);
		page_field(out, name, "%s: %s (pid %lld), %s", side->query.directory,
		           process.exe ? base_name(process.exe) : "?", (long long)process.pid, end);
	} else {
		page_field(out, name, "%s: %s processes", side->query.directory, human_count((uint64_t)processes).text);
	}
	sqlite3_finalize(rows);
}

/* ---- sites -------------------------------------------------------------------------------------- */

static void print_total(struct report *out, const char *name, const struct diff_amount *amount, const char *blocks)
{
	page_field(out, name, "%s in %s %s", human_bytes(amount->bytes).text, human_count(amount->blocks).text, blocks);
}

static void print_counts(struct report *out, const struct diff *diff)
{
	page_field(out, "sites", "%s new, %s grown, %s shrunk, %s gone, %s the same",
	           human_count(diff->changes[DIFF_APPEARED]).text, human_count(diff->changes[DIFF_GREW]).text,
	           human_count(diff->changes[DIFF_SHRANK]).text, human_count(diff->changes[DIFF_GONE]).text,
	           human_count(diff->changes[DIFF_SAME]).text);
}

static enum paint paint_of(enum diff_change change)
{
	return change == DIFF_APPEARED || change == DIFF_GREW ? PAINT_WARN : PAINT_GOOD;
}

/* Sites of one place that changed alike; of one site alone, stacks is 1. */
struct site_row {
	struct diff_site site; /* the site that changed most, with the amounts of all */
	int64_t most;          /* by how many bytes that site changed */
	size_t stacks;
};

struct site_rows {
	struct site_row *items;
	size_t count, room;
};

static int64_t growth_of(const struct diff_site *site)
{
	return diff_growth(site->amounts[DIFF_OLD].bytes, site->amounts[DIFF_NEW].bytes);
}

/* What is the same for sites that are one row. */
static uint64_t row_key(const struct diff_report *compared, const struct diff_site *site)
{
	struct query *query = &compared->sides[site->place.side]->query;

	frames_expect(query, site->place.process, compared->diff->site_count);
	return u64_mix(where_number(query, site->place.process, site->place.row) ^ diff_hash(site->exe)) +
	       (uint64_t)site->change;
}

static void add_site(struct site_row *row, const struct diff_site *site)
{
	if (llabs(growth_of(site)) > llabs(row->most)) {
		row->most = growth_of(site);
		row->site.place = site->place;
	}
	for (unsigned side = 0; side < 2; side++) {
		row->site.amounts[side].bytes += site->amounts[side].bytes;
		row->site.amounts[side].blocks += site->amounts[side].blocks;
	}
	row->stacks++;
}

static int by_growth(const void *left, const void *right)
{
	const struct site_row *a = left, *b = right;

	return diff_by_growth(&a->site, &b->site);
}

static struct site_rows rows_of(const struct diff_report *compared)
{
	const struct diff *diff = compared->diff;
	struct u64_map by_key = {0}; /* index + 1 */
	struct site_rows rows = {0};

	for (size_t i = 0; i < diff->site_count; i++) {
		const struct diff_site *site = &diff->sites[i];
		uint64_t key = row_key(compared, site), found = u64_map_get(&by_key, key);

		if (found) {
			add_site(&rows.items[found - 1], site);
			continue;
		}
		GROW(rows.items, rows.room, rows.count + 1);
		rows.items[rows.count++] = (struct site_row){.site = *site, .most = growth_of(site), .stacks = 1};
		u64_map_put(&by_key, key, rows.count);
	}
	u64_map_free(&by_key);
	if (rows.count)
		qsort(rows.items, rows.count, sizeof *rows.items, by_growth);
	return rows;
}

static void print_site(struct report *out, const struct diff_report *compared, const struct site_row *row)
{
	const struct diff_site *site = &row->site;
	struct report *report = compared->sides[site->place.side];
	const struct diff_amount *before = &site->amounts[DIFF_OLD], *after = &site->amounts[DIFF_NEW];
	char stacks[64] = "";

	if (row->stacks > 1)
		snprintf(stacks, sizeof stacks, "  %s stacks", human_count(row->stacks).text);
	page_print(out, "  %9s %10s %8s %8s  ", signed_bytes(diff_growth(before->bytes, after->bytes)).text,
	           signed_count(diff_growth(before->blocks, after->blocks)).text, human_bytes(before->bytes).text,
	           human_bytes(after->bytes).text);
	page_paint(out, paint_of(site->change), "%-6s ", site_changes[site->change]);
	page_place(report, site->place.process, site->place.row, out->width - 49 - (unsigned)strlen(stacks));
	page_paint(out, PAINT_DIM, "%s", stacks);
	page_print(out, "\n");
	if (site->change != DIFF_APPEARED && site->change != DIFF_GREW)
		return;
	if (row->stacks > 1)
		page_paint(out, PAINT_DIM, "%10s%s in the stack that grew most (--format json has all):\n", "",
		           signed_bytes(row->most).text);
	page_stack_id(report, 12, site->place.process, site->place.row);
}

static void print_sites(struct report *out, const struct diff_report *compared)
{
	const struct diff *diff = compared->diff;
	const char *blocks = measures[diff->by].blocks;
	struct site_rows rows = rows_of(compared);
	size_t shown = out->limit && out->limit < rows.count ? out->limit : rows.count;

	page_heading(out, "%s: %s in %s %s", measures[diff->by].title,
	             signed_bytes(diff_growth(diff->totals[DIFF_OLD].bytes, diff->totals[DIFF_NEW].bytes)).text,
	             signed_count(diff_growth(diff->totals[DIFF_OLD].blocks, diff->totals[DIFF_NEW].blocks)).text,
	             blocks);
	print_total(out, "old", &diff->totals[DIFF_OLD], blocks);
	print_total(out, "new", &diff->totals[DIFF_NEW], blocks);
	print_counts(out, diff);
	if (shown)
		page_paint(out, PAINT_DIM, "\n  %9s %10s %8s %8s  %-6s where\n", "bytes", blocks, "old", "new", "");
	for (size_t i = 0; i < shown; i++)
		print_site(out, compared, &rows.items[i]);
	if (shown < rows.count)
		page_paint(out, PAINT_DIM, "  %zu more; --limit 0 shows all\n", rows.count - shown);
	free(rows.items);
}

/* ---- findings -------------------------------------------------------------------------------------- */

enum { NEW, FIXED, STILL, LISTS };

static unsigned list_of(const struct diff_finding *finding)
{
	return finding->change == DIFF_APPEARED ? NEW : finding->change == DIFF_GONE ? FIXED : STILL;
}

static void print_amounts(struct report *out, const struct diff_finding *finding)
{
	const struct diff_amount *before = &finding->amounts[DIFF_OLD], *after = &finding->amounts[DIFF_NEW];

	if (finding->change == DIFF_GONE)
		page_print(out, "  %s in %s %s", human_bytes(before->bytes).text, human_count(before->blocks).text,
		           plural(before->blocks, "block", "blocks"));
	else if (finding->change == DIFF_SAME)
		page_print(out, "  %s in %s %s, as before", human_bytes(after->bytes).text,
		           human_count(after->blocks).text, plural(after->blocks, "block", "blocks"));
	else
		page_print(out, "  %s in %s -> %s in %s", human_bytes(before->bytes).text,
		           human_count(before->blocks).text, human_bytes(after->bytes).text,
		           human_count(after->blocks).text);
}

/* 0 where there is none. */
static int64_t first_stack(struct report *report, const struct diff_place *place)
{
	/* The place of a deadlock is one where a thread waits. */
	static const char sql[] =
	    "SELECT stack FROM (SELECT wanted_stack AS stack, 0 AS part, ordinal FROM finding_edge"
	    " WHERE process = ?1 AND finding = ?2 AND pid IS NULL"
	    " UNION ALL SELECT stack, 1, ordinal FROM finding_stack"
	    " WHERE process = ?1 AND finding = ?2 AND pid IS NULL)"
	    " WHERE stack IS NOT NULL ORDER BY part, ordinal LIMIT 1";
	sqlite3_stmt *row = query_rows(&report->query, sql, 2, place->process, place->row);
	int64_t stack = query_next(&report->query, row) ? sqlite3_column_int64(row, 0) : 0;

	sqlite3_finalize(row);
	return stack;
}

static void print_line(struct report *out, const struct diff_report *compared, const struct diff_finding *finding)
{
	struct report *report = compared->sides[finding->place.side];
	int64_t stack = first_stack(report, &finding->place);

	page_print(out, "  ");
	page_paint(out, finding->change == DIFF_GONE ? PAINT_GOOD : PAINT_WARN, "%s%s%s", finding->kind,
	           finding->class ? ":" : "", finding->class ? finding->class : "");
	if (finding->amounts[DIFF_OLD].blocks)
		print_amounts(out, finding);
	page_paint(out, PAINT_DIM, "  [%s]\n", finding->id);
	if (!stack)
		return;
	page_print(out, "      ");
	page_place(report, finding->place.process, stack, out->width - 6);
	page_print(out, "\n");
}

static void print_finding(struct report *out, const struct diff_report *compared, const struct diff_finding *finding,
                          int64_t number)
{
	struct process process = {.id = finding->place.process};

	if (list_of(finding) == NEW)
		text_finding(compared->sides[DIFF_NEW], &process,
		             &(struct text_finding){.process = process.id, .ordinal = finding->place.row}, number);
	else
		print_line(out, compared, finding);
}

static void print_list(struct report *out, const struct diff_report *compared, unsigned list, const char *title)
{
	const struct diff *diff = compared->diff;
	int64_t number = 0, left_out = 0;

	for (size_t i = 0; i < diff->finding_count; i++) {
		if (list_of(&diff->findings[i]) != list)
			continue;
		if (out->limit && number >= out->limit) {
			left_out++;
			continue;
		}
		if (!number++) {
			page_print(out, "\n");
			page_paint(out, PAINT_TITLE, "  %s\n", title);
		}
		print_finding(out, compared, &diff->findings[i], number);
	}
	if (left_out)
		page_paint(out, PAINT_DIM, "  %lld more; --limit 0 shows all\n", (long long)left_out);
}

static void print_findings(struct report *out, const struct diff_report *compared)
{
	const struct diff *diff = compared->diff;
	size_t counts[LISTS] = {0};

	for (size_t i = 0; i < diff->finding_count; i++)
		counts[list_of(&diff->findings[i])]++;
	page_heading(out, "FINDINGS: %zu new, %zu fixed, %zu still there", counts[NEW], counts[FIXED], counts[STILL]);
	print_list(out, compared, NEW, "new");
	print_list(out, compared, FIXED, "fixed");
	print_list(out, compared, STILL, "still there");
}

bool render_diff_text(const struct diff_report *compared)
{
	struct report *out = compared->sides[DIFF_NEW];

	print_side(out, compared->sides[DIFF_OLD], "old");
	print_side(out, out, "new");
	if (!out->query.only)
		print_sites(out, compared);
	print_findings(out, compared);
	return !compared->sides[DIFF_OLD]->query.failed && !out->query.failed;
}
