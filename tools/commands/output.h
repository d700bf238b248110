/* Where a command writes: a file, or standard output. */
#ifndef RINGTAIL_COMMANDS_OUTPUT_H
#define RINGTAIL_COMMANDS_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

#include "tools/base/error.h"

struct output {
	FILE *stream;
	const char *path; /* NULL: standard output */
};

enum output_kind {
	OUTPUT_PLAIN,
	OUTPUT_PAGED,  /* a user reads it: through a pager if it goes to a terminal */
	OUTPUT_BINARY, /* refused if standard output is a terminal */
};

/* path: NULL and "-" mean standard output. */
bool output_open(struct output *output, const char *path, enum output_kind kind, struct error *err);
/* good: the caller has written everything.  Removes a file that is not complete. */
bool output_close(struct output *output, bool good, struct error *err);

#endif
