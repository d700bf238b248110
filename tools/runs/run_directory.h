/* RUN: the directory that one run is recorded in, or a database: a copy of its ringtail.db, or a snapshot. */
#ifndef RINGTAIL_RUN_DIRECTORY_H
#define RINGTAIL_RUN_DIRECTORY_H

#include <stddef.h>

#include "tools/base/error.h"

/* Whether a directory holds a ring file or a database. */
bool run_directory_holds_run(const char *path);

/* argument NULL: the newest ringtail.* directory of the current directory that holds a run (said on stderr:
 * "ringtail: reading ringtail.x.123").  Returns a malloced absolute or as-given path of a directory or a database, or
 * NULL with err filled. */
char *run_directory_find(const char *argument, struct error *err);
/* Paths of its ring files, sorted by process start then image; malloced array of malloced strings. */
char **run_directory_rings(const char *directory, size_t *count, struct error *err);

/* Whether this is the name or path of a ring file. */
bool run_directory_is_ring(const char *name);
/* Whether the header of a ring file says when its process began to record. */
bool run_directory_ring_began(const char *path);

/* Whether what run_directory_find found is a database: all is stored, and there are no rings. */
bool run_directory_is_database(const char *path);

#endif
