/* `ringtail leaks --now`: a leak scan of processes that run, and go on afterwards. */
#ifndef RINGTAIL_NOW_NOW_H
#define RINGTAIL_NOW_NOW_H

#include <stdbool.h>
#include <stdint.h>

#include "tools/base/error.h"

/* argument: as for run_directory_find; the id of a process means that one alone, all else every process of the run that
 * runs.  pause_ns: for which each may be stopped at most.  *snapshot: the database that holds what was seen, malloced.
 * Waits for who reads the run live, if anybody does, and else looks itself. */
bool now_take(const char *argument, uint64_t pause_ns, char **snapshot, struct error *err);

#endif
