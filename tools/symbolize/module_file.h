/*
 * The file that a module was mapped from, if it is still the same: a file replaced since would give wrong
 * names, which is worse than none.
 */
#ifndef RINGTAIL_SYMBOLIZE_MODULE_FILE_H
#define RINGTAIL_SYMBOLIZE_MODULE_FILE_H

#include "shim/format.h"

/* A descriptor of the module's file, of a debug file with its build id, or of the running kernel's vDSO; -1
 * where there is none with the module's build id. */
int module_file_open(const struct rt_module *module);

#endif
