#include "tools/page/tables.h"

#include "tools/analyse/u64_map.h"
#include "tools/export/strings.h"
#include "tools/render/json.h"
#include "tools/symbolize/names.h"

struct making {
	struct report *report;
	struct strings texts;
	struct u64_map places; /* of the process: pc -> number of the place + 1 */
};

/* A column of a table: a query of one value a row.  Texts become numbers, of the list of texts. */
struct column {
	const char *name, *sql;
	long long (*value)(struct making *, sqlite3_stmt *row); /* made of the row; NULL: its first column */
};

struct table {
	const char *name;
	const struct column *columns; /* the last has no name */
};

/* Of a function and its module: 1 where it is the runtime's, 2 where what called it is. */
static long long role_of(struct making *making, sqlite3_stmt *row)
{
	const char *function = report_text_or_null(row, 0);

	return name_is_main(function) ? 2 : name_is_runtime(report_text_or_null(row, 1), function) ? 1 : 0;
}

#define OF_FRAMES " FROM frame WHERE process = ?1 ORDER BY pc, ordinal"
#define OF_FRAMES_AND_MODULES                                                                                \
	" FROM frame f LEFT JOIN module m ON m.process = f.process AND m.id = f.module"                      \
	" WHERE f.process = ?1 ORDER BY f.pc, f.ordinal"
static const struct column frames[] = {
    /* how many rows of each place: one, and those of the calls inlined there */
    {"count", "SELECT count(*) FROM frame WHERE process = ?1 GROUP BY pc ORDER BY pc", NULL},
    {"function", "SELECT function" OF_FRAMES, NULL},
    {"file", "SELECT file" OF_FRAMES, NULL},
    {"line", "SELECT line" OF_FRAMES, NULL},
    {"inlined", "SELECT inlined" OF_FRAMES, NULL},
    {"offset", "SELECT CASE WHEN function IS NULL THEN offset ELSE 0 END" OF_FRAMES, NULL},
    {"module", "SELECT m.path" OF_FRAMES_AND_MODULES, NULL},
    {"role", "SELECT f.function, m.path" OF_FRAMES_AND_MODULES, role_of},
    {0},
};

/* The number of the place, in the order of the column "count" of frames. */
static long long place_of(struct making *making, sqlite3_stmt *row)
{
	uint64_t number = u64_map_get(&making->places, (uint64_t)sqlite3_column_int64(row, 0));

	return number ? (long long)number - 1 : -1;
}

static const struct column stacks[] = {
    /* more than the one before */
    {"id", "SELECT id - lag(id, 1, 0) OVER (ORDER BY id) FROM stack WHERE process = ?1 ORDER BY id", NULL},
    /* even: half of it lower than the id; odd: there is none, and half of it says why (stack.parent) */
    {"parent",
     "SELECT CASE WHEN parent < 16 THEN 2 * parent + 1 ELSE 2 * (id - parent) END FROM stack"
     " WHERE process = ?1 ORDER BY id", NULL},
    {"place", "SELECT pc FROM stack WHERE process = ?1 ORDER BY id", place_of},
    {0},
};

#define OF_SITES " FROM heap_site WHERE process = ?1 ORDER BY id"
static const struct column sites[] = {
    {"stack", "SELECT stack" OF_SITES, NULL},
    {"type", "SELECT type" OF_SITES, NULL},
    {"allocations", "SELECT allocations" OF_SITES, NULL},
    {"allocated_bytes", "SELECT allocated_bytes" OF_SITES, NULL},
    {"temporary", "SELECT temporary" OF_SITES, NULL},
    {"peak_blocks", "SELECT peak_blocks" OF_SITES, NULL},
    {"peak_bytes", "SELECT peak_bytes" OF_SITES, NULL},
    {"live_blocks", "SELECT live_blocks" OF_SITES, NULL},
    {"live_bytes", "SELECT live_bytes" OF_SITES, NULL},
    {"largest", "SELECT largest" OF_SITES, NULL},
    {0},
};

#define OF_INTERVALS " FROM lock_interval WHERE process = ?1 ORDER BY ordinal"
static const struct column intervals[] = {
    {"what", "SELECT what" OF_INTERVALS, NULL},
    {"class", "SELECT class" OF_INTERVALS, NULL},
    {"thread", "SELECT thread" OF_INTERVALS, NULL},
    {"other", "SELECT other" OF_INTERVALS, NULL},
    {"began", "SELECT began" OF_INTERVALS, NULL},
    {"seconds", "SELECT seconds" OF_INTERVALS, NULL},
    {"stack", "SELECT stack" OF_INTERVALS, NULL},
    {0},
};

static const struct table tables[] = {
    {"frames", frames}, {"stacks", stacks}, {"sites", sites}, {"intervals", intervals}, {0}};

static void print_value(struct making *making, sqlite3_stmt *row)
{
	FILE *out = making->report->out;

	switch (sqlite3_column_type(row, 0)) {
	case SQLITE_INTEGER:
		fprintf(out, "%lld", (long long)sqlite3_column_int64(row, 0));
		break;
	case SQLITE_FLOAT:
		fprintf(out, "%.9g", sqlite3_column_double(row, 0));
		break;
	case SQLITE_NULL:
		fputc('0', out);
		break;
	default:
		fprintf(out, "%u", strings_put(&making->texts, report_text(row, 0)));
	}
}

static void print_column(struct making *making, const struct column *column, int64_t process)
{
	struct report *report = making->report;
	sqlite3_stmt *row = report_query(report, column->sql, 1, process);
	const char *separator = "";

	fprintf(report->out, "\"%s\":[", column->name);
	while (report_row(report, row)) {
		fputs(separator, report->out);
		if (column->value)
			fprintf(report->out, "%lld", column->value(making, row));
		else
			print_value(making, row);
		separator = ",";
	}
	fputc(']', report->out);
	sqlite3_finalize(row);
}

static void print_table(struct making *making, const struct table *table, int64_t process)
{
	fprintf(making->report->out, ",\n\"%s\":{", table->name);
	for (const struct column *column = table->columns; column->name; column++) {
		fputs(column == table->columns ? "" : ",\n", making->report->out);
		print_column(making, column, process);
	}
	fputc('}', making->report->out);
}

static void number_places(struct making *making, int64_t process)
{
	sqlite3_stmt *row = report_query(making->report, "SELECT DISTINCT pc FROM frame WHERE process = ?1 ORDER BY pc", 1,
	                                 process);
	uint64_t number = 0;

	while (report_row(making->report, row))
		u64_map_put(&making->places, (uint64_t)sqlite3_column_int64(row, 0), ++number);
	sqlite3_finalize(row);
}

static void print_processes(struct making *making)
{
	struct report *report = making->report;
	sqlite3_stmt *rows = process_query(report);
	const char *separator = "\n";
	struct process process;

	while (process_next(report, rows, &process)) {
		fprintf(report->out, "%s{\"process\":%lld", separator, (long long)process.id);
		number_places(making, process.id);
		for (const struct table *table = tables; table->name; table++)
			print_table(making, table, process.id);
		u64_map_free(&making->places);
		fputc('}', report->out);
		separator = ",\n";
	}
	sqlite3_finalize(rows);
}

void tables_print(struct report *report)
{
	struct making making = {.report = report};

	strings_init(&making.texts);
	fputs("{\"processes\":[", report->out);
	print_processes(&making);
	fputs("]", report->out);
	for (size_t i = 0; i < making.texts.count; i++)
		json_print_item(report, i ? ",\n" : ",\n\"texts\":[", json_text(making.texts.items[i]));
	fputs("]}", report->out);
	strings_free(&making.texts);
}
