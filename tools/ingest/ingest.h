/* The rings of a run become its database, where no collector has seen to that: the library alone, or a collector that died. */
#ifndef RINGTAIL_INGEST_INGEST_H
#define RINGTAIL_INGEST_INGEST_H

#include <stdbool.h>

#include "tools/base/error.h"
#include "tools/store/store.h"

/* What a report reads, opened.  Brings DIR/ringtail.db up to date first: analyses every ring file that is not stored as
 * final (way 2, hung or running processes, a collector that died).  Does nothing when all are, nor to a database by itself.
 * Where the database cannot be written, it is copied into memory and brought up to date there, which is said.
 * Bad ring files: err, exit code 65. */
bool ingest_open(const char *directory, struct store *store, struct error *err);

#endif
