/* `ringtail leaks --now`: a leak scan of running processes, which go on afterwards. */
#ifndef RINGTAIL_NOW_NOW_H
#define RINGTAIL_NOW_NOW_H

#include <stdbool.h>
#include <stdint.h>

#include "tools/base/error.h"

/* argument: a run as for run_directory_find, which means all its running processes; or a pid, which means that process
 * alone.  pause_ns: each process may be stopped this long at most.  *snapshot: path of the database with the result,
 * malloced.  If the run has a live reader, asks it and waits for its answer; else scans the processes itself. */
bool now_take(const char *argument, uint64_t pause_ns, char **snapshot, struct error *err);

#endif
