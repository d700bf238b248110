/* RUN: the directory that one run is recorded in, or a database: a copy of its ringtail.db, or a snapshot. */
#ifndef RINGTAIL_RUN_DIRECTORY_H
#define RINGTAIL_RUN_DIRECTORY_H

#include <stddef.h>

#include "tools/base/error.h"
#include "tools/store/store.h"

/* Whether a directory holds a ring file or a database. */
bool run_directory_holds_run(const char *path);

/* argument NULL: the newest ringtail.* directory of the current directory that holds a run (said on stderr:
 * "ringtail: reading ringtail.x.123").  Returns a malloced absolute or as-given path of a directory or a database, or
 * NULL with err filled. */
char *run_directory_find(const char *argument, struct error *err);
/* Paths of its ring files, sorted by process start then image; malloced array of malloced strings. */
char **run_directory_rings(const char *directory, size_t *count, struct error *err);

/* Whether what run_directory_find found is a database: all is stored, and there are no rings. */
bool run_directory_is_database(const char *path);

/* What a report reads, opened.  Brings DIR/ringtail.db up to date first: analyses every ring file that is not stored as
 * final (way 2, hung or running processes, a collector that died).  Does nothing when all are, nor to a database by itself.
 * Where the database cannot be written, it is copied into memory and brought up to date there, which is said.
 * Bad ring files: err, exit code 65. */
bool run_directory_open(const char *directory, struct store *store, struct error *err);

#endif
