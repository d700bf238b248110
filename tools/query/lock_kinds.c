#include "tools/query/lock_kinds.h"

#include "tools/source/event.h"

bool lock_kind_is_owned(const char *name) { return event_kind_is_owned(event_kind_find(name)); }
