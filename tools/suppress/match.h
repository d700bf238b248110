/* Which findings of a database the rules match. */
#ifndef RINGTAIL_SUPPRESS_MATCH_H
#define RINGTAIL_SUPPRESS_MATCH_H

#include <sqlite3.h>

#include "tools/suppress/rules.h"

/* Puts them into temp.suppressed (see suppress.c), each with the first rule that matches, and counts the
 * findings of every rule.  False: SQLite's error stands in db. */
bool match_rules(struct rules *rules, sqlite3 *db);

#endif
