#include "tools/store/name_again.h"

#include <string.h>
#include <unistd.h>

#include "tools/base/text.h"
#include "tools/store/stack_place.h"
#include "tools/store/stack_set.h"
#include "tools/symbolize/downloads.h"
#include "tools/symbolize/module_file.h"
#include "tools/symbolize/symbolize.h"

static const char missing_sql[] =
    "SELECT process, id, path, build_id, missing FROM module WHERE missing IS NOT NULL AND path IS NOT NULL"
    " AND build_id IS NOT NULL ORDER BY process, id";
static const char places_sql[] =
    "SELECT pc, offset, role FROM frame WHERE process = ?1 AND module = ?2 AND ordinal = 0";
static const char insert_sql[] = "INSERT OR REPLACE INTO frame (process, pc, ordinal, function, file, line, inlined,"
                                 " module, offset, function_offset, role) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9,"
                                 " ?10, ?11)";
static const char named_sql[] = "UPDATE module SET missing = ?3 WHERE process = ?1 AND id = ?2";

/* Without a build id nothing would prove that a file is the module's. */
static bool read_module(sqlite3_stmt *row, struct rt_module *module)
{
	const char *path = (const char *)sqlite3_column_text(row, 2);
	const char *id = (const char *)sqlite3_column_text(row, 3);

	memset(module, 0, sizeof *module);
	if (!path || !id || strlen(path) >= sizeof module->path)
		return false;
	strcpy(module->path, path);
	module->build_id_bytes = text_from_hex(id, module->build_id, sizeof module->build_id);
	return module->build_id_bytes > 0;
}

static bool is_open(int fd)
{
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* The file of a stripped module was there the first time: what may have come since is its debug information.  A server
 * that had none is not asked again. */
static bool may_have_names(sqlite3_stmt *row, const struct rt_module *module)
{
	const char *missing = (const char *)sqlite3_column_text(row, 4);
	bool stripped = !strcmp(missing, SYMBOLS_STRIPPED);
	enum module_file ignored;

	if (stripped || !strcmp(missing, SYMBOLS_NOT_FOUND))
		return is_open(module_debug_file_open(module)) || (stripped && downloads_are_configured());
	return is_open(module_file_open(module, &(struct module_process){0}, &ignored));
}

bool name_again_can(struct store *store)
{
	sqlite3_stmt *row = NULL;
	struct rt_module module;
	bool can = false;

	if (sqlite3_prepare_v2(store->db, missing_sql, -1, &row, NULL) == SQLITE_OK)
		while (!can && sqlite3_step(row) == SQLITE_ROW)
			can = read_module(row, &module) && may_have_names(row, &module);
	sqlite3_finalize(row);
	return can;
}

/* ---- naming ------------------------------------------------------------------------------------- */

struct naming {
	sqlite3 *db;
	struct symbolizer *symbolizer;
	sqlite3_stmt *missing, *places, *insert, *named;
};

/* The database does not say whether an address is that of an instruction or follows a call.  Nearly all follow one.
 * Where no function has the byte before, the address is the first one of a function: a start routine's. */
static unsigned resolve(struct naming *naming, const struct rt_module *module, uint64_t offset,
                        struct symbol_frame frames[STACK_SET_FRAMES])
{
	unsigned count = symbolizer_resolve(naming->symbolizer, module, offset, false, frames, STACK_SET_FRAMES);

	return frames[0].function || frames[0].start
	           ? count
	           : symbolizer_resolve(naming->symbolizer, module, offset, true, frames, STACK_SET_FRAMES);
}

static void bind_number_or_null(sqlite3_stmt *statement, int index, int64_t number, bool known)
{
	if (known)
		sqlite3_bind_int64(statement, index, number);
	else
		sqlite3_bind_null(statement, index);
}

/* A function that was found to be a wrapper, before it had a name, is one still. */
static void keep_wrapper(struct naming *naming, struct symbol_frame *function)
{
	if (role_from_word((const char *)sqlite3_column_text(naming->places, 2)) == ROLE_ALLOCATES)
		function->role = ROLE_ALLOCATES;
}

static bool insert_frame(struct naming *naming, const struct symbol_frame *frame, unsigned ordinal)
{
	sqlite3_stmt *insert = naming->insert;
	int64_t into = symbol_frame_into(frame, (uint64_t)sqlite3_column_int64(naming->places, 1));

	sqlite3_bind_value(insert, 1, sqlite3_column_value(naming->missing, 0));
	sqlite3_bind_value(insert, 2, sqlite3_column_value(naming->places, 0));
	sqlite3_bind_int64(insert, 3, ordinal);
	sqlite3_bind_text(insert, 4, frame->function, -1, SQLITE_STATIC);
	sqlite3_bind_text(insert, 5, frame->file, -1, SQLITE_STATIC);
	bind_number_or_null(insert, 6, frame->line, frame->line);
	sqlite3_bind_int64(insert, 7, frame->inlined);
	sqlite3_bind_value(insert, 8, sqlite3_column_value(naming->missing, 1));
	sqlite3_bind_value(insert, 9, sqlite3_column_value(naming->places, 1));
	bind_number_or_null(insert, 10, into, into >= 0);
	sqlite3_bind_text(insert, 11, role_word(frame->role), -1, SQLITE_STATIC);
	sqlite3_step(insert);
	return sqlite3_reset(insert) == SQLITE_OK;
}

static bool name_module(struct naming *naming, const struct rt_module *module)
{
	struct symbol_frame frames[STACK_SET_FRAMES];
	bool good = true;

	sqlite3_bind_value(naming->places, 1, sqlite3_column_value(naming->missing, 0));
	sqlite3_bind_value(naming->places, 2, sqlite3_column_value(naming->missing, 1));
	while (good && sqlite3_step(naming->places) == SQLITE_ROW) {
		unsigned count = resolve(naming, module, (uint64_t)sqlite3_column_int64(naming->places, 1), frames);

		keep_wrapper(naming, &frames[count - 1]);
		for (unsigned i = 0; i < count && good; i++)
			good = insert_frame(naming, &frames[i], i);
	}
	good = sqlite3_reset(naming->places) == SQLITE_OK && good;
	sqlite3_bind_value(naming->named, 1, sqlite3_column_value(naming->missing, 0));
	sqlite3_bind_value(naming->named, 2, sqlite3_column_value(naming->missing, 1));
	sqlite3_bind_text(naming->named, 3, symbolizer_missing(naming->symbolizer, module), -1, SQLITE_STATIC);
	sqlite3_step(naming->named);
	return sqlite3_reset(naming->named) == SQLITE_OK && good;
}

/* The rows come by process.  Places change with the roles that names have. */
static bool name_all(struct naming *naming)
{
	struct rt_module module;
	int64_t named = 0;
	bool good = true;

	while (good && sqlite3_step(naming->missing) == SQLITE_ROW) {
		int64_t process = sqlite3_column_int64(naming->missing, 0);

		if (!read_module(naming->missing, &module) || !may_have_names(naming->missing, &module))
			continue;
		if (named && named != process)
			good = stack_places_again(naming->db, named);
		named = process;
		good = good && name_module(naming, &module);
	}
	if (named && good)
		good = stack_places_again(naming->db, named);
	return sqlite3_reset(naming->missing) == SQLITE_OK && good;
}

static bool prepare(struct naming *naming)
{
	return sqlite3_prepare_v2(naming->db, missing_sql, -1, &naming->missing, NULL) == SQLITE_OK &&
	       sqlite3_prepare_v2(naming->db, places_sql, -1, &naming->places, NULL) == SQLITE_OK &&
	       sqlite3_prepare_v2(naming->db, insert_sql, -1, &naming->insert, NULL) == SQLITE_OK &&
	       sqlite3_prepare_v2(naming->db, named_sql, -1, &naming->named, NULL) == SQLITE_OK;
}

bool name_again(struct store *store)
{
	struct naming naming = {.db = store->db, .symbolizer = symbolizer_new()};
	bool good = naming.symbolizer && sqlite3_exec(store->db, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK &&
	            prepare(&naming) && name_all(&naming);

	sqlite3_finalize(naming.missing);
	sqlite3_finalize(naming.places);
	sqlite3_finalize(naming.insert);
	sqlite3_finalize(naming.named);
	symbolizer_free(naming.symbolizer);
	good = good && sqlite3_exec(store->db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK;
	if (!good)
		sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
	return good;
}
