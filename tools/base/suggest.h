/* "Did you mean ...?" */
#ifndef RINGTAIL_SUGGEST_H
#define RINGTAIL_SUGGEST_H

#include <stddef.h>

/* The name nearest to word, or NULL when none is near.  names: NULL terminated. */
const char *suggest(const char *word, const char *const *names);

#endif
