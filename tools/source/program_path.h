/* The path of a program, as its user knows it. */
#ifndef RINGTAIL_SOURCE_PROGRAM_PATH_H
#define RINGTAIL_SOURCE_PROGRAM_PATH_H

#include "shim/format.h"

/*
 * A program may have several names: redis-server is a link to redis-check-rdb, and vi one to vim.basic.  The kernel
 * says which file it is, its command which name was called.  If the command's name leads to the same file, as an
 * absolute path or in the file's directory, this is the path by that name; else the file's own.  `out` belongs to the
 * caller.
 */
const char *program_path(const struct rt_header *header, char out[RT_PATH_MAX]);

#endif
