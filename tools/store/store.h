/*
 * RUN/ringtail.db: the results of a run.  Every report is a query over it.  schema.sql is the reference.  Users may
 * query the database, so its names are a contract.
 */
#ifndef RINGTAIL_STORE_H
#define RINGTAIL_STORE_H

#include <sqlite3.h>

#include "tools/analyse/analyse.h"
#include "tools/base/error.h"
#include "tools/source/merge.h"

#define STORE_FILE   "ringtail.db"
#define STORE_SCHEMA 19 /* user_version; "schema" in JSON */

struct symbolizer;
struct store {
	sqlite3 *db;
	char *path;
	bool in_memory;                /* db is in memory, and not in the file of this path */
	sqlite3_stmt **inserts;        /* an insert for each table, prepared once; NULL until needed (writer.h) */
	struct symbolizer *symbolizer; /* one for all processes: they share most of their modules */
};

/* Opens a database for writing.  run: a directory, whose ringtail.db is opened, and created if need be; or a
 * database. */
bool store_open(struct store *store, const char *run, struct error *err);
/* Opens the database for reading only. */
bool store_open_read(struct store *store, const char *run, struct error *err);
/* Opens an empty database in memory, for a report that is not kept. */
bool store_open_memory(struct store *store, struct error *err);
/* As store_open.  If the file cannot be written, fills *why_not and goes on as store_move_to_memory does. */
bool store_open_anywhere(struct store *store, const char *run, struct error *why_not, struct error *err);
/* Copies the database into memory and goes on there; the file stays as it is.  For a file that cannot be written: the
 * disk is full, or permission is missing. */
bool store_move_to_memory(struct store *store, struct error *err);
/* Writes a database that is in memory to its file after all, and replaces what the file held. */
bool store_keep(struct store *store, struct error *err);
/* The size of the database in bytes. */
uint64_t store_bytes(struct store *store);
/* The disk space in bytes that its file takes, which store_keep uses again; 0: there is no file. */
uint64_t store_file_bytes(const struct store *store);
void store_close(struct store *store);

/* Stores the facts about the whole run.  command: argv, NULL terminated. */
bool store_run(struct store *store, const char *directory, uint64_t started_realtime_ns, double seconds,
               char *const *command, struct error *err);
/* Writes one process with all results of its analysis, in one transaction, and replaces what was stored for the same
 * process image.  Symbolizes every stack that it stores (progress on stderr when slow). */
bool store_process(struct store *store, struct analysis *analysis, struct merge_totals totals, bool final,
                   struct error *err);
/* The symbolizer of the store, which is made if there is none yet: for what must be named before it is stored. */
struct symbolizer *store_symbolizer(struct store *store);
struct finding_list;
/* Writes some findings of a process that runs on, and its threads, and further stacks that findings of other processes
 * name. */
bool store_notice(struct store *store, struct ring_file *ring, struct thread_analysis *threads,
                  struct finding_list *findings, const uint32_t *stacks, size_t stack_count, struct error *err);
/* True if the process image of this header is stored with final set.  Images are compared by pid, image number and
 * start time, as a pid may be used again, or at the same time in another PID namespace. */
bool store_has_final(struct store *store, const struct rt_header *header);

#endif
