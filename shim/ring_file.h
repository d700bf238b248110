/*
 * The ring file of this process image: RUN/PID.IMAGE.ring, created, mapped and given its header.
 */
#ifndef RINGTAIL_SHIM_RING_FILE_H
#define RINGTAIL_SHIM_RING_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "shim/options.h"

#pragma GCC visibility push(hidden)

#define RING_PATH_BYTES (SHIM_PATH_MAX + 64)

/* Creates the file and points the members of `process` to its parts.  False: there is no ring, and a message says why.
 * By the one thread in PROCESS_STARTING. */
bool ring_file_create(void);

/* The path of the file that `process` has.  room: RING_PATH_BYTES at least.  Any thread. */
void ring_file_path(char *to, size_t room);

#pragma GCC visibility pop

#endif
