/* Strings that live as long as the symbolizer, each kept once. */
#ifndef RINGTAIL_SYMBOLIZE_NAMES_H
#define RINGTAIL_SYMBOLIZE_NAMES_H

#include <stdbool.h>

struct name;
struct names {
	struct name *functions; /* keyed by the linkage name */
	struct name *files;     /* keyed by the path as the debug information has it */
};

/* The name as people write it: C++ and Rust demangled, without parameters; NULL where raw is NULL or empty.
 */
const char *names_function(struct names *names, const char *raw);
/* The path without "/./", "//" and "dir/../"; directory, where it is absolute, goes before a relative one.
 * NULL where the path says nothing. */
const char *names_file(struct names *names, const char *directory, const char *path);
void names_free(struct names *names);

/* As compilers of C++ and Rust write it. */
bool name_is_mangled(const char *raw);

/* main, or what stands for it: who calls it is the runtime's business. */
bool name_is_main(const char *function);
/* A function of the C, C++ or Rust runtime: it says little about who asked.  All may be NULL; module and
 * file, that of the source, are paths. */
bool name_is_runtime(const char *module, const char *function, const char *file);

#endif
