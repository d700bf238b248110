/*
 * Programs that bring a sanitizer with them (sanitizers.def).  Its runtime insists on being the first library, or its
 * replacements are called before they are set up: the shim makes none of libc's calls in such a process, and leaves it
 * alone.
 */
#ifndef RINGTAIL_SANITIZER_H
#define RINGTAIL_SANITIZER_H

#include <stddef.h>

#pragma GCC visibility push(hidden)

/* The sanitizer of this process, by its name; NULL: there is none.  Calls nothing. */
const char *sanitizer_here(void);

/* The sanitizer whose runtime is the library of that path or name (of `length` bytes), or NULL. */
const char *sanitizer_of_library(const char *path, size_t length);

#pragma GCC visibility pop

#endif
