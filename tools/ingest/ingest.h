/* Turns the rings of a run into its database where no collector has done that: the library was preloaded without
 * `ringtail run`, or the collector died. */
#ifndef RINGTAIL_INGEST_INGEST_H
#define RINGTAIL_INGEST_INGEST_H

#include <stdbool.h>

#include "tools/base/error.h"
#include "tools/store/store.h"

/* Brings DIR/ringtail.db up to date and opens it for a report.  It analyses every ring file that is not stored as
 * final: of a preloaded library without `ringtail run`, of hung or running processes, of a collector that died.  If all
 * are stored, or if `directory` is a database, nothing is analysed.  If the database cannot be written, it is copied
 * into memory and brought up to date there, and a line on stderr says so.  A bad ring file fills err, with exit code
 * 65. */
bool ingest_open(const char *directory, struct store *store, struct error *err);

#endif
