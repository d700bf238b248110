/* The findings of a report, one line for each place: what to repair first. */
#include "tools/render/text/text.h"

#include <stdlib.h>
#include <string.h>

#include "tools/base/compare.h"
#include "tools/base/fnv.h"
#include "tools/base/format.h"
#include "tools/base/memory.h"
#include "tools/base/u64_map.h"
#include "tools/finding/kinds.h"
#include "tools/query/where.h"
#include "tools/render/text/text_nameless.h"

#define PLACES_MOST  2u  /* of a deadlock of more threads */
#define PLACE_LEAST  24u /* columns */
#define RUNS_WIDTH   40  /* of what a thread runs */
#define COURSE_WORST "growing"

/* Findings of one kind at one place are one line, unless all are to be shown. */
struct line {
	struct text_finding first; /* the worst of them, which is the first */
	size_t found;              /* in this order */
	unsigned rank;
	bool is_fault; /* certainly */
	uint64_t processes, of;
	uint64_t bytes, blocks; /* with all that was lost with them */
	uint64_t times;
	double seconds;
	enum paint paint;
	char *kind, *place;
	const char *nameless; /* path of the module that the place is in, if its function has no name; else NULL */
	bool by_wrapper;      /* the place begins with an allocator wrapper: "xmalloc < parse" */
	char course[12];      /* of a leak: "once", "growing", or "" */
};

struct overview {
	struct report *report;
	struct line *lines;
	struct u64_map by_place; /* by line_key: the index of a line + 1 */
	size_t count, room;
	uint64_t findings, faults, usual, once;
};

/* ---- where -------------------------------------------------------------------------------------- */

/* Of a deadlock, where its threads wait; of a race, both sides; of a misuse the call that is wrong, which is the last
 * one; of all others the first stack. */
static const char places_sql[] =
    "SELECT wanted_stack, 0 AS part, ordinal AS place, " EDGE_HOME " FROM finding_edge"
    " WHERE process = ?1 AND finding = ?2"
    " UNION ALL SELECT stack, 1, iif(?3, -coalesce(at, 0), ordinal), " STACK_HOME " FROM finding_stack"
    " WHERE process = ?1 AND finding = ?2 AND stack IS NOT NULL ORDER BY part, place";

/* "serve, made by start_worker (pool.c:12)": what a leaked thread runs says more than where it was made. */
static void write_runs(struct report *report, const struct text_finding *finding, FILE *out)
{
	static const char sql[] = "SELECT runs_pc, runs_ordinal FROM thread t JOIN finding_thread f"
	                          " ON f.process = t.process AND f.thread = t.id"
	                          " WHERE f.process = ? AND f.finding = ? ORDER BY f.thread LIMIT 1";
	sqlite3_stmt *row = query_rows(&report->query, sql, 2, finding->process, finding->ordinal);
	struct process process = {.id = finding->process};
	char runs[RUNS_WIDTH + 1];

	if (query_next(&report->query, row) && text_runs(report, &process, row, 0, runs, sizeof(runs)))
		fprintf(out, "%s, made by ", runs);
	sqlite3_finalize(row);
}

/* What the line's first place is like. */
static void note_place(struct report *report, struct line *line, int64_t process, int64_t stack)
{
	struct where where = where_of_stack(&report->query, process, stack);

	line->by_wrapper = where.wrapper != NULL;
	line->nameless = where.frame && !where.frame->function ? where.frame->module : NULL;
}

static bool line_is(const struct line *line, const char *kind) { return !strncmp(line->kind, kind, strlen(kind)); }

/* The stacks that name the finding: of two threads where two did it together.  The number of them in *all, of which
 * places gets PLACES_MOST. */
static unsigned load_places(struct report *report, const struct line *line, struct page_stack_at *places, unsigned *all)
{
	bool both_sides = line_is(line, KIND_NAME_RACE);
	sqlite3_stmt *row = query_rows(&report->query, places_sql, 3, line->first.process, line->first.ordinal,
	                               (int64_t)line_is(line, KIND_NAME_MISUSE));

	for (*all = 0; query_next(&report->query, row); ++*all) {
		bool of_thread = !sqlite3_column_int(row, 1);

		if (!of_thread && *all >= (both_sides ? PLACES_MOST : 1))
			break;
		if (*all < PLACES_MOST)
			places[*all] =
			    (struct page_stack_at){sqlite3_column_int64(row, 3), sqlite3_column_int64(row, 0)};
	}
	sqlite3_finalize(row);
	return *all < PLACES_MOST ? *all : PLACES_MOST;
}

/* Writes the places in at most width columns. */
static void write_places(struct report *report, struct line *line, unsigned width, FILE *out)
{
	struct page_stack_at places[PLACES_MOST];
	unsigned all, count = load_places(report, line, places, &all);
	char *both = all == 2 ? page_two_places_text(report, places, width) : NULL;

	if (count)
		note_place(report, line, places[0].process, places[0].stack);
	if (both)
		fputs(both, out);
	for (unsigned i = 0; !both && i < count; i++) {
		char *place = page_place_text(report, places[i].process, places[i].stack,
		                              count > 1 ? (width - 2) / PLACES_MOST : width);

		fprintf(out, "%s%s", i ? ", " : "", place ? place : "?");
		free(place);
	}
	free(both);
}

/* The place in at most width columns, if that is possible; malloced. */
static char *place_of(struct report *report, struct line *line, unsigned width)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	if (!strncmp(line->kind, KIND_NAME_THREAD_LEAK, strlen(KIND_NAME_THREAD_LEAK)))
		write_runs(report, &line->first, out);
	fflush(out);
	write_places(report, line, width > size + PLACE_LEAST ? width - (unsigned)size : PLACE_LEAST, out);
	fclose(out);
	return text;
}

/* ---- lines -------------------------------------------------------------------------------------- */

/* The same for findings that are one line: of one kind, at one place, in as many processes. */
static uint64_t line_key(const struct line *line)
{
	uint64_t hash = fnv_text(FNV_START, line->kind);

	return u64_mix(fnv_bytes(hash, line->place, strlen(line->place)) + line->processes);
}

static void free_line(struct line *line)
{
	free(line->kind);
	free(line->place);
}

/* Another line becomes a part of this one. */
static void join(struct line *line, const struct line *other)
{
	line->first.alike += other->first.alike;
	line->bytes += other->bytes;
	line->blocks += other->blocks;
	line->times += other->times;
	line->seconds += other->seconds;
	line->by_wrapper |= other->by_wrapper;
	if (!strcmp(other->course, COURSE_WORST))
		strcpy(line->course, COURSE_WORST);
	else if (strcmp(line->course, other->course) != 0 && strcmp(line->course, COURSE_WORST) != 0)
		*line->course = '\0';
}

static void add_line(struct overview *overview, struct line *line)
{
	line->place = place_of(overview->report, line, PAGE_UNLIMITED);
	bool may_join = overview->report->limit && line->place;
	uint64_t key = may_join ? line_key(line) : 0, found = may_join ? u64_map_get(&overview->by_place, key) : 0;
	if (!found) {
		GROW(overview->lines, overview->room, overview->count + 1);
		overview->lines[overview->count++] = *line;
		if (may_join)
			u64_map_put(&overview->by_place, key, overview->count);
		return;
	}
	join(&overview->lines[found - 1], line);
	free_line(line);
}

/* The same for lines whose places are in one file that has no names. */
static uint64_t file_key(const struct line *line)
{
	const char *exe = line->first.merged && line->first.merged->exe ? line->first.merged->exe : "";
	uint64_t hash = fnv_text(FNV_START, line->kind);

	hash = fnv_text(hash, exe);
	return u64_mix(fnv_bytes(hash, line->nameless, strlen(line->nameless)) + line->processes);
}

/* Addresses say little to a reader: the leaks of all places in one file that has no names become one line. */
static void fold_nameless(struct overview *overview)
{
	struct u64_map by_file = {0};
	size_t kept = 0;

	for (size_t i = 0; i < overview->count; i++) {
		struct line *line = &overview->lines[i];
		uint64_t key = line->nameless && line->blocks ? file_key(line) : 0,
		         found = key ? u64_map_get(&by_file, key) : 0;

		if (found) {
			join(&overview->lines[found - 1], line);
			overview->lines[found - 1].first.places++;
			free_line(line);
			continue;
		}
		overview->lines[kept++] = *line;
		if (key)
			u64_map_put(&by_file, key, kept);
	}
	overview->count = kept;
	u64_map_free(&by_file);
}

/* The row of a finding: kind, class, information, blocks, bytes, times, seconds, course. */
/* True for what healthy programs have, too: threads that end with the process. */
static bool is_usual(struct finding_weight weight)
{
	return class_is(weight.kind, weight.class, FINDING_THREAD_LEAK_BLOCKED) ||
	       class_is(weight.kind, weight.class, FINDING_THREAD_LEAK_RUNNING);
}

static struct line line_of_row(struct overview *overview, sqlite3_stmt *row)
{
	struct finding_weight weight = {query_text(row, 0), query_text_or_null(row, 1), sqlite3_column_int(row, 2)};
	struct line line = {.first = {.alike = 1, .places = 1},
	                    .found = overview->findings,
	                    .rank = kind_rank(weight.kind, weight.class),
	                    .processes = 1,
	                    .of = 1,
	                    .paint = text_paint(weight.kind, weight.class),
	                    .blocks = (uint64_t)sqlite3_column_int64(row, 3),
	                    .bytes = (uint64_t)sqlite3_column_int64(row, 4),
	                    .times = (uint64_t)sqlite3_column_int64(row, 5),
	                    .seconds = sqlite3_column_double(row, 6)};

	snprintf(line.course, sizeof line.course, "%s", query_text_or_null(row, 7) ? query_text(row, 7) : "");
	overview->findings++;
	overview->once += !strcmp(line.course, "once");
	overview->usual += is_usual(weight);
	line.is_fault = query_fails(&overview->report->query, weight);
	overview->faults += line.is_fault;
	if (asprintf(&line.kind, "%s%s%s", weight.kind, weight.class ? ":" : "", weight.class ? weight.class : "") < 0)
		line.kind = NULL;
	return line;
}

#define LINE_COLUMNS "kind, class, information, blocks + kept_blocks, bytes + kept_bytes, times, seconds"

static void load_process(struct overview *overview, const struct process *process)
{
	static const char sql[] = "SELECT " LINE_COLUMNS ", course, ordinal FROM finding"
	                          " WHERE process = ? AND NOT suppressed ORDER BY ordinal";
	struct query *query = &overview->report->query;
	sqlite3_stmt *row = query_rows(query, sql, 1, process->id);

	while (query_next(query, row)) {
		struct finding_weight weight = {query_text(row, 0), query_text_or_null(row, 1),
		                                sqlite3_column_int(row, 2)};

		if (!query_shows(query, weight))
			continue;
		struct line line = line_of_row(overview, row);

		line.first.process = process->id;
		line.first.ordinal = sqlite3_column_int64(row, 8);
		if (line.kind)
			add_line(overview, &line);
	}
	sqlite3_finalize(row);
}

/* What the findings of all processes have in common; what grows in one of them grows. */
#define COURSE_OF_ALL                                                                                                  \
	"(SELECT iif(sum(g.course IS '" COURSE_WORST "'), '" COURSE_WORST                                              \
	"', iif(count(*) = sum(g.course IS f.course),"                                                                 \
	" f.course, NULL)) FROM finding g WHERE g.id = f.id AND NOT g.suppressed)"

static void load_merged(struct overview *overview, const struct merged_finding *merged)
{
	static const char sql[] =
	    "SELECT " LINE_COLUMNS ", " COURSE_OF_ALL " FROM finding f WHERE process = ? AND ordinal = ?";
	struct query *query = &overview->report->query;
	sqlite3_stmt *row = query_rows(query, sql, 2, merged->process, merged->ordinal);

	if (query_next(query, row)) {
		struct line line = line_of_row(overview, row);

		line.first.process = merged->process;
		line.first.ordinal = merged->ordinal;
		line.first.merged = merged;
		line.processes = merged->processes;
		line.of = merged->of;
		line.blocks = merged->blocks + merged->kept_blocks;
		line.bytes = merged->bytes + merged->kept_bytes;
		line.times = merged->times;
		if (line.kind)
			add_line(overview, &line);
	}
	sqlite3_finalize(row);
}

/* ---- printing ------------------------------------------------------------------------------------- */

static void write_amount(const struct line *line, char *out, size_t size)
{
	*out = '\0';
	bool tells = *line->course && strcmp(line->course, "steady") != 0;

	if (line->blocks)
		snprintf(out, size, "%s in %s %s%s%s", human_bytes(line->bytes).text, human_count(line->blocks).text,
		         plural(line->blocks, "block", "blocks"), tells ? ", " : "", tells ? line->course : "");
	else if (line->seconds > 0)
		snprintf(out, size, "%s in %s %s", human_seconds(line->seconds).text, human_count(line->times).text,
		         plural(line->times, "wait", "waits"));
	else if (line->times > 1)
		snprintf(out, size, "%s times", human_count(line->times).text);
}

/* ", 3 stacks, in 3 of 4 processes of nginx", or ", in nginx" if that is too long. */
static void write_spread(const struct line *line, size_t room, char *out, size_t size)
{
	const struct merged_finding *merged = line->first.merged;
	const char *program = merged && merged->exe ? base_name(merged->exe) : NULL;
	int used = 0;

	if (program && line->first.places > 1 && !strcmp(program, base_name(line->nameless)))
		program = NULL; /* "7 places in ld" names it already */

	*out = '\0';
	if (line->first.alike > 1 && line->first.places == 1 && line->blocks)
		used = snprintf(out, size, ", %s stacks", human_count(line->first.alike).text);
	if (line->of > 1)
		used += snprintf(out + used, size - (size_t)used, ", in %s of %s processes%s%s",
		                 human_count(line->processes).text, human_count(line->of).text, program ? " of " : "",
		                 program ? program : "");
	else if (program)
		used += snprintf(out + used, size - (size_t)used, ", in %s", program);
	if ((size_t)used > room)
		used = program ? snprintf(out, size, ", in %s", program) : 0;
	if ((size_t)used > room || !used)
		*out = '\0';
}

struct widths {
	unsigned kind, amount;
};

static struct widths widths_of(const struct overview *overview, size_t shown)
{
	struct widths widths = {0};
	char amount[160];

	for (size_t i = 0; i < shown; i++) {
		const struct line *line = &overview->lines[i];

		write_amount(line, amount, sizeof(amount));
		if (strlen(line->kind) > widths.kind)
			widths.kind = (unsigned)strlen(line->kind);
		if (strlen(amount) > widths.amount)
			widths.amount = (unsigned)strlen(amount);
	}
	widths.amount += widths.amount ? 2 : 0;
	return widths;
}

/* "18 places in ld.bfd", or the place. */
static char *places_of(struct report *report, struct line *line, unsigned width)
{
	char *text;

	if (line->first.places == 1)
		return place_of(report, line, width);
	return asprintf(&text, "%s places in %s", human_count(line->first.places).text, base_name(line->nameless)) < 0
	           ? NULL
	           : text;
}

/* In which processes it was found is said as far as there is room; the finding itself says it again. */
static void print_line(struct report *report, size_t number, struct line *line, struct widths widths)
{
	char amount[160], spread[400];
	unsigned used = 4 + widths.kind + 2 + widths.amount;
	unsigned room = report->width > used + PLACE_LEAST ? report->width - used : PLACE_LEAST;
	char *place = places_of(report, line, room);

	write_amount(line, amount, sizeof(amount));
	write_spread(line, place && strlen(place) < room ? room - strlen(place) : 0, spread, sizeof(spread));
	page_print(report, "%3zu ", number);
	page_paint(report, line->paint, "%-*s", (int)widths.kind, line->kind);
	page_print(report, "  %-*s", (int)widths.amount, amount);
	page_text(report, place ? place : "?");
	page_text(report, spread);
	page_print(report, "\n");
	free(place);
}

/* The signs in these lines that a new reader does not know. */
static void explain_signs(struct overview *overview, size_t shown)
{
	bool wrapper = false, stacks = false;

	for (size_t i = 0; i < shown; i++) {
		const struct text_finding *first = &overview->lines[i].first;

		wrapper |= overview->lines[i].by_wrapper && first->places == 1;
		stacks |= first->alike > 1 && first->places == 1 && overview->lines[i].blocks;
	}
	if (wrapper || stacks)
		page_paint(overview->report, PAINT_DIM, "    (%s%s%s)\n",
		           wrapper ? "a < b: b calls a, which allocates for it" : "", wrapper && stacks ? "; " : "",
		           stacks ? "stacks: call paths to that place" : "");
}

static struct nameless_files files_without_names(const struct overview *overview, size_t shown)
{
	struct nameless_files files = {0};

	for (size_t i = 0; i < shown; i++)
		if (overview->lines[i].nameless)
			nameless_files_add(&files, overview->lines[i].nameless);
	return files;
}

static void print_lines(struct overview *overview, size_t shown)
{
	struct report *report = overview->report;
	struct widths widths = widths_of(overview, shown);

	for (size_t i = 0; i < shown; i++) {
		bool first_other = i && overview->lines[i - 1].is_fault && !overview->lines[i].is_fault;

		if (first_other && !report->query.only)
			page_print(report, "  not certain faults:\n");
		print_line(report, i + 1, &overview->lines[i], widths);
	}
	if (shown < overview->count)
		page_paint(report, PAINT_DIM, "    %s more; --limit 0 shows all\n",
		           human_count(overview->count - shown).text);
	explain_signs(overview, shown);
	text_nameless(report, files_without_names(overview, shown));
}

/* ", 5 of them faults": said if some are none, so that a reader does not repair what is as it should be. */
static void write_faults(const struct overview *overview, char *out, size_t size)
{
	*out = '\0';
	if (overview->report->query.only) /* it may name what is a fault in this program */
		return;
	if (overview->faults < overview->findings)
		snprintf(out, size, ", %s of them %s", human_count(overview->faults).text,
		         plural(overview->faults, "a certain fault", "certain faults"));
	else if (overview->once == overview->findings)
		snprintf(out, size, ", %s once: nothing that grows", plural(overview->once, "lost", "each lost"));
}

/* No finding is a certain fault. */
static void print_harmless(struct overview *overview, const char *spread)
{
	page_heading(overview->report, "NOTHING THAT NEEDS REPAIR FOR CERTAIN: %s %s%s%s",
	             human_count(overview->findings).text, plural(overview->findings, "finding", "findings"), spread,
	             overview->usual == overview->findings ? ", usual in healthy programs" : "");
}

static void print_heading(struct overview *overview, const char *spread)
{
	struct report *report = overview->report;
	char faults[120];

	if (!overview->findings) {
		page_heading(report, "%s", report->query.only ? "NO FINDINGS of the kinds asked for" : "NO FINDINGS");
		return;
	}
	if (!overview->faults && !report->query.only) {
		print_harmless(overview, spread);
		return;
	}
	write_faults(overview, faults, sizeof(faults));
	page_heading(report, "FINDINGS: %s%s%s", human_count(overview->findings).text, spread, faults);
}

static int by_weight(const void *left, const void *right)
{
	const struct line *a = left, *b = right;
	int order = compare_numbers(!a->is_fault, !b->is_fault);

	order = compare_next(order, a->rank, b->rank);
	order = compare_next(order, strcmp(a->course, COURSE_WORST) != 0, strcmp(b->course, COURSE_WORST) != 0);
	order = compare_next(order, b->bytes, a->bytes);
	return compare_next(order, a->found, b->found);
}

/* Prints the overview, and frees it. */
static struct text_findings finish(struct overview *overview, const char *spread)
{
	unsigned limit = overview->report->limit;

	if (limit)
		fold_nameless(overview);
	size_t shown = limit && overview->count > limit ? limit : overview->count;
	struct text_findings findings = {.items = memory_zeroed(shown, sizeof *findings.items), .count = shown};

	if (overview->count)
		qsort(overview->lines, overview->count, sizeof *overview->lines, by_weight);
	print_heading(overview, spread);
	print_lines(overview, shown);
	for (size_t i = 0; i < overview->count; i++) {
		if (i < shown)
			findings.items[i] = overview->lines[i].first;
		else
			findings.more += overview->lines[i].first.alike;
		free_line(&overview->lines[i]);
	}
	free(overview->lines);
	u64_map_free(&overview->by_place);
	return findings;
}

struct text_findings text_overview(struct report *report, const struct process *process)
{
	struct overview overview = {.report = report};

	load_process(&overview, process);
	return finish(&overview, "");
}

struct text_findings text_overview_of_all(struct report *report, const struct merged_findings *merged)
{
	struct overview overview = {.report = report};
	int64_t processes = query_number(&report->query, "SELECT count(*) FROM process", 0, 0);
	char spread[120];

	snprintf(spread, sizeof(spread), ", in %s of %s processes", human_count(merged->processes).text,
	         human_count((uint64_t)processes).text);
	for (size_t i = 0; i < merged->count; i++)
		load_merged(&overview, &merged->items[i]);
	return finish(&overview, spread);
}
