/* What reports know of kinds of locks, by the names that the database has ("mutex", "cond", ...). */
#ifndef RINGTAIL_QUERY_LOCK_KINDS_H
#define RINGTAIL_QUERY_LOCK_KINDS_H

#include <stdbool.h>

/* A thread owns such a lock from its acquisition to its release; false for names that are no kind's. */
bool lock_kind_is_owned(const char *name);

#endif
