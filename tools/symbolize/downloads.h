/*
 * Debug information from the debuginfod servers that DEBUGINFOD_URLS names.
 *
 * libdwfl asks these servers by itself; without that variable, libdebuginfod is not even loaded.  This file adds two
 * things: progress on stderr, and one bound on the waiting time of the whole command.  After that time names come from
 * the local files alone.
 */
#ifndef RINGTAIL_SYMBOLIZE_DOWNLOADS_H
#define RINGTAIL_SYMBOLIZE_DOWNLOADS_H

#include <elfutils/libdwfl.h>
#include <stdbool.h>
#include <stdint.h>

#define DOWNLOADS_SECONDS 120 /* the bound, unless DEBUGINFOD_MAXTIME gives another */

struct downloads {
	uint64_t waited_ns; /* for all modules so far */
	bool given_up;
};

/* True if servers are named and not given up. */
bool downloads_are_configured(void);
/* Call this before the debug information of a module is searched for.  name: of the module's file, for the progress
 * line. */
void downloads_begin(struct downloads *downloads, Dwfl *dwfl, const char *name);
void downloads_end(struct downloads *downloads);

#endif
