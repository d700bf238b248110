#include "tools/commands/commands.h"

#include <stdlib.h>
#include <string.h>

#include "tools/commands/sql_output.h"
#include "tools/commands/view.h"
#include "tools/base/own_process.h"
#include "tools/base/pager.h"
#include "tools/store/store.h"

static const char *const formats[] = {"text", "json", "csv", NULL};
static sql_output *const outputs[] = {sql_output_text, sql_output_json, sql_output_csv}; /* by format */

static const struct option_choices choices[] = {{.id = OPTION_format, .words = formats}, {.words = NULL}};

static const struct usage usage = {
    .command = COMMAND_sql,
    .about = "Queries the database of a run, read-only, in SQLite's SQL.  --schema shows its tables and "
             "views, with the meaning of their columns.",
    .behind = "examples:\n"
              "  ringtail sql 'select kind, class, message from finding'\n"
              "  ringtail sql 'select function, allocated_bytes from v_top_sites limit 10'\n"
              "  ringtail sql --format csv 'select * from heap_sample' > live.csv\n"
              "  ringtail sql ringtail.demo.4711 'select * from v_locks where contended > 0'\n"
              "  ringtail sql 'select function, file, line from v_stack where process = 1 and stack = 42\n"
              "                order by depth, ordinal'\n",
    .choices = choices,
};

/* True for pragmas that only read. */
static bool is_telling_pragma(const char *name)
{
	static const char *const names[] = {"table_info",    "table_xinfo",    "table_list",     "index_list",
	                                    "index_info",    "user_version",   "application_id", "integrity_check",
	                                    "database_list", "compile_options"};

	for (size_t i = 0; name && i < sizeof(names) / sizeof(names[0]); i++) {
		if (!strcmp(names[i], name))
			return true;
	}
	return false;
}

static int authorize(void *context, int action, const char *first, const char *second, const char *database,
                     const char *trigger)
{
	switch (action) {
	case SQLITE_SELECT:
	case SQLITE_READ:
	case SQLITE_RECURSIVE:
		return SQLITE_OK;
	case SQLITE_FUNCTION:
		return second && !strcmp(second, "load_extension") ? SQLITE_DENY : SQLITE_OK;
	case SQLITE_PRAGMA:
		return is_telling_pragma(first) ? SQLITE_OK : SQLITE_DENY;
	default:
		return SQLITE_DENY;
	}
}

/* ---- doing it -------------------------------------------------------------------------------- */

static bool query_failed(sqlite3 *db, struct error *err)
{
	/* SQLite's message does not say which statements are allowed. */
	if (sqlite3_errcode(db) == SQLITE_AUTH)
		return error_set(err, EXIT_USAGE, "sql: %s: the database is read-only", sqlite3_errmsg(db));
	return error_set(err, EXIT_USAGE, "sql: %s", sqlite3_errmsg(db));
}

static bool run_queries(sqlite3 *db, const char *query, sql_output *output, struct error *err)
{
	while (*query) {
		sqlite3_stmt *statement = NULL;
		int result = sqlite3_prepare_v2(db, query, -1, &statement, &query);

		if (result == SQLITE_OK && statement)
			result = output(statement, stdout);
		sqlite3_finalize(statement);
		if (result != SQLITE_OK && result != SQLITE_DONE)
			return query_failed(db, err);
	}
	return true;
}

static bool print_schema(sqlite3 *db, struct error *err)
{
	static const char sql[] = "SELECT sql || ';' FROM sqlite_schema WHERE sql IS NOT NULL";
	sqlite3_stmt *statement = NULL;
	int result = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);

	while (result == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW)
		printf("%s\n\n", (const char *)sqlite3_column_text(statement, 0));
	sqlite3_finalize(statement);
	return result == SQLITE_OK || query_failed(db, err);
}

/* The query is the last operand; with --schema there is none. */
static bool check_operands(const struct arguments *arguments, bool schema, struct error *err)
{
	if (!schema && !arguments->operand_count)
		return error_set(err, EXIT_USAGE,
		                 "sql needs a query: ringtail sql [RUN] \"select ...\"; "
		                 "`ringtail sql --schema` shows the tables");
	return !schema || arguments->operand_count < 2 ||
	       error_set(err, EXIT_USAGE, "sql --schema takes one RUN, not 2: unexpected \"%s\"",
	                 arguments->operands[1]);
}

static sql_output *output_of(const struct options *options)
{
	size_t i = 0;

	while (strcmp(formats[i], options_text(options, OPTION_format)))
		i++;
	return outputs[i];
}

static bool run(const struct arguments *arguments, struct error *err)
{
	bool schema = options_yes(&arguments->options, OPTION_schema);
	const struct selection selection = view_selection(&arguments->options);
	unsigned count = arguments->operand_count;
	struct store store;
	char *directory = NULL;

	if (!check_operands(arguments, schema, err) ||
	    !view_open_run(schema || count > 1 ? arguments->operands[0] : NULL, &directory, &store, err))
		return false;
	if (!selection_apply(&selection, store.db, directory, err)) {
		store_close(&store);
		free(directory);
		return false;
	}
	sqlite3_set_authorizer(store.db, authorize, NULL);
	if (!options_yes(&arguments->options, OPTION_no_pager))
		pager_begin();
	own_process_prints(true);
	bool good = schema ? print_schema(store.db, err)
	                   : run_queries(store.db, arguments->operands[count - 1], output_of(&arguments->options), err);
	store_close(&store);
	free(directory);
	return good && view_flush(err);
}

int cmd_sql(int argc, char **argv)
{
	struct arguments arguments;
	struct error err = {0};
	bool good = arguments_parse(&arguments, &usage, argc, argv, &err);

	if (good && options_yes(&arguments.options, OPTION_help))
		usage_print(&usage, stdout);
	else if (good)
		good = run(&arguments, &err);
	options_free(&arguments.options);
	return good ? EXIT_FINE : error_print(&err);
}
