/*
 * What reports leave out: by rules that people wrote, and by a baseline, the findings of an earlier run.
 *
 * It is done when a report is made, not when findings are stored: the database keeps them all, and each
 * report may have other rules.  suppress_apply puts a view `finding` in front of the table of that name, for
 * one connection alone.  In it `suppressed` is 1 where a rule or the baseline says so, and `suppressed_by`
 * tells which one.  Whatever is queried after that sees it, and nobody need know of rules.
 */
#ifndef RINGTAIL_SUPPRESS_SUPPRESS_H
#define RINGTAIL_SUPPRESS_SUPPRESS_H

#include <sqlite3.h>

#include "tools/options/options.h"
#include "tools/suppress/rules.h"

struct suppress { /* zeroed: nothing is suppressed */
	struct rules rules;
	char *baseline; /* as the user named it; NULL: none */
	char **ids;     /* its findings */
	size_t id_count, id_room;
	uint64_t in_baseline; /* findings that are suppressed by it */
};

/* Reads the files that the options --suppressions and --baseline name.  A baseline is a
 * database, or a run, which is analysed if it has not been yet. */
bool suppress_load(struct suppress *suppress, const struct options *options, struct error *err);
void suppress_free(struct suppress *suppress);

/* Once per connection, which may be read-only, and after the last finding was written to it.  Counts what
 * each rule matches. */
bool suppress_apply(struct suppress *suppress, sqlite3 *db, struct error *err);

#endif
