/* Finds the findings of a database that the rules match. */
#ifndef RINGTAIL_SUPPRESS_MATCH_H
#define RINGTAIL_SUPPRESS_MATCH_H

#include <sqlite3.h>

#include "tools/suppress/rules.h"

/* Puts the findings into temp.suppressed (see suppress.c), each with the first rule that matches, and counts the
 * findings of each rule.  False: db has SQLite's error. */
bool match_rules(struct rules *rules, sqlite3 *db);

#endif
