/*
 * RUN/ringtail.db: what was found, once.  Every report is a query over it.
 * schema.sql is the reference, and users may query it: names are a contract.
 */
#ifndef RINGTAIL_STORE_H
#define RINGTAIL_STORE_H

#include <sqlite3.h>

#include "tools/analyse/analyse.h"
#include "tools/base/error.h"
#include "tools/source/merge.h"

#define STORE_FILE   "ringtail.db"
#define STORE_SCHEMA 7 /* user_version; "schema" in JSON */

struct symbolizer;
struct store {
	sqlite3 *db;
	char *path;
	bool in_memory; /* and not in the file of this path */
	sqlite3_stmt **inserts;        /* of each table, prepared once; NULL until needed (writer.h) */
	struct symbolizer *symbolizer; /* one for all processes: they share most of their modules */
};

/* run: a directory, whose ringtail.db is meant, or a database itself.  Opens it for writing; creates ringtail.db. */
bool store_open(struct store *store, const char *run, struct error *err);
/* Opens it for reading only. */
bool store_open_read(struct store *store, const char *run, struct error *err);
/* One in memory, for a report that is not kept. */
bool store_open_memory(struct store *store, struct error *err);
/* As store_open; where the file cannot be written, as store_move_to_memory.  *why_not is filled then. */
bool store_open_anywhere(struct store *store, const char *run, struct error *why_not, struct error *err);
/* Goes on in memory with all that the file holds, which stays as it is: there is no room for more, or no right to write. */
bool store_move_to_memory(struct store *store, struct error *err);
/* Writes one that is in memory to its file after all, in place of what that holds. */
bool store_keep(struct store *store, struct error *err);
/* How much room that takes. */
uint64_t store_bytes(struct store *store);
void store_close(struct store *store);

/* What the whole run was.  command: argv, NULL terminated. */
bool store_run(struct store *store, const char *directory, uint64_t started_realtime_ns, double seconds,
               char *const *command, struct error *err);
/* Writes one process with everything its analysis found, in one transaction, replacing what was stored for
 * the same image of it.  Symbolizes every stack that is stored (progress on stderr when slow). */
bool store_process(struct store *store, struct analysis *analysis, struct merge_totals totals, bool final,
                   struct error *err);
struct finding_list;
/* Writes some findings of a process that goes on, and its threads. */
bool store_notice(struct store *store, struct ring_file *ring, struct thread_analysis *threads,
                  struct finding_list *findings, struct error *err);
/* Whether the process image of this header is stored with final set: that of its pid and image that began then, as numbers of
 * processes come again, and in other PID namespaces at the same time. */
bool store_has_final(struct store *store, const struct rt_header *header);

#endif
