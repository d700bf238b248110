/*
 * The run directory (options.run), in which each process image writes its ring file.
 *
 * Either the user or `ringtail run` has named it, or the process makes one: ringtail.COMMAND.PID in the current
 * directory, or where that cannot be written to in $TMPDIR or /tmp.
 */
#ifndef RINGTAIL_SHIM_RUN_DIRECTORY_H
#define RINGTAIL_SHIM_RUN_DIRECTORY_H

#include <stdbool.h>

#pragma GCC visibility push(hidden)

/* Makes options.run the absolute path of a directory that exists.  False: there is none, and a message says so.  By the
 * thread that begins the ring.  exe: path of the executable. */
bool run_directory_open(const char *exe);

/* True if a reader has locked the directory, or if that cannot be learned.  A reader that leaves first gives its lock
 * up (tools/live/presence.h, P1 and P2). */
bool run_directory_has_reader(void);

#pragma GCC visibility pop

#endif
