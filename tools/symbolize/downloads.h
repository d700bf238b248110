/*
 * Debug information from the debuginfod servers that DEBUGINFOD_URLS names.
 *
 * libdwfl asks them by itself, and libdebuginfod is not even loaded without that variable.  What is added
 * here is that somebody sees it happen (progress on stderr), and that it ends: one bound on the waiting of
 * the whole command, after which names are made from what is there.
 */
#ifndef RINGTAIL_SYMBOLIZE_DOWNLOADS_H
#define RINGTAIL_SYMBOLIZE_DOWNLOADS_H

#include <elfutils/libdwfl.h>
#include <stdbool.h>
#include <stdint.h>

#define DOWNLOADS_SECONDS 120 /* where DEBUGINFOD_MAXTIME does not say otherwise */

struct downloads {
	uint64_t waited_ns; /* for all modules so far */
	bool given_up;
};

/* Before a module's debug information is looked for: name is the file's, for people. */
void downloads_begin(struct downloads *downloads, Dwfl *dwfl, const char *name);
void downloads_end(struct downloads *downloads);

#endif
