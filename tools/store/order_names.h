/* Which order of its locks a deadlock can be repaired by. */
#ifndef RINGTAIL_STORE_ORDER_NAMES_H
#define RINGTAIL_STORE_ORDER_NAMES_H

#include <stdio.h>

#include "tools/finding/findings.h"
#include "tools/store/writer.h"

/*
 * Writes an order of the locks that the edges of a deadlock hold: ", such as a before b".  Any order that all threads
 * keep to will do: the names are sorted, so that the text is the same in every run.  Locks that were made at one place
 * have no names that tell them apart: ", such as that of their addresses".  Writes nothing if a lock has no name, or if
 * an edge is no lock.
 */
void write_lock_order(struct writer *writer, const struct finding *finding, FILE *out);

#endif
