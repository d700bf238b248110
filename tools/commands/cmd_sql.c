#include "tools/commands/commands.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "tools/commands/sql_output.h"
#include "tools/commands/view.h"
#include "tools/base/own_process.h"
#include "tools/store/store.h"

struct choices {
	const char *run, *query;
	sql_output *output;
	bool schema, help;
};

static const char help[] =
    "usage: ringtail sql [RUN] [--format text|json|csv] \"select ...\"\n"
    "       ringtail sql [RUN] --schema\n\n"
    "Queries the database of a run, read-only, in SQLite's SQL.  --schema shows its tables and views with "
    "what\n"
    "their columns mean.\n\n"
    "examples:\n"
    "  ringtail sql 'select kind, class, message from finding'\n"
    "  ringtail sql 'select function, allocated_bytes from v_top_sites limit 10'\n"
    "  ringtail sql --format csv 'select * from heap_sample' > live.csv\n"
    "  ringtail sql ringtail.demo.4711 'select * from v_locks where contended > 0'\n"
    "  ringtail sql 'select function, file, line from v_stack where process = 1 and stack = 42\n"
    "                order by depth, ordinal'\n";

/* With PRAGMA function, those that only tell. */
static bool is_telling_pragma(const char *name)
{
	static const char *const names[] = {
	    "table_info",   "table_xinfo",    "table_list",      "index_list",    "index_info",
	    "user_version", "application_id", "integrity_check", "database_list", "compile_options"};

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

/* ---- what was asked for ------------------------------------------------------------------- */

static bool parse_format(const char *text, struct choices *choices, struct error *err)
{
	choices->output = !strcmp(text, "text")   ? sql_output_text
	                  : !strcmp(text, "json") ? sql_output_json
	                  : !strcmp(text, "csv")  ? sql_output_csv
	                                          : NULL;
	if (choices->output)
		return true;
	return error_set(err, EXIT_USAGE, "--format takes text, json or csv, not \"%s\"", text);
}

static bool parse_words(int argc, char **argv, struct choices *choices, struct error *err)
{
	int words = argc - optind, queries = choices->schema ? 0 : 1;

	if (choices->help)
		return true;
	if (words < queries)
		return error_set(err, EXIT_USAGE,
		                 "sql needs a query: ringtail sql [RUN] \"select ...\"; "
		                 "`ringtail sql --schema` shows the tables");
	if (words > queries + 1)
		return error_set(err, EXIT_USAGE,
		                 "sql takes RUN and one query, quoted: ringtail sql [RUN] \"select ...\"");
	if (words > queries)
		choices->run = argv[optind];
	choices->query = queries ? argv[argc - 1] : NULL;
	return true;
}

static bool parse(int argc, char **argv, struct choices *choices, struct error *err)
{
	static const struct option options[] = {
	    {"format", required_argument, NULL, 'f'},
	    {"schema", no_argument, NULL, 's'},
	    {"help", no_argument, NULL, 'h'},
	    {NULL, 0, NULL, 0},
	};
	int option;

	*choices = (struct choices){.output = sql_output_text};
	optind = 0; /* glibc: start anew, whoever parsed before */
	while ((option = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		if (option == 'f' && !parse_format(optarg, choices, err))
			return false;
		if (option == '?' || option == ':')
			return error_set(err, EXIT_USAGE,
			                 "sql: wrong option %s; `ringtail sql --help` lists them",
			                 argv[optind - 1]);
		choices->schema |= option == 's';
		choices->help |= option == 'h';
	}
	return parse_words(argc, argv, choices, err);
}

/* ---- doing it -------------------------------------------------------------------------------- */

static bool query_failed(sqlite3 *db, struct error *err)
{
	/* SQLite's message does not say what a user may and may not do. */
	if (sqlite3_errcode(db) == SQLITE_AUTH)
		return error_set(err, EXIT_USAGE, "sql: %s: the database is for reading only",
		                 sqlite3_errmsg(db));
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

static bool run(const struct choices *choices, struct error *err)
{
	struct store store;
	char *directory = NULL;

	if (!view_open_run(choices->run, &directory, &store, err))
		return false;
	sqlite3_set_authorizer(store.db, authorize, NULL);
	own_process_prints(true);
	bool good = choices->schema ? print_schema(store.db, err)
	                            : run_queries(store.db, choices->query, choices->output, err);
	store_close(&store);
	free(directory);
	return good && view_flush(err);
}

int cmd_sql(int argc, char **argv)
{
	struct choices choices;
	struct error err = {0};

	if (!parse(argc, argv, &choices, &err))
		return error_print(&err);
	if (choices.help) {
		fputs(help, stdout);
		return EXIT_FINE;
	}
	return run(&choices, &err) ? EXIT_FINE : error_print(&err);
}
