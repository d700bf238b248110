/* What brings names to functions that have none in a report. */
#ifndef RINGTAIL_REPORT_NAMELESS_H
#define RINGTAIL_REPORT_NAMELESS_H

#include "tools/query/query.h"

enum nameless {
	NAMELESS_OF_SYSTEM, /* a stripped file of a package: its debuginfod server has the names */
	NAMELESS_OWN,       /* a stripped file of another origin */
	NAMELESS_NOT_FOUND, /* no debuginfod server had the names */
	NAMELESS_REASONS,
	NAMELESS_NOT = NAMELESS_REASONS /* names are missing for another reason, or are not missing */
};

/* missing: module.missing, or NULL. */
enum nameless nameless_reason(const char *path, const char *missing);
/* The same of a module of the database, by its path. */
enum nameless nameless_of(struct query *query, const char *path);
/* What to do about it, as "DEBUGINFOD_URLS=... ringtail report RUN brings them", for files that are named before it;
 * malloced, NULL if memory is short. */
char *nameless_advice(const struct query *query, enum nameless reason);

#endif
