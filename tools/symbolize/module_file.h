/*
 * The file from which a module was mapped, if it is still the same.  A file that replaced it would give wrong names,
 * which is worse than no names.
 */
#ifndef RINGTAIL_SYMBOLIZE_MODULE_FILE_H
#define RINGTAIL_SYMBOLIZE_MODULE_FILE_H

#include "shim/format.h"

#include <sys/types.h>

/* Where a module was loaded. */
struct module_process {
	pid_t pid;            /* while the process lives, its files can be read by way of /proc; 0: it has ended */
	uint64_t realtime_ns; /* when the module was first seen; 0: not known */
};

enum module_file {
	MODULE_FILE_FOUND,
	MODULE_FILE_DELETED,
	MODULE_FILE_CHANGED, /* another file is in its place now */
	MODULE_FILE_UNREADABLE,
};

/* Opens the module's file, a debug file with its build id, or the running kernel's vDSO.  Returns a descriptor; -1 if
 * no file certainly belongs to the module.  *state says what has become of the module's file. */
int module_file_open(const struct rt_module *module, const struct module_process *process, enum module_file *state);
/* Opens the module's debug file, which has its names and not its code, as debug packages of distributions install it.
 * Returns a descriptor; -1: there is none. */
int module_debug_file_open(const struct rt_module *module);
/* "deleted", ...; NULL for MODULE_FILE_FOUND. */
const char *module_file_state(enum module_file state);

#endif
