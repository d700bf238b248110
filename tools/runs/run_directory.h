/* RUN, as users name it: the directory in which a run is recorded, or a database (a copy of its ringtail.db, or a
 * snapshot). */
#ifndef RINGTAIL_RUN_DIRECTORY_H
#define RINGTAIL_RUN_DIRECTORY_H

#include <stddef.h>

#include "tools/base/error.h"

#define RUN_PREFIX "ringtail." /* of the names of runs' directories, unless the user chose another */

/* True if the directory holds a ring file or a database. */
bool run_directory_holds_run(const char *path);

/* Finds a run.  argument NULL: the newest directory ringtail.* in the current directory that holds a run; a line on
 * stderr says so ("ringtail: reading ringtail.x.123").  If nothing was recorded of the newest or named run, that is a
 * failure, and err says why (unrecorded.h).  Returns the path of a directory or a database, absolute or as it was
 * given, malloced; on failure NULL, with err filled. */
char *run_directory_find(const char *argument, struct error *err);
/* The newest directory ringtail.* in the current directory that holds a run, malloced; NULL: there is none. */
char *run_directory_newest(void);
/* The paths of a directory's ring files, sorted by process start, then image: a malloced array of malloced strings. */
char **run_directory_rings(const char *directory, size_t *count, struct error *err);

/* True if this is the name or path of a ring file. */
bool run_directory_is_ring(const char *name);
/* True if the header of the ring file says when its process began to record. */
bool run_directory_ring_began(const char *path);

/* True if the result of run_directory_find is a database: everything is stored, and there are no rings. */
bool run_directory_is_database(const char *path);

#endif
