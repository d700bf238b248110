/* An export: its output format, its view, and the stream that it goes to. */
#ifndef RINGTAIL_EXPORT_H
#define RINGTAIL_EXPORT_H

#include <stdio.h>

#include "tools/export/samples.h"

struct export
{
	struct samples samples; /* view: NULL for formats that take none */
	int value;              /* index of the value to show first, or alone */
	FILE *out;
};

struct export_format {
	const char *name, *help;
	bool binary;    /* not for a terminal */
	bool has_views; /* takes --view and --value */
	/* Writes the whole export.  False: the query's err is filled, or the stream has an error. */
	bool (*write)(struct export *export);
};

/* The format of this name; NULL if there is none. */
const struct export_format *export_format_find(const char *name);
/* The nth format; NULL after the last. */
const struct export_format *export_format_at(size_t n);

bool export_pprof(struct export *export);
bool export_folded(struct export *export);
bool export_speedscope(struct export *export);
bool export_callgrind(struct export *export);
bool export_perfetto(struct export *export);

#endif
