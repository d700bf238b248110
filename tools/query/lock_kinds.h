/* Facts about kinds of locks, for reports, which know the kinds by their names in the database ("mutex", "cond",
 * ...). */
#ifndef RINGTAIL_QUERY_LOCK_KINDS_H
#define RINGTAIL_QUERY_LOCK_KINDS_H

#include <stdbool.h>

/* True if a thread owns a lock of this kind from its acquisition to its release.  False for unknown names. */
bool lock_kind_is_owned(const char *name);

#endif
