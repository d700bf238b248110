#include <string.h>

#include "tools/export/export.h"

static const struct export_format formats[] = {
    {"pprof", "for `go tool pprof` and other readers of its gzipped profiles", true, true, export_pprof},
    {"folded", "a line for each stack, for flamegraph.pl, inferno and speedscope", false, true, export_folded},
    {"speedscope", "JSON for speedscope.app, a profile for each process", false, true, export_speedscope},
    {"callgrind", "for kcachegrind and callgrind_annotate", false, true, export_callgrind},
    {"perfetto", "a timeline of threads, waits, locks held and live memory for ui.perfetto.dev", true, false,
     export_perfetto},
};

const struct export_format *export_format_at(size_t n)
{
	return n < sizeof formats / sizeof *formats ? &formats[n] : NULL;
}

const struct export_format *export_format_find(const char *name)
{
	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
		if (!strcmp(formats[i].name, name))
			return &formats[i];
	return NULL;
}
