/*
 * Which processes of a run a command is about.  A selection shadows the tables of the database by temporary views, so
 * that every query sees the selected processes alone, users' own SQL included.  Stacks, frames and modules stay as they
 * are: findings over several processes refer to those of other processes.
 */
#ifndef RINGTAIL_QUERY_SELECTION_H
#define RINGTAIL_QUERY_SELECTION_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "tools/base/error.h"

struct selection {       /* every given condition must hold */
	int64_t pid;     /* 0: any */
	const char *exe; /* base name or path; NULL: any */
	int64_t process; /* process.id; 0: any */
};

/* True if --exe NAME selects a program with this path: NAME is the path, or its end from a slash on. */
bool selection_names(const char *name, const char *exe);
/* Call this once for a database, after suppressions were applied to it.  directory: the run, for errors.  False: no
 * process is selected, or the database cannot be read. */
bool selection_apply(const struct selection *selection, sqlite3 *db, const char *directory, struct error *err);

#endif
