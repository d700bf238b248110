#include "tools/html/tables.h"

#include <stdlib.h>

#include "tools/base/u64_map.h"
#include "tools/base/strings.h"
#include "tools/report/json_value.h"
#include "tools/query/process_rows.h"
#include "tools/query/stack_numbers.h"
#include "tools/query/where.h"
#include "tools/symbolize/roles.h"

#define MOST_PARTS 11

struct making {
	struct query *query;
	struct columns *columns;
	struct stack_numbers *numbers;
	int64_t process;
	struct strings texts;
	struct u64_map places; /* of the process: pc -> number of the place in the table of places, from 1 */
	bool begun;            /* true once the table has a column */
};

/* One column of a table.  value: makes it from a row of the table's query and the number of the column there. */
struct part {
	const char *name;
	uint64_t (*value)(struct making *, sqlite3_stmt *row, int column);
};

struct table {
	const char *name, *sql;
	const struct part *parts; /* the last has no name */
};

static uint64_t number(struct making *making, sqlite3_stmt *row, int column)
{
	(void)making;
	return (uint64_t)sqlite3_column_int64(row, column);
}

/* The text's number in the list of texts. */
static uint64_t text(struct making *making, sqlite3_stmt *row, int column)
{
	return strings_put(&making->texts, query_text_or_null(row, column));
}

static uint64_t nanoseconds(struct making *making, sqlite3_stmt *row, int column)
{
	double seconds = sqlite3_column_double(row, column);

	(void)making;
	return seconds > 0 && seconds < 1e9 ? (uint64_t)(seconds * 1e9 + 0.5) : 0;
}

/* The stack's number + 1; 0: there is no stack. */
static uint64_t stack(struct making *making, sqlite3_stmt *row, int column)
{
	uint32_t found = stack_number(making->numbers, making->process, sqlite3_column_int64(row, column));

	return found == NO_STACK_NUMBER ? 0 : found + UINT64_C(1);
}

/* The role of a function: enum role. */
static uint64_t role(struct making *making, sqlite3_stmt *row, int column)
{
	(void)making;
	return role_from_word(query_text_or_null(row, column));
}

/* For each pc a row for its function, and for each call that was inlined there. */
static const struct part frames[] = {{"function", text},  {"file", text},     {"line", number},
                                     {"inlined", number}, {"offset", number}, {"module", text},
                                     {"role", role},      {"column", number}, {0}};
/* For each pc, in the same order, the number of its rows above. */
static const struct part places[] = {{"rows", number}, {0}};
static const struct part sites[] = {
    {"stack", stack},       {"type", text},          {"allocations", number}, {"allocated_bytes", number},
    {"temporary", number},  {"peak_blocks", number}, {"peak_bytes", number},  {"live_blocks", number},
    {"live_bytes", number}, {"largest", number},     {"group", number},       {0}};
/* What each group of threads has of a site where several allocate. */
static const struct part shares[] = {
    {"site", number},       {"group", number},      {"allocations", number}, {"allocated_bytes", number},
    {"peak_bytes", number}, {"live_bytes", number}, {"live_blocks", number}, {0}};
static const struct part groups[] = {{"id", number}, {"name", text}, {"main", number}, {"stack", stack}, {0}};
static const struct part samples[] = {{"at", nanoseconds}, {"live_bytes", number}, {"live_blocks", number}, {0}};
static const struct part levels[] = {
    {"at", nanoseconds}, {"site", number}, {"live_bytes", number}, {"live_blocks", number}, {0}};
static const struct part intervals[] = {{"what", text},
                                        {"class", number},
                                        {"thread", number},
                                        {"other", number},
                                        {"began", nanoseconds},
                                        {"took", nanoseconds},
                                        {0}};

static const struct table tables[] = {
    {"frames",
     "SELECT f.function, f.file, f.line, f.inlined,"
     " CASE WHEN f.function IS NULL THEN f.offset - coalesce(f.function_offset, 0) ELSE 0 END,"
     " m.path, f.role, f.column FROM frame f LEFT JOIN module m ON m.process = f.process AND m.id = f.module"
     " WHERE f.process = ?1 ORDER BY f.pc, f.ordinal",
     frames},
    {"places", "SELECT count(*) FROM frame WHERE process = ?1 GROUP BY pc ORDER BY pc", places},
    {"sites",
     "SELECT stack, type, allocations, allocated_bytes, temporary, peak_blocks, peak_bytes, live_blocks, "
     "live_bytes,"
     " largest, thread_group FROM heap_site WHERE process = ?1 ORDER BY id",
     sites},
    {"shares",
     "SELECT site, thread_group, allocations, allocated_bytes, peak_bytes, live_bytes, live_blocks FROM heap_share"
     " WHERE process = ?1 ORDER BY site, thread_group",
     shares},
    {"groups", "SELECT id, name, main, created_stack FROM thread_group WHERE process = ?1 ORDER BY id", groups},
    {"samples", "SELECT at, live_bytes, live_blocks FROM heap_sample WHERE process = ?1 ORDER BY ordinal", samples},
    {"levels", "SELECT at, site, live_bytes, live_blocks FROM heap_level WHERE process = ?1 ORDER BY ordinal", levels},
    {"intervals",
     "SELECT what, class, thread, other, began, seconds FROM lock_interval WHERE process = ?1 ORDER BY "
     "ordinal",
     intervals},
    {0}};

static void begin_table(struct making *making, const char *name)
{
	fprintf(making->columns->directory, ",\n\"%s\":{", name);
	making->begun = false;
}

/* Writes the column and frees its values. */
static void write_column(struct making *making, const char *name, struct column *column)
{
	fputs(making->begun ? "," : "", making->columns->directory);
	columns_put(making->columns, name, column);
	making->begun = true;
}

static void write_table(struct making *making, const struct table *table)
{
	sqlite3_stmt *row = query_again(making->query, table->sql, 1, making->process);
	struct column made[MOST_PARTS] = {0};

	while (query_next(making->query, row))
		for (int i = 0; table->parts[i].name; i++)
			column_put(&made[i], table->parts[i].value(making, row, i));
	query_done(making->query, row);
	begin_table(making, table->name);
	for (int i = 0; table->parts[i].name; i++)
		write_column(making, table->parts[i].name, &made[i]);
	fputc('}', making->columns->directory);
}

/* ---- stacks ---------------------------------------------------------------------- */

/*
 * Writes the stacks in the order of their numbers.  up: how many rows above the caller is; 0: there is no caller, and
 * `why` says why (stack.parent).  place: the place of the pc.  where, wrapper: struct place_index.
 */
static void write_stacks(struct making *making)
{
	struct column up = {0}, why = {0}, at = {0}, where = {0}, wrapper = {0};
	struct stack_tree tree;

	stack_tree_load(&tree, making->query, making->process);
	const struct numbered_stacks *stacks = stack_numbers_add(making->numbers, making->process, tree);
	struct place_index *named = where_indexes(making->query, stacks);
	struct column *const all[] = {&up, &why, &at, &where, &wrapper};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		column_reserve(all[i], stacks->numbered);
	for (uint32_t i = 0; i < stacks->numbered; i++) {
		const struct stack_node *node = &stacks->tree.nodes[stacks->order[i]];
		bool outermost = node->caller == NO_STACK;

		column_put(&up, outermost ? 0 : i - stacks->numbers[node->caller]);
		column_put(&why, outermost ? node->root : 0);
		column_put(&at, u64_map_get(&making->places, (uint64_t)node->pc));
		column_put(&where, named[i].frame);
		column_put(&wrapper, named[i].wrapper);
	}
	free(named);
	begin_table(making, "stacks");
	write_column(making, "up", &up);
	write_column(making, "why", &why);
	write_column(making, "place", &at);
	write_column(making, "where", &where);
	write_column(making, "wrapper", &wrapper);
	fputc('}', making->columns->directory);
}

/* ---- processes ------------------------------------------------------------------- */

static void number_places(struct making *making)
{
	sqlite3_stmt *row = query_again(making->query, "SELECT DISTINCT pc FROM frame WHERE process = ?1 ORDER BY pc",
	                                1, making->process);
	uint64_t count = 0;

	while (query_next(making->query, row))
		u64_map_put(&making->places, (uint64_t)sqlite3_column_int64(row, 0), ++count);
	query_done(making->query, row);
}

static void write_processes(struct making *making)
{
	sqlite3_stmt *rows = process_query(making->query);
	const char *separator = "\n";
	struct process process;

	while (process_next(making->query, rows, &process)) {
		fprintf(making->columns->directory, "%s{\"process\":%lld", separator, (long long)process.id);
		making->process = process.id;
		number_places(making);
		write_stacks(making);
		for (const struct table *table = tables; table->name; table++)
			write_table(making, table);
		u64_map_free(&making->places);
		fputc('}', making->columns->directory);
		separator = ",\n";
	}
	sqlite3_finalize(rows);
}

static void print_texts(const struct strings *texts, FILE *out)
{
	for (size_t i = 0; i < texts->count; i++) {
		fputs(i ? ",\n" : "", out);
		json_print_text(out, texts->items[i]);
	}
}

void tables_write(struct query *query, struct columns *columns, struct stack_numbers *numbers)
{
	struct making making = {.query = query, .columns = columns, .numbers = numbers};

	strings_init(&making.texts);
	fputs("{\"processes\":[", columns->directory);
	write_processes(&making);
	fputs("],\n\"texts\":[", columns->directory);
	print_texts(&making.texts, columns->directory);
	fputs("]}", columns->directory);
	strings_free(&making.texts);
}
