#include "tools/store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/base/text.h"
#include "tools/store/writer.h"
#include "tools/symbolize/symbolize.h"

#define APPLICATION_ID     0x52544c31 /* "RTL1", for file(1) */
#define WAIT_FOR_OTHERS_MS 20000

static const char schema[] =
#include "schema_sql.h"
    ;

bool store_unwritable(sqlite3 *db)
{
	switch (sqlite3_errcode(db) & 0xff) {
	case SQLITE_FULL:
	case SQLITE_IOERR:
	case SQLITE_READONLY:
	case SQLITE_CANTOPEN:
	case SQLITE_PERM:
		return true;
	default:
		return false;
	}
}

static bool fail(struct store *store, struct error *err, const char *doing)
{
	error_set(err, EXIT_BAD_DATA, "%s: cannot %s: %s", store->path, doing,
	          store->db ? sqlite3_errmsg(store->db) : "out of memory");
	err->unwritable = store->db && store_unwritable(store->db);
	return false;
}

static char *database_path(const char *run)
{
	struct stat stat_buffer;
	char *path = NULL;

	if (!stat(run, &stat_buffer) && S_ISREG(stat_buffer.st_mode))
		return strdup(run);
	return asprintf(&path, "%s/" STORE_FILE, run) < 0 ? NULL : path;
}

static bool query_number(struct store *store, const char *sql, int64_t *number)
{
	sqlite3_stmt *statement = NULL;
	bool found = false;

	if (sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL) == SQLITE_OK &&
	    sqlite3_step(statement) == SQLITE_ROW) {
		*number = sqlite3_column_int64(statement, 0);
		found = true;
	}
	sqlite3_finalize(statement);
	return found;
}

/* ---- opening ------------------------------------------------------------------------- */

/* SQLite would create the file with rights by the umask.  Only the user may read what the program did. */
static bool create_file(const char *path, struct error *err)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0) {
		int error = errno;
		error_set(err, EXIT_BAD_DATA, "%s: cannot create or open: %s", path, strerror(error));
		err->unwritable =
		    error == ENOSPC || error == EDQUOT || error == EROFS || error == EACCES || error == EPERM;
		return false;
	}
	close(fd);
	return true;
}

/* Another user may have written the file, or the database that it was copied from. */
static void distrust(sqlite3 *db)
{
	sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
}

static bool open_database(struct store *store, const char *run, int flags, struct error *err)
{
	memset(store, 0, sizeof(*store));
	store->path = database_path(run);
	if (!store->path)
		return error_set(err, EXIT_INTERNAL, "out of memory");
	if ((flags & SQLITE_OPEN_READWRITE) && !create_file(store->path, err))
		return false;
	/* one thread at a time uses a connection */
	flags |= SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_NOMUTEX;
	if (sqlite3_open_v2(store->path, &store->db, flags, NULL) != SQLITE_OK)
		return fail(store, err, "open");
	sqlite3_busy_timeout(store->db, WAIT_FOR_OTHERS_MS);
	distrust(store->db);
	return true;
}

/* 0 for an empty database. */
static bool schema_version(struct store *store, int64_t *version, struct error *err)
{
	int64_t tables = 0;

	if (!query_number(store, "PRAGMA user_version", version) ||
	    !query_number(store, "SELECT count(*) FROM sqlite_schema", &tables))
		return fail(store, err, "read");
	if (*version == STORE_SCHEMA || (*version == 0 && tables == 0))
		return true;
	return error_set(err, EXIT_BAD_DATA,
	                 "%s: written with schema %lld, and this ringtail reads schema %d: use the ringtail that "
	                 "wrote it, or remove the file and run `ringtail report` to make it anew",
	                 store->path, (long long)*version, STORE_SCHEMA);
}

static bool create_schema(struct store *store, struct error *err)
{
	char sql[96];

	snprintf(sql, sizeof(sql), "PRAGMA application_id = %d; PRAGMA user_version = %d", APPLICATION_ID,
	         STORE_SCHEMA);
	if (sqlite3_exec(store->db, schema, NULL, NULL, NULL) == SQLITE_OK &&
	    sqlite3_exec(store->db, sql, NULL, NULL, NULL) == SQLITE_OK)
		return true;
	return fail(store, err, "create its tables");
}

/* In one transaction: two commands may open a new RUN at the same time. */
static bool ensure_schema(struct store *store, struct error *err)
{
	int64_t version = 0;
	bool good;

	if (!schema_version(store, &version, err))
		return false;
	if (version)
		return true;
	if (sqlite3_exec(store->db, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK)
		return fail(store, err, "lock");
	good = schema_version(store, &version, err) && (version || create_schema(store, err));
	if (good && sqlite3_exec(store->db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
		good = fail(store, err, "write");
	if (!good)
		sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
	return good;
}

bool store_open(struct store *store, const char *run, struct error *err)
{
	/* No sync: a database that a power failure damages is made anew from the rings.  The journal stays until the
	 * database is closed: a file made and removed for each process that is stored would cost as much as storing
	 * it. */
	static const char pragmas[] =
	    "PRAGMA journal_mode = PERSIST; PRAGMA journal_size_limit = 1048576;"
	    "PRAGMA synchronous = OFF; PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY";

	if (!open_database(store, run, SQLITE_OPEN_READWRITE, err))
		goto fail;
	if (sqlite3_exec(store->db, pragmas, NULL, NULL, NULL) != SQLITE_OK) {
		fail(store, err, "open");
		goto fail;
	}
	if (ensure_schema(store, err))
		return true;
fail:
	store_close(store);
	return false;
}

/* Removes the journal's file too, unless another command uses it. */
static void remove_journal(struct store *store)
{
	if (store->db && !sqlite3_db_readonly(store->db, "main"))
		sqlite3_exec(store->db, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL);
}

bool store_open_read(struct store *store, const char *run, struct error *err)
{
	int64_t version = 0;

	if (!open_database(store, run, SQLITE_OPEN_READONLY, err) || !schema_version(store, &version, err))
		goto fail;
	if (version == STORE_SCHEMA)
		return true;
	error_set(err, EXIT_BAD_DATA, "%s: nothing has been stored in it yet", store->path);
fail:
	store_close(store);
	return false;
}

bool store_open_memory(struct store *store, struct error *err)
{
	memset(store, 0, sizeof(*store));
	store->path = strdup("a database in memory");
	if (!store->path || sqlite3_open(":memory:", &store->db) != SQLITE_OK)
		fail(store, err, "open");
	else if (ensure_schema(store, err))
		return true;
	store_close(store);
	return false;
}

/* ---- in memory -------------------------------------------------------------------------- */

static bool copy(sqlite3 *to, sqlite3 *from)
{
	sqlite3_backup *backup = sqlite3_backup_init(to, "main", from, "main");

	if (!backup)
		return false;
	sqlite3_backup_step(backup, -1);
	return sqlite3_backup_finish(backup) == SQLITE_OK;
}

bool store_move_to_memory(struct store *store, struct error *err)
{
	sqlite3 *file = store->db, *memory = NULL;

	if (sqlite3_open(":memory:", &memory) != SQLITE_OK || (file && !copy(memory, file))) {
		sqlite3_close(memory);
		return error_set(err, EXIT_INTERNAL, "%s: cannot be copied into memory", store->path);
	}
	writer_forget(store);
	remove_journal(store);
	sqlite3_close(file);
	distrust(memory);
	store->db = memory;
	store->in_memory = true;
	return ensure_schema(store, err);
}

/* Copies the database that the run has so far: for some processes that may be all that can be read. */
static void open_to_copy(struct store *store, const char *run)
{
	struct error err;

	if (!open_database(store, run, SQLITE_OPEN_READONLY, &err)) {
		sqlite3_close(store->db);
		store->db = NULL;
	}
}

/* True if there is a database, and it cannot be read: what it has may be nowhere else. */
static bool hides_what_it_has(const char *run, struct error *err)
{
	char *path = database_path(run);
	bool hides = path && !access(path, F_OK) && access(path, R_OK);

	if (hides)
		error_set_unreadable(err, path, errno);
	free(path);
	return hides;
}

bool store_open_anywhere(struct store *store, const char *run, struct error *why_not, struct error *err)
{
	if (store_open(store, run, err))
		return true;
	if (!err->unwritable || hides_what_it_has(run, err))
		return false;
	*why_not = *err;
	open_to_copy(store, run);
	if (store->path && store_move_to_memory(store, err))
		return true;
	store_close(store);
	return false;
}

bool store_keep(struct store *store, struct error *err)
{
	/* In memory: a journal would need disk space, which is scarce here.  If the copy fails, the file stays as it
	 * was. */
	static const char pragmas[] = "PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF";
	struct store file = {.path = store->path};

	if (!store->in_memory)
		return true;
	bool good = create_file(store->path, err);
	if (good &&
	    (sqlite3_open_v2(store->path, &file.db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW, NULL) != SQLITE_OK ||
	     sqlite3_exec(file.db, pragmas, NULL, NULL, NULL) != SQLITE_OK || !copy(file.db, store->db)))
		good = fail(&file, err, "write");
	sqlite3_close(file.db);
	store->in_memory = !good;
	return good;
}

uint64_t store_bytes(struct store *store)
{
	int64_t pages = 0, bytes = 0;

	query_number(store, "PRAGMA page_count", &pages);
	query_number(store, "PRAGMA page_size", &bytes);
	return (uint64_t)pages * (uint64_t)bytes;
}

uint64_t store_file_bytes(const struct store *store)
{
	struct stat status;

	return stat(store->path, &status) ? 0 : (uint64_t)status.st_blocks * 512;
}

void store_close(struct store *store)
{
	writer_forget(store);
	remove_journal(store);
	sqlite3_close(store->db);
	symbolizer_free(store->symbolizer);
	free(store->path);
	memset(store, 0, sizeof(*store));
}

/* ---- the run --------------------------------------------------------------------------- */

static bool put_meta(struct store *store, const char *key, const char *value)
{
	sqlite3_stmt *statement = NULL;
	char *clean = text_utf8(value, strlen(value));
	bool good = clean &&
	            sqlite3_prepare_v2(store->db, "INSERT OR REPLACE INTO meta VALUES (?, ?)", -1, &statement, NULL) ==
	                SQLITE_OK &&
	            sqlite3_bind_text(statement, 1, key, -1, SQLITE_STATIC) == SQLITE_OK &&
	            sqlite3_bind_text(statement, 2, clean, -1, SQLITE_STATIC) == SQLITE_OK &&
	            sqlite3_step(statement) == SQLITE_DONE;

	sqlite3_finalize(statement);
	free(clean);
	return good;
}

bool store_run(struct store *store, const char *directory, uint64_t started_realtime_ns, double seconds,
               char *const *command, struct error *err)
{
	char started[40], duration[40];
	char *command_json = text_argv_json(command);
	bool good;

	text_rfc3339(started_realtime_ns, started, sizeof(started));
	snprintf(duration, sizeof(duration), "%.6f", seconds);
	good = sqlite3_exec(store->db, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK &&
	       put_meta(store, "directory", directory) && put_meta(store, "started", started) &&
	       put_meta(store, "seconds", duration) && put_meta(store, "version", RINGTAIL_VERSION) &&
	       put_meta(store, "command", command_json ? command_json : "[]") &&
	       sqlite3_exec(store->db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK;
	if (!good) {
		fail(store, err, "write");
		sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
	}
	free(command_json);
	return good;
}

bool store_has_final(struct store *store, const struct rt_header *header)
{
	char sql[160];
	int64_t final = 0;

	snprintf(sql, sizeof(sql), "SELECT final FROM process WHERE pid = %u AND image = %u AND started_ns = %" PRId64,
	         header->pid, header->image, (int64_t)header->realtime_ns);
	return query_number(store, sql, &final) && final;
}
