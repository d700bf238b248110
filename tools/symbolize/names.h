/* A table of strings that live as long as the symbolizer.  Each string is kept once. */
#ifndef RINGTAIL_SYMBOLIZE_NAMES_H
#define RINGTAIL_SYMBOLIZE_NAMES_H

#include <stdbool.h>

struct name;
struct names {
	struct name *functions; /* keyed by the linkage name */
	struct name *files;     /* keyed by the path as the debug information has it */
};

/* The function's name as in the source code: C++ and Rust names demangled, without parameters.  NULL if raw is NULL or
 * empty. */
const char *names_function(struct names *names, const char *raw);
/* The path without "/./", "//" and "dir/../".  An absolute directory is put in front of a relative path.  NULL if the
 * path says nothing. */
const char *names_file(struct names *names, const char *directory, const char *path);
void names_free(struct names *names);

/* True if the name is mangled, as compilers of C++ and Rust do it. */
bool name_is_mangled(const char *raw);

/* True for main, or the function that takes its place: its callers belong to the runtime. */
bool name_is_main(const char *function);
/* True for glibc's libc.so and its loader.  module: a path, or NULL. */
bool name_is_c_library(const char *module);
/* True for a function of the C, C++ or Rust runtime, which says little about the code that called it.  All arguments
 * may be NULL; module and file (the source file) are paths. */
bool name_is_runtime(const char *module, const char *function, const char *file);

#endif
