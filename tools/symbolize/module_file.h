/*
 * The file that a module was mapped from, if it is still the same: a file replaced since would give wrong
 * names, which is worse than none.
 */
#ifndef RINGTAIL_SYMBOLIZE_MODULE_FILE_H
#define RINGTAIL_SYMBOLIZE_MODULE_FILE_H

#include "shim/format.h"

#include <sys/types.h>

/* Where a module was loaded. */
struct module_process {
	pid_t pid; /* its files can be read by way of the process while that lives; 0: it has ended */
	uint64_t realtime_ns; /* when the module was first seen; 0: not known */
};

enum module_file {
	MODULE_FILE_FOUND,
	MODULE_FILE_DELETED,
	MODULE_FILE_CHANGED, /* what is there now is another one */
	MODULE_FILE_UNREADABLE,
};

/* A descriptor of the module's file, of a debug file with its build id, or of the running kernel's vDSO; -1
 * where there is none that is certainly the module's: *state says what has become of it. */
int module_file_open(const struct rt_module *module, const struct module_process *process,
                     enum module_file *state);
/* "deleted", ...; NULL for MODULE_FILE_FOUND. */
const char *module_file_state(enum module_file state);

#endif
