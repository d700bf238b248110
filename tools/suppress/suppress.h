/*
 * Suppression: findings that reports leave out, because of a rule that a user wrote or of a baseline.  A baseline is
 * the set of findings of an earlier run.
 *
 * Findings are suppressed when a report is made, and not when they are stored: the database keeps them all, and each
 * report may use other rules.  suppress_apply puts a view `finding` in front of the table of that name, for one
 * connection alone.  In the view, `suppressed` is 1 where a rule or the baseline matches, `suppressed_by` names it, and
 * `suppressed_by_default` is 1 if it is a rule of the project's own file, default.supp.
 * All later queries read the view, so that no other code needs to know about rules.
 */
#ifndef RINGTAIL_SUPPRESS_SUPPRESS_H
#define RINGTAIL_SUPPRESS_SUPPRESS_H

#include <sqlite3.h>

#include "tools/options/options.h"
#include "tools/suppress/rules.h"

struct suppress { /* zeroed: nothing is suppressed */
	struct rules rules;
	char *baseline; /* as the user named it; NULL: none */
	char **ids;     /* ids of its findings */
	size_t id_count, id_room;
	uint64_t in_baseline; /* number of findings that it suppresses */
};

/* Reads the files that the options --suppressions and --baseline name, and the rules that hold by default.  A baseline
 * is a database or a run.  A run that was not analysed yet is analysed. */
bool suppress_load(struct suppress *suppress, const struct options *options, struct error *err);
void suppress_free(struct suppress *suppress);

/* Call this once for each connection, after the last finding was written.  The connection may be read-only.  Counts the
 * matches of each rule. */
bool suppress_apply(struct suppress *suppress, sqlite3 *db, struct error *err);

#endif
